"""A client of the store whose process may die, and steps whose store has the simulated time."""

import socket
import time

import hiredis
import redis

from workers.scripts import Steps

BEGIN = 1_780_000_000.0  # the first moment of the simulated time


class Died(BaseException):
    """The process is gone; nothing that it does from here on reaches anybody."""


class Mortal(redis.Redis):
    """
    A client that tells *point* of each command, before and after it.

    Scripts go by a socket of their own: redis-py takes longer for a call than the store.
    """

    point = staticmethod(lambda _: None)
    _raw = None

    def evalsha(self, sha, numkeys, *args):
        self.point("before a command")
        answer = self._script(("EVALSHA", sha, numkeys, *args))
        self.point("after a command")
        return answer

    def _script(self, command):
        if self._raw is None:
            path = self.connection_pool.connection_kwargs["path"]
            self._raw = socket.socket(socket.AF_UNIX)
            self._raw.connect(path)
            self._reader = hiredis.Reader(encoding="utf-8")
        self._raw.sendall(hiredis.pack_command(tuple(map(_as_bytes, command))))
        while (answer := self._reader.gets()) is False:
            self._reader.feed(self._raw.recv(1 << 20))
        if isinstance(answer, hiredis.ReplyError):
            if str(answer).startswith("NOSCRIPT"):
                raise redis.exceptions.NoScriptError(str(answer))
            raise redis.ResponseError(str(answer))
        return answer

    def close(self):
        if self._raw is not None:
            self._raw.close()
        super().close()

    def execute_command(self, *args, **options):
        self.point("before a command")
        answer = super().execute_command(*args, **options)
        self.point("after a command")
        return answer


def _as_bytes(part):
    return part if isinstance(part, bytes) else str(part).encode()


class Clock:
    """``t``: seconds; *jump*: how far the store's clock is ahead."""

    def __init__(self):
        self.t, self.jump = BEGIN, 0.0


class ClockedSteps(Steps):
    """Steps whose store has the simulated time."""

    def __init__(self, client, clock):
        super().__init__(client)
        self._clock = clock

    def follow(self):
        self.clock_offset_ms = round((self._clock.t + self._clock.jump - time.time()) * 1000)

    def run(self, step, request, *more):
        self._clock.t += 0.002
        self.follow()
        return super().run(step, request, *more)
