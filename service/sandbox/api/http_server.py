"""
The HTTP server of the stand-in: threads, keep-alive, and connections that can be broken.

Not werkzeug's: it closes every connection after the answer, and waits 10 ms before that.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes

from werkzeug.serving import DechunkedInput

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MAX_BODY = 16 * 1024 * 1024  # bytes


class Connection:
    """The client's connection, which a fault may break."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._reset = False
        self.dropped = False

    def drop(self, *, reset: bool) -> None:
        """Mark the connection to be closed without an answer, normally or with a TCP reset."""
        self.dropped, self._reset = True, reset

    def close(self) -> None:
        """Close it, once the call has been counted."""
        if not self._reset:
            with suppress(OSError):  # the client has closed first
                self._socket.shutdown(socket.SHUT_RDWR)
            return
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # close() would wait for the files that the handler made of the socket, and the server would
        # shut the connection down before that.
        os.close(self._socket.detach())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "instep-sandbox", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # one segment for head and body
    server: Server

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client has closed, or a fault did

    def do_GET(self) -> None:
        try:
            body = self._body()
        except (OSError, ValueError):
            self.send_error(400)
            return
        if body is None:
            self.send_error(413)
            return
        connection = Connection(self.connection)
        self._run(body, connection)
        if connection.dropped:
            self.close_connection = True
            connection.close()

    def __getattr__(self, name: str) -> Any:
        # http.server looks for a method per verb, and answers 501 itself without one.
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.now() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the calls are counted."""

    def _body(self) -> bytes | None:
        """Return the body; None: it is too large."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            stream: Any = io.BufferedReader(DechunkedInput(cast("IO[bytes]", self.rfile)))
            body: bytes = stream.read(MAX_BODY + 1)
            return body if len(body) <= MAX_BODY else None
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length) if length <= MAX_BODY else None

    def _environ(self, body: bytes, connection: Connection) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self.server.host,
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sandbox.connection": connection,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _run(self, body: bytes, connection: Connection) -> None:
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            head.append((status, headers))
            return self.wfile.write

        chunks = self.server.app(self._environ(body, connection), start_response)
        try:
            if not connection.dropped:
                self._respond(*head[-1], chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def _respond(
        self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes]
    ) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name, _ in headers} and code not in (
            "204",
            "304",
        ):
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)
            self.wfile.flush()


class Server(ThreadingMixIn, TCPServer):
    """
    Serves one WSGI application, a thread per connection; *now*, in seconds since 1970, is for
    ``Date``.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        app: WSGIApplication,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.app = app
        self.host = address[0]  # as requested; the page is opened under no other name
        self.now = now
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if self.address_family == socket.AF_INET6 else host
        return f"http://{shown!s}:{port}"
