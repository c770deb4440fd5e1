"""
RQ entry points: the jobs that wake-ups ask for.

A job carries the name of a destination or nothing at all; the store is the truth, and any key of
RQ may vanish at any moment. Fetches have a queue, and a process, of their own: what hangs there
holds up no delivery.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import redis

from workers.config.settings import Destination, Settings
from workers.delivery.context import Context, make_context
from workers.delivery.deliver import Deliverer
from workers.errors import StoreUnavailable
from workers.model.attempts import Claimed, Wait
from workers.runtime import heartbeats
from workers.runtime.wakeups import DELIVER, FAILURE_TTL, FETCH, RESULT_TTL, SECONDS, WakeQueue
from workers.store import connection
from workers.store.complaint import Complaint
from workers.store.connection import guarded
from workers.store.durability import StoreCheck
from workers.store.outbox import FETCHES, FLIGHTS
from workers.store.scripts import Steps

Fetching = Callable[[Callable[[], object]], Wait | None]  # is given what asks for one more job

QUEUE = "instep"
FETCH_QUEUE = "instep-fetch"
STEP = 10.0  # s that a step takes beside its requests to the CMS, each of which has its own time
FETCH_STEP = SECONDS[FETCH] + 15.0  # s; what hangs there ends its process before
SLICE = 4.0  # s that one job works before it hands over
PATIENCE = 0.25  # s; a longer wait is stored, and the job ends
COUNT_EVERY = 2.0  # s between two looks at how many workers there are

_log = logging.getLogger(__name__)


class Wakes:
    """
    Enqueues jobs. Raises `StoreUnavailable` where the store did not answer.

    Args:
        connection: For RQ alone.
    """

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self.queue = WakeQueue(QUEUE, connection=connection, serializer="json")
        self.fetches = WakeQueue(FETCH_QUEUE, connection=connection, serializer="json")
        self._most = 2 * len(settings.destinations) + 8

    def wake(self, destination: str) -> None:
        """
        Enqueue one job for *destination*, or for the fetch queue; the caller holds its marker.

        Not unique=True (rq 3.0): it refuses a job id while the job runs, for result_ttl after it
        succeeds and for failure_ttl, a year, after it fails.
        """
        with guarded(), self.queue.connection.pipeline() as pipeline:
            # One round trip: without it RQ names the queue in one of its own, each time.
            kept: dict[str, Any] = {"result_ttl": RESULT_TTL, "failure_ttl": FAILURE_TTL}
            kept |= {"ttl": 300, "pipeline": pipeline}
            if destination == FETCHES:
                self.fetches.enqueue(FETCH, job_timeout=SECONDS[FETCH], **kept)
            else:
                self.queue.enqueue(DELIVER, destination, job_timeout=SECONDS[DELIVER], **kept)
            pipeline.execute()

    def close(self) -> None:
        """Close the connection."""
        self.queue.connection.close()

    def crowded(self, destination: str) -> bool:
        """Whether so many jobs are queued there that another one helps nobody."""
        queue = self.fetches if destination == FETCHES else self.queue
        with guarded():
            return bool(queue.count >= self._most)


def build(settings: Settings, *, timeout: float = connection.TIMEOUT, retries: int = 2) -> Context:
    """
    Return the objects of this process. Nothing is sent before the first use.

    Args:
        timeout: Seconds for one answer of the store.
        retries: After a broken connection.
    """
    store = settings.store
    steps = Steps(connection.connect(store, timeout=timeout, retries=retries))
    rq = connection.rq_connection(store, timeout=timeout, retries=retries)
    return make_context(settings, steps, Wakes(rq, settings))


class Jobs:
    """
    What a worker process does with wake-ups.

    Args:
        stop: Set when the process is to end: the request in hand is finished, no other begun.
        fetching: Carries out a step of the fetch queue; None: this process works on no fetches.
        sound: Raises StoreUnavailable while the store is too weak for anything to be claimed.
    """

    def __init__(
        self,
        parts: Context,
        stop: threading.Event,
        fetching: Fetching | None = None,
        sound: Callable[[], None] = lambda: None,
    ) -> None:
        self.parts = parts
        self.stop = stop
        self.alive: Callable[[float], object] = lambda _: None  # is told for how long it moves
        self.deliverer = Deliverer(parts, alive=lambda seconds: self.alive(seconds))
        self._fetching = fetching
        self._sound = sound
        self._workers = 0
        self._counted = float("-inf")

    def deliver(self, name: str) -> None:
        """Carry out steps of one destination until none may be sent now, or the slice is over."""
        destination = self.parts.settings.destinations.get(name)
        if destination is None:
            _log.warning("job for an unknown destination", extra={"destination": name})
            return
        self._work(name, functools.partial(self._step, destination), STEP)

    def fetch(self) -> None:
        """Carry out steps of the fetch queue until nothing is due, or the slice is over."""
        step = self._fetching
        if step is None:
            _log.warning("job of fetches in a process that has none")
            return
        self.parts.outbox.job_started(FETCHES)
        self._work(FETCHES, lambda *_: step(lambda: self.hand_over(FETCHES)), FETCH_STEP)

    def _work(
        self,
        name: str,
        step: Callable[[Claimed | None, Callable[[], bool], bool], Claimed | Wait | None],
        seconds: float,
    ) -> None:
        till = time.monotonic() + SLICE
        claimed, starting = None, True
        # What is claimed is carried out, whatever else has happened since.
        while claimed or not self.stop.is_set():
            if not claimed and time.monotonic() > till:
                self.hand_over(name)
                return
            self.alive(seconds)
            if not claimed:
                self._sound()
            found = step(claimed, lambda: self._goes_on(till), starting)
            starting = False
            claimed = found if isinstance(found, Claimed) else None
            if isinstance(found, Wait):
                if found.seconds is None or found.seconds > PATIENCE:
                    return
                self.stop.wait(found.seconds)

    def _goes_on(self, till: float) -> bool:
        """Whether the job may claim another step, by time, stop and store."""
        if self.stop.is_set() or time.monotonic() > till:
            return False
        try:
            self._sound()
        except StoreUnavailable:
            return False  # it is said once the step in hand is settled
        return True

    def hand_over(self, name: str) -> None:
        """Ask for one more job on *name*, unless one is on its way."""
        if self.parts.outbox.wants_job(name):
            self.parts.wakes.wake(name)

    def _step(
        self,
        destination: Destination,
        claimed: Claimed | None,
        goes_on: Callable[[], bool],
        starting: bool,
    ) -> Claimed | Wait | None:
        flights, lower = self._flights()
        return self.deliverer.step(
            destination,
            flights=flights,
            lower=lower,
            more=self.hand_over,
            claimed=claimed,
            goes_on=goes_on,
            starting=starting,
        )

    def _flights(self) -> tuple[int, int]:
        """
        Return how many requests may be on their way to one destination, and how many of them for
        replays and reconciles.

        With several destinations, one never holds all workers; nor do the lower lanes of one,
        for a live change would wait for the slowest of their answers.
        """
        if time.monotonic() > self._counted + COUNT_EVERY:
            self._workers = heartbeats.workers_alive(self.parts.steps.client)
            self._counted = time.monotonic()
        flights = FLIGHTS
        if len(self.parts.settings.destinations) > 1:
            flights = max(1, min(FLIGHTS, self._workers - 1))
        return flights, max(1, min(flights, self._workers) - 1)


_away = Complaint(_log, "job ended without the store")
_bound: Jobs | None = None  # RQ finds a job's function by its path: it cannot be given an object


def bind(settings: Settings, fetching: Callable[[Context], Fetching] | None = None) -> Jobs:
    """
    Make this process ready for jobs; the first call counts.

    Args:
        fetching: Makes what carries out fetches; None: this process works on none.
    """
    global _bound
    if _bound is None:
        parts = build(settings)
        sound = StoreCheck(parts.steps.client, settings.store).check
        _bound = Jobs(parts, threading.Event(), fetching(parts) if fetching else None, sound)
    return _bound


def stop() -> None:
    """End after the request in hand; safe in a signal handler."""
    if _bound is not None:
        _bound.stop.set()


def deliver(destination: str) -> None:
    """The job of one destination."""
    _perform(lambda bound: bound.deliver(destination))


def fetch() -> None:
    """The job of the fetch queue."""
    _perform(lambda bound: bound.fetch())


def _perform(job: Callable[[Jobs], None]) -> None:
    if _bound is None:
        raise RuntimeError("jobs.bind(settings) comes first: start workers by `instep worker`")
    try:
        job(_bound)
    except StoreUnavailable as error:
        # Whatever this job held is in the store: the claim runs out, the sweep wakes another.
        _away.tell(str(error))
    else:
        _away.over()
