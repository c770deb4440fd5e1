"""The HTTP side of the stand-in CMS: bytes to a Request, an answer to bytes."""

import json
import socket
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    at: float  # time.monotonic()
    method: str
    path: str
    query: dict
    headers: dict
    body: dict | None
    status: int | None = None  # None: no answer

    @property
    def items(self):
        """Item id → the fields sent, of a PATCH in either version."""
        if self.method != "PATCH":
            return {}
        if "items" in self.body:
            return {entry["id"]: entry.get("fieldData", {}) for entry in self.body["items"]}
        return {self.path.rpartition("/")[2]: self.body["fields"]}


def listen(cms):
    """Serve *cms* in threads, on a free port."""
    server = Server(("127.0.0.1", 0), Handler)
    server.cms = cms
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that hangs up is no error here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *arguments):
        """Requests are kept, not printed."""

    def _do(self):
        cms, address = self.server.cms, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(
            time.monotonic(),
            self.command,
            address.path,
            {name: values[0] for name, values in parse_qs(address.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(body) if body else None,
        )
        with cms.lock:
            cms.requests.append(request)
        cms.stopping.wait(cms.delay)
        answer = cms.answer(request)
        if answer is None:
            self.close_connection = True
            return
        request.status, headers, found = answer
        payload = json.dumps(found).encode()
        head = [
            f"HTTP/1.1 {request.status} Said",
            "Content-Type: application/json",
            f"Date: {self.date_time_string()}",
            f"Content-Length: {len(payload)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + payload)

    do_GET = do_PATCH = do_POST = _do
