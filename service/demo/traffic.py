"""The sources: they send what is due, and send it again until it is accepted, as real ones do."""

from __future__ import annotations

import heapq
import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from service.demo import signing
from service.demo.simulation import SimulatedDelivery

THREADS = 6
TIMEOUT = 10.0  # s
AGAIN = 0.7  # s until a delivery that was not accepted is sent again
_TAKEN = range(200, 300)
_WRONG = range(400, 500)


class Sources:
    """
    Sends the deliveries of a day, each when it is due.

    Args:
        address: ``host:port`` of the receiver.
        keys: The signing key of each source.
        seconds: Duration of the day.
    """

    def __init__(
        self,
        deliveries: Iterable[SimulatedDelivery],
        address: str,
        keys: Mapping[str, bytes],
        seconds: float,
    ) -> None:
        self._address = address
        self._keys = keys
        self._begin = time.monotonic()
        self._heap = [
            (self._begin + each.due * seconds, number, each)
            for number, each in enumerate(deliveries)
        ]
        heapq.heapify(self._heap)
        self._left = len(self._heap)
        self._change = threading.Condition()
        self._ended = False
        self.total = self._left
        self.answers: Counter[int] = Counter()  # by status; 0: there was none
        self.taken: set[str] = set()  # ids of the events that were answered 2xx
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the requests in progress."""
        with self._change:
            self._ended = True
            self._change.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(TIMEOUT)

    @property
    def left(self) -> int:
        """Number of deliveries without a final answer."""
        return self._left

    @property
    def sent(self) -> int:
        """Number of requests sent, repeated ones included."""
        return self.answers.total()

    def _work(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT)
        while delivery := self._next():
            status = self._post(connection, delivery)
            self._note(delivery, status)
        connection.close()

    def _next(self) -> SimulatedDelivery | None:
        """Wait for the next delivery that is due; None at the end."""
        with self._change:
            while self._left and not self._ended:
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._change.wait(wait)
        return None

    def _post(self, connection: http.client.HTTPConnection, delivery: SimulatedDelivery) -> int:
        headers = signing.headers(delivery, self._keys[delivery.source], time.time())
        try:
            connection.request("POST", f"/webhooks/{delivery.source}", delivery.body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request opens it anew
            return 0
        return answer.status

    def _note(self, delivery: SimulatedDelivery, status: int) -> None:
        with self._change:
            self.answers[status] += 1
            if status in _TAKEN:
                self.taken.add(delivery.id)
            if status in _TAKEN or status in _WRONG:
                self._left -= 1
            else:
                due = time.monotonic() + AGAIN
                heapq.heappush(self._heap, (due, self.total + self.sent, delivery))
            self._change.notify_all()
