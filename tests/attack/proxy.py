"""
A proxy between the worker and the CMS that breaks requests and answers, one kind at a time.

A fault is a function of an Exchange; what it leaves alone goes on as it should.
"""

import contextlib
import socket
import struct
import threading
import time

PATIENCE = 30.0  # s
HEAD_END = b"\r\n\r\n"


class Exchange:
    """One request on one connection of the client."""

    def __init__(self, proxy, client, head):
        self.proxy, self.client, self.head = proxy, client, head
        self.body = b""
        self.open = True
        self.length = _length(head)

    @property
    def is_write(self):
        return not self.head.startswith(b"GET ")

    def read(self, most=None):
        """Read the body, or *most* bytes of it."""
        wanted = self.length if most is None else min(most, self.length)
        while len(self.body) < wanted:
            got = self.client.recv(wanted - len(self.body))
            if not got:
                raise ConnectionError("the client is gone")
            self.body += got

    def ask(self):
        """Send the whole request to the CMS; returns the answer's bytes."""
        self.read()
        return self.proxy.ask(self.head + self.body)

    def send(self, data):
        self.client.sendall(data)

    def drip(self, data, pause):
        for n in range(len(data)):
            self.send(data[n : n + 1])
            time.sleep(pause)

    def close(self):
        self.open = False
        self.client.close()

    def reset(self):
        """Close it so that the other side sees a reset."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def stall(self, seconds=PATIENCE):
        """Hold the connection until the client gives up."""
        self.client.settimeout(seconds)
        with contextlib.suppress(OSError):
            while self.client.recv(65_536):
                pass
        self.close()


def _length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Proxy:
    """Attributes: upstream: (host, port). faults: the next writes meet these, in order."""

    def __init__(self):
        self.upstream, self.faults, self.last = None, [], b""
        self.late = []  # what lands before the next request does
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._threads = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.settimeout(PATIENCE)
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client):
        with contextlib.suppress(OSError), client:
            while True:
                head = b""
                while not head.endswith(HEAD_END):
                    got = client.recv(1)
                    if not got:
                        return
                    head += got
                exchange = Exchange(self, client, head)
                while self.late:
                    self.ask(self.late.pop(0))
                self._next(exchange)(exchange)
                if not exchange.open:
                    return

    def _next(self, exchange):
        with self._lock:
            if exchange.is_write and self.faults:
                return self.faults.pop(0)
        return passed

    def ask(self, whole):
        """Carry one request to the CMS."""
        with socket.create_connection(self.upstream, PATIENCE) as wire:
            wire.sendall(whole.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = b""
            while got := wire.recv(65_536):
                answer += got
        head, _, body = answer.partition(HEAD_END)
        lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"connection:")]
        self.last, before = b"\r\n".join(lines) + HEAD_END + body, self.last
        self.before = before
        return self.last


def passed(exchange):
    exchange.send(exchange.ask())
