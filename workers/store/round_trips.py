"""Sends the calls of several fibers in one round trip, which the store keeps by one fsync."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import redis

from workers import fibers
from workers.errors import StoreUnavailable
from workers.store.connection import guarded
from workers.store.scripts import Steps

AT_ONCE: Final = 2  # round trips: the calls of one are made while the store carries out the other
MOST: Final = 16  # calls of one

Arguments = tuple[dict[str, Any], str, bytes, bytes]


@dataclass(slots=True, eq=False)
class _Call:
    arguments: Arguments
    pause: fibers.Pause
    answer: dict[str, Any] | Exception | None = None  # None: it was in no round trip that worked

    def result(self) -> dict[str, Any] | None:
        if isinstance(self.answer, redis.RedisError):
            with guarded():
                raise self.answer
        if isinstance(self.answer, Exception):
            raise copy(self.answer)  # an exception keeps where it was raised
        return self.answer


class RoundTrips:
    """
    Calls *step* for the fibers of one thread, and for other threads.

    What fibers call while `AT_ONCE` round trips are under way goes together in the next one. Each
    call keeps its own answer or error; where the store does not answer, the outcome of all calls of
    that round trip is unknown.
    """

    def __init__(self, steps: Steps, step: str) -> None:
        self._steps = steps
        self._step = step
        self._threads = ThreadPoolExecutor(AT_ONCE, "round trips")
        self._lock = Lock()
        self._under_way = 0
        self._asked = False  # a thread, which has taken no calls yet
        self._waiting: deque[_Call] = deque()

    def run(self, *arguments: *Arguments) -> dict[str, Any]:
        """Like `Steps.run`; the calls sent together take as long as the longest."""
        host = fibers.host()
        if host is None:
            return self._steps.run(self._step, *arguments)
        call = _Call(arguments, fibers.Pause(host))
        with self._lock:
            self._waiting.append(call)
            asks = not self._asked and self._under_way < AT_ONCE
            self._asked = self._asked or asks
        if asks:
            self._ask(call)
        call.pause.wait()
        answer = call.result()
        if answer is None:
            return fibers.aside(self._steps.run, self._step, *arguments)
        return answer

    def _ask(self, call: _Call) -> None:
        """Have a thread make round trips; raises RuntimeError if the system allows none."""
        try:
            self._threads.submit(self._make_trips)
        except RuntimeError:
            with self._lock:
                self._asked = False  # else no later call would ask for one
                if call in self._waiting and not self._under_way:
                    self._waiting.remove(call)
                    raise

    def _make_trips(self) -> None:
        with self._lock:
            self._asked = False
            self._under_way += 1
        while calls := self._next():
            try:
                self._send(calls)
            finally:
                for call in calls:
                    call.pause.end()

    def _next(self) -> list[_Call]:
        with self._lock:
            calls = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            if not calls:
                self._under_way -= 1
        return calls

    def _send(self, calls: list[_Call]) -> None:
        answers: list[Any]
        try:
            answers = self._steps.run_in_order(self._step, [call.arguments for call in calls])
        except StoreUnavailable as error:
            answers = [error] * len(calls)
        # One cannot be sent, or the thread is to end: each fiber tries its own.
        except BaseException:
            return
        for call, answer in zip(calls, answers, strict=True):
            call.answer = answer
