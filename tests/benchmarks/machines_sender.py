"""
A sender behind a balancer: one load for several machines.

A connection that breaks, or that has waited for `PATIENCE` seconds, is made anew to the next
machine that takes one, as a balancer does, and its delivery is sent again, as senders do.
"""

import heapq
import json
import random
import selectors
import socket
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from service.sandbox.seeds.samples import product_id
from tests.benchmarks.load import AGAIN, Load, _Wire

PATIENCE = 5.0  # s for an answer, as most senders wait
REACH = 0.3  # s for a connection
LEFT_OUT = 2.0  # s for which a machine that takes none is not asked again
TICK = 0.1  # s
MOST = 100  # looks for a machine
ITEMS = 1000


class Deliveries:
    """Stock events with numbers that rise, so that what is written tells which of them it shows."""

    def __init__(self):
        self._sent = 0
        chance = random.Random(7)  # noqa: S311
        self._ids = [product_id(number) for number in range(1, ITEMS + 1)]
        chance.shuffle(self._ids)
        self._weights = list(accumulate(1 / rank for rank in range(1, ITEMS + 1)))
        self._chance = chance
        self.truth = {}  # item id → quantity

    def take(self, number):
        """Return the items of the next *number* events, their quantities, and their bodies."""
        items = self._chance.choices(self._ids, cum_weights=self._weights, k=number)
        quantities = list(range(self._sent + 1, self._sent + number + 1))
        self._sent += number
        self.truth |= zip(items, quantities, strict=True)
        begins = datetime.now(UTC) - timedelta(minutes=10)
        bodies = []
        for item, quantity in zip(items, quantities, strict=True):
            at = (begins + timedelta(milliseconds=quantity)).isoformat()
            event = {"id": f"evt_{quantity}", "type": "stock.changed", "at": at}
            bodies.append(json.dumps({**event, "data": {"item": item, "qty": quantity}}).encode())
        return items, quantities, bodies


class Balanced(Load):
    """
    Args:
        addresses: Host and port of each machine.
    """

    def __init__(self, addresses, secret, bodies, *, rate=None, connections=16):
        self._addresses, self._turn = addresses, 0
        self._away = {}  # address → until when it is left out
        self.tick = lambda _: None  # called with the seconds since the begin, ten times a second
        self.given_up = 0  # requests without an answer, which were sent elsewhere
        self._ticked = 0.0
        self._since = {}  # number of a request without an answer → when that was first seen
        self.acked = {}  # number of the request → s since 1970
        host, port = addresses[0]
        url = f"http://{host}:{port}"
        super().__init__(url, secret, bodies, connections=connections, rate=rate)

    def spread(self):
        """Share the free connections among the machines anew: one of them has come back."""
        self._away.clear()
        for wire in self._free[:]:
            self._renew(wire)

    def _send_due(self, begin, now):
        if now - self._ticked >= TICK:
            self._ticked = now
            self._give_up(now)
            self.tick(now - begin)
        return min(TICK, super()._send_due(begin, now))

    def _give_up(self, now):
        """Ask elsewhere for what has had no answer for long."""
        for key in list(self._selector.get_map().values()):
            wire, number = key.data, key.data.number
            if number is None or now - self._since.setdefault(number, now) < PATIENCE:
                continue
            del self._since[number]
            self.given_up += 1
            heapq.heappush(self._again, (now + AGAIN, number))
            self._away[wire.socket.getpeername()] = now + LEFT_OUT
            self._renew(wire)

    def _renew(self, wire):
        self._selector.unregister(wire.socket)
        wire.socket.close()
        self._free = [each for each in self._free if each is not wire]
        self._free.append(self._connect())

    def _receive(self, wire):
        number, taken = wire.number, len(self.latencies)
        super()._receive(wire)
        if len(self.latencies) > taken:
            self.acked[number] = time.time()
        if wire.number is None:
            self._since.pop(number, None)

    def _connect(self):
        for _ in range(MOST):
            self._turn += 1
            address = self._addresses[self._turn % len(self._addresses)]
            if self._away.get(address, 0.0) > time.monotonic():
                continue
            try:
                made = socket.create_connection(address, timeout=REACH)
            except OSError:
                self._away[address] = time.monotonic() + LEFT_OUT
                continue
            made.settimeout(10)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = _Wire(made)
            self._selector.register(made, selectors.EVENT_READ, wire)
            return wire
        raise TimeoutError("no machine takes a connection")
