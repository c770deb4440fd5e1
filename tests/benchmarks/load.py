"""
A load for ``POST /webhooks/erp``: signed deliveries over keep-alive connections, from one thread.

Requests are built beforehand and sent through raw sockets, so that on a shared machine the cost
of asking stays small beside that of answering.

    python -m tests.benchmarks.load --url http://127.0.0.1:8000 --secret SECRET [--rate N]
"""

# ruff: noqa: T201, S311

import argparse
import contextlib
import heapq
import hmac
import json
import random
import selectors
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from urllib.parse import urlsplit

from service.sandbox.seeds.samples import product_id

AGAIN = 0.5  # s until a delivery that was not taken is sent again
SILENCE = 30.0  # s without any answer, after which we give up


@dataclass(frozen=True, slots=True)
class Trace:
    """Stock events on products that carry their item ids, and what must show in the end."""

    bodies: list  # in the order of sending
    truth: dict  # item id → quantity


def stock(events, items=1000, *, seed=7, mixed=0.0):
    """
    Return a trace of *events* stock events over *items* items, zipf-distributed.

    Args:
        mixed: Share of the events that come later than newer ones.
    """
    chance = random.Random(seed)
    ids = [product_id(number) for number in range(1, items + 1)]
    chance.shuffle(ids)
    weights = list(accumulate(1 / rank for rank in range(1, items + 1)))
    begins = datetime.now(UTC) - timedelta(minutes=10)
    truth, sent = {}, []
    for number, item in enumerate(chance.choices(ids, cum_weights=weights, k=events)):
        truth[item] = quantity = chance.randint(0, 9999)
        at = (begins + timedelta(milliseconds=5 * number)).isoformat()
        event = {"id": f"evt_{seed}_{number}", "type": "stock.changed", "at": at}
        body = json.dumps({**event, "data": {"item": item, "qty": quantity}}).encode()
        place = number + (chance.uniform(5, 200) if chance.random() < mixed else 0)
        sent.append((place, body))
    return Trace([body for _, body in sorted(sent)], truth)


@dataclass(slots=True)
class Result:
    """
    Args:
        seconds: From the first request to the last answer.
        latencies: Of the answers, in seconds, sorted; from the moment a request was due.
    """

    seconds: float
    latencies: list
    statuses: Counter

    @property
    def rate(self):
        return len(self.latencies) / self.seconds

    def percentile(self, share):
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


@dataclass(slots=True)
class _Wire:
    """One connection; *due* and *number* are of the request under way."""

    socket: socket.socket
    number: int | None = None
    due: float = 0.0
    got: bytearray = field(default_factory=bytearray)


class Load:
    """
    Args:
        url: Of the receiver.
        rate: Requests per second; None: as fast as the connections allow.
        paths: Of the bodies, one each; None: that of one source.
    """

    def __init__(self, url, secret, bodies, *, connections=16, rate=None, paths=None):
        self._address = (urlsplit(url).hostname, urlsplit(url).port)
        paths = paths or ["/webhooks/erp"] * len(bodies)
        pairs = zip(paths, bodies, strict=True)
        self._requests = [_request(path, body, secret) for path, body in pairs]
        self._rate = rate
        self._selector = selectors.DefaultSelector()
        self._free = [self._connect() for _ in range(connections)]
        self._wires = len(self._free)
        self._again = []  # due, number
        self._next = 0
        self.latencies = []
        self.statuses = Counter()

    def run(self):
        """Send everything until it is taken; return what it took."""
        begin = last = time.monotonic()
        while len(self.latencies) < len(self._requests):
            now = time.monotonic()
            if now - last > SILENCE:
                left = len(self._requests) - len(self.latencies)
                raise TimeoutError(f"{left} deliveries are not taken; answers: {self.statuses}")
            wait = self._send_due(begin, now)
            for key, _ in self._selector.select(wait):
                self._receive(key.data)
                last = time.monotonic()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        return Result(time.monotonic() - begin, sorted(self.latencies), self.statuses)

    def _send_due(self, begin, now):
        """Send what is due on the free connections; return how long nothing else will be."""
        while self._free:
            due, number = self._upcoming(begin, now)
            if number is None:
                return 0.5
            if due > now:
                return min(0.5, due - now)
            if self._again and self._again[0][1] == number:
                heapq.heappop(self._again)
            else:
                self._next += 1
            wire = self._free.pop()
            wire.number, wire.due = number, due
            # A connection that broke is noticed where its answer is received.
            with contextlib.suppress(OSError):
                wire.socket.sendall(self._requests[number])
        return 0.5

    def _upcoming(self, begin, now):
        fresh = None
        if self._next < len(self._requests):
            fresh = (begin + self._next / self._rate if self._rate else now, self._next)
        if self._again and (fresh is None or self._again[0][0] <= fresh[0]):
            return self._again[0]
        return fresh or (0.0, None)

    def _receive(self, wire):
        try:
            got = wire.socket.recv(65536)
        except OSError:
            got = b""
        wire.got += got
        if got and not _whole(wire.got):
            return
        status = int(wire.got[9:12]) if got else 0
        self.statuses[status] += 1
        if 200 <= status < 300:
            self.latencies.append(time.monotonic() - wire.due)
        elif wire.number is not None:
            heapq.heappush(self._again, (time.monotonic() + AGAIN, wire.number))
        else:  # an idle connection was closed: it stands among the free ones already
            self._free = [each for each in self._free if each is not wire]
        wire.number = None
        wire.got.clear()
        if not got:
            self._selector.unregister(wire.socket)
            wire.socket.close()
            wire = self._connect()
        self._free.append(wire)

    def _connect(self):
        made = socket.create_connection(self._address, timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = _Wire(made)
        self._selector.register(made, selectors.EVENT_READ, wire)
        return wire


def _whole(answer):
    head, found, rest = bytes(answer).partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(rest) >= int(line.split(b":")[1])
    return True


def _request(path, body, secret):
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"X-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    trace = stock(chosen.events, chosen.items)
    load = Load(
        chosen.url, chosen.secret, trace.bodies, connections=chosen.connections, rate=chosen.rate
    )
    result = load.run()
    print(
        f"{result.rate:.0f}/s, p50 {result.percentile(0.5) * 1000:.1f} ms, "
        f"p99 {result.percentile(0.99) * 1000:.1f} ms, {dict(result.statuses)}"
    )


if __name__ == "__main__":
    main()
