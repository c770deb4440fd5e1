"""
A deadline for a whole HTTP request: connecting, sending, and every byte of the answer.

``requests`` times out per read, so a server that sends a byte per second blocks a caller for ever.
Here a timer shuts the socket down when the time is up, and the request records whether any of its
bytes may have left this machine.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import connection as dialling

from workers.transport.public_addresses import is_public

CONNECT = 3.0  # s for one address of a host


class TimeUp(OSError):
    """It is too late to connect or to send the request."""


class Deadline:
    """
    The deadline of one request at a time, in one thread.

    *sent*: bytes of the request may have left; *expired*: the time ran out, or it was cancelled.
    """

    def __init__(self) -> None:
        self.sent = False
        self.expired = False
        self._cancelled = False
        self._seconds = 0.0
        self._end = 0.0
        self._not_after = 0.0
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(0, self._expire)

    def start(self, seconds: float, not_after: float) -> None:
        """Start a request of *seconds* in all, not sent after *not_after* (monotonic)."""
        self.sent = self.expired = False
        self._seconds = seconds
        self._end, self._not_after = time.monotonic() + seconds, not_after
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """End the request; the timer's thread has ended when this returns."""
        self._timer.cancel()
        self._timer.join()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    @property
    def reason(self) -> str | None:
        """What was missing when the time ran out; None if it did not."""
        missing = "whole answer" if self.sent else "connection"
        if self._cancelled:
            return f"no {missing} before Instep was stopped"
        return f"no {missing} within {self._seconds:g} s" if self.expired else None

    def cancel(self) -> None:
        """End the request of this time, and let no other begin; from any thread."""
        self._cancelled = True
        self._expire()

    def connecting(self) -> float:
        """Return the timeout for connecting to one address, in s; TimeUp if no time is left."""
        left = min(self._end, self._not_after) - time.monotonic()
        if left <= 0 or self._cancelled:
            raise TimeUp("no time is left to connect")
        return min(CONNECT, left)

    def sending(self, connected: socket.socket) -> None:
        """Record that the first byte is about to leave on *connected*; TimeUp if it is too late."""
        late = self._cancelled or time.monotonic() >= min(self._end, self._not_after)
        if not self.sent and late:
            raise TimeUp("it is too late to send the request")
        self.watch(connected)
        self.sent = True

    def watch(self, connected: socket.socket) -> None:
        """Shut *connected* down when the time is up."""
        with self._lock:
            if self._socket is None:
                # A second descriptor of the same connection: TLS takes over the first, and
                # http.client closes it early if the server ends the connection after its answer.
                self._socket = socket.fromfd(
                    connected.fileno(), connected.family, socket.SOCK_STREAM
                )
            if self.expired:
                self._shut()

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # already closed by the peer


class _Final(http.client.HTTPResponse):
    """
    The final response; informational ones (1xx) are skipped.

    http.client skips only 100 and returns a 102 or 103 as the response; the final response would
    stay in the connection, and the next request would read it as its own.
    https://www.rfc-editor.org/rfc/rfc9110#section-15.2
    """

    def _read_status(self) -> Any:
        inherited: Any = super()  # not in its type stubs
        while True:
            line = inherited._read_status()
            if not 100 <= line[1] < 200:
                return line
            http.client.parse_headers(self.fp)


class _Timed(HTTPConnection):
    """A connection that checks its deadline when it connects and sends."""

    deadline: ClassVar[Deadline]
    public: ClassVar[bool]
    response_class = _Final

    def _new_conn(self) -> socket.socket:
        # Not the inherited loop: it gives every address of a host the whole timeout.
        last = OSError(f"{self.host} has no address")
        for *_, address in socket.getaddrinfo(self._dns_host, self.port, 0, socket.SOCK_STREAM):
            if self.public and not is_public(str(address[0])):
                last = OSError(f"{self.host} is not on the public internet")
                continue
            seconds = self.deadline.connecting()
            try:
                connected = dialling.create_connection(
                    (str(address[0]), self.port), seconds, socket_options=self.socket_options
                )
            except OSError as error:
                last = error
            else:
                self.deadline.watch(connected)
                return connected
        raise last

    def _tunnel(self) -> None:
        parent: Any = super()  # not in its type stubs
        parent._tunnel()
        # A socket shut down by the timer looks like the end of the proxy's headers; TLS would start
        # on it.
        self.deadline.connecting()

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            # The CONNECT to a proxy is no part of the request.
            self.deadline.sent = False
        if self.sock is not None:
            self.sock.settimeout(None)  # the timer takes over from the connect timeout

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.deadline.sending(self.sock)
        super().send(data)


class _TimedSecure(_Timed, HTTPSConnection):
    pass


class DeadlineAdapter(HTTPAdapter):
    """
    One persistent connection per host, without retries, under one deadline. For one thread.

    *public*: connect to addresses of the public internet alone, whatever a name stands for.
    """

    def __init__(self, deadline: Deadline, *, public: bool = False) -> None:
        own = {"deadline": deadline, "public": public}
        plain = type("Plain", (_Timed,), own)
        secure = type("Secure", (_TimedSecure,), own)
        self._pools = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager
