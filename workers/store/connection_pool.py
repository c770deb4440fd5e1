"""A pool whose connections are handed out as they are while they are in use."""

from __future__ import annotations

import sys
import time
from queue import Empty
from typing import Any, Final

import redis

FRESH: Final = 1.0  # s since its last use for which a connection is not looked at


class ConnectionPool(redis.BlockingConnectionPool):
    """
    A `redis.BlockingConnectionPool` that looks at a connection only if it has rested.

    To ask the system whether a connection was closed meanwhile, and to count connections for
    metrics that nobody collects, takes longer than to send and read one command. A fresh connection
    that was closed nevertheless fails as it is used, and the client sends the command again.
    """

    def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        look: Any = super().get_connection
        self._checkpid()
        try:
            connection = self.pool.get_nowait()
        except Empty:
            return look()
        used = getattr(connection, "used_at", float("-inf"))
        if connection is not None and connection.is_connected and time.monotonic() < used + FRESH:
            return connection
        self.pool.put_nowait(connection)
        return look()

    def release(self, connection: Any) -> None:
        drop: Any = super().release
        self._checkpid()
        if not self.owns_connection(connection) or connection.should_reconnect():
            drop(connection)
            return
        # An error that is no answer, such as the time limit of a job, may have come between a
        # command and its answer: the next command would take that for its own.
        error = sys.exception()
        if error is not None and not isinstance(error, redis.ResponseError):
            connection.disconnect()
        connection.used_at = time.monotonic()
        self.pool.put_nowait(connection)
