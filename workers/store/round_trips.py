"""Sends the calls of several threads in one round trip, which the store keeps by one fsync."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import redis

from workers.errors import StoreUnavailable
from workers.store.connection import guarded
from workers.store.scripts import Steps

AT_ONCE: Final = 2  # round trips: the calls of one are made while the store carries out the other
MOST: Final = 16  # calls of one
LOST: Final = 5.0  # s that a call waits for another thread: one that a signal ends may tell nobody

Arguments = tuple[dict[str, Any], str, bytes, bytes]


@dataclass(slots=True, eq=False)
class _Call:
    arguments: Arguments
    leads: bool = False  # its thread makes the next round trip
    answer: dict[str, Any] | Exception | None = None  # None: it was in no round trip that worked
    told: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.told.acquire()

    def result(self) -> dict[str, Any] | None:
        if isinstance(self.answer, redis.RedisError):
            with guarded():
                raise self.answer
        if isinstance(self.answer, Exception):
            raise copy(self.answer)  # an exception keeps where it was raised
        return self.answer


class RoundTrips:
    """
    Calls *step* for any thread; safe to share between threads.

    A thread that finds `AT_ONCE` round trips under way leaves its call to the thread that makes the
    next one. Each call stays a step of its own, with its own answer or error; where the store does
    not answer, the outcome of all calls of that round trip is unknown.
    """

    def __init__(self, steps: Steps, step: str) -> None:
        self._steps = steps
        self._step = step
        self._lock = Lock()
        self._under_way = 0
        self._waiting: deque[_Call] = deque()  # none unless `AT_ONCE` are under way

    def run(self, *arguments: *Arguments) -> dict[str, Any]:
        """Like `Steps.run`; the calls sent together take as long as the longest."""
        call = _Call(arguments)
        with self._lock:
            call.leads = self._under_way < AT_ONCE
            if call.leads:
                self._under_way += 1
            else:
                self._waiting.append(call)
        if not call.leads and not call.told.acquire(timeout=LOST):
            self._take_over(call)
        if call.leads:
            self._lead(call)
        answer = call.result()
        return self._steps.run(self._step, *arguments) if answer is None else answer

    def _take_over(self, call: _Call) -> None:
        """Let *call* make a round trip in place of one whose thread has told nobody."""
        with self._lock:
            if call in self._waiting:
                self._waiting.remove(call)
                call.leads = True

    def _lead(self, call: _Call) -> None:
        with self._lock:
            others = [self._waiting.popleft() for _ in range(min(MOST - 1, len(self._waiting)))]
        try:
            self._send([call, *others])
        finally:
            self._pass_on()
            for other in others:
                other.told.release()

    def _send(self, calls: list[_Call]) -> None:
        if len(calls) == 1:
            calls[0].answer = self._steps.run(self._step, *calls[0].arguments)
            return
        answers: list[Any]
        try:
            answers = self._steps.run_in_order(self._step, [call.arguments for call in calls])
        except StoreUnavailable as error:
            answers = [error] * len(calls)
        except Exception:
            return  # one cannot be sent: each thread tries its own
        for call, answer in zip(calls, answers, strict=True):
            call.answer = answer

    def _pass_on(self) -> None:
        """Have the thread that waits longest make the next round trip."""
        with self._lock:
            if not self._waiting:
                self._under_way = max(0, self._under_way - 1)
                return
            following = self._waiting.popleft()
        following.leads = True
        following.told.release()
