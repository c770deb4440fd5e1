"""A CMS of a few lines, on raw sockets, so that it can also misbehave."""

import contextlib
import socket
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict
    body: bytes


def respond(status, body, *headers):
    """Return a whole answer as bytes."""
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Server:
    """
    Listens on a free port; *answer* is bytes, or a function that is given the connection.

    Args:
        reads: Whether a request is read before it is answered.
    """

    def __init__(self, answer=b"", *, reads=True):
        self.answer = answer
        self.reads = reads
        self.requests = []
        self.connections = 0
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://{}:{}".format(*self._listener.getsockname())
        self._threads = [threading.Thread(target=self._listen)]
        self._open = []

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for each in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for each in [self._listener, *self._open]:
            each.close()

    def _listen(self):
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while not self.reads or self._read(stream):
                answer = self.answer
                if not isinstance(answer, bytes):
                    answer(connection)
                    return
                connection.sendall(answer)
                if b"Content-Length" not in answer or b"Connection: close" in answer:
                    return

    def _read(self, stream):
        first = stream.readline().decode("latin-1").split()
        if len(first) < 2:
            return False
        headers = {}
        while (line := stream.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        self.requests.append(Request(first[0], first[1], headers, body))
        return True
