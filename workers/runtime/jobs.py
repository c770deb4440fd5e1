"""
RQ entry points: the jobs that wake-ups enqueue.

A job has the name of a destination at most; the state is in the store, and any key of RQ may
vanish. Fetches have their own queue and process: a hanging fetch blocks no delivery.
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
from workers.delivery.picture_checks import PictureChecks
from workers.errors import StoreUnavailable
from workers.model.attempts import Claimed, Wait
from workers.runtime import heartbeats
from workers.runtime.wakeups import DELIVER, FAILURE_TTL, FETCH, RESULT_TTL, RUN, SECONDS, WakeQueue
from workers.store import connection, runs
from workers.store.complaint import Complaint
from workers.store.connection import guarded
from workers.store.durability import StoreCheck
from workers.store.outbox import FETCHES, FLIGHTS
from workers.store.scripts import Steps

Fetching = Callable[[Callable[[], object]], Wait | None]  # its argument enqueues another job
Running = Callable[[], bool]  # does a slice of a run; False: there is none

QUEUE = "instep"
FETCH_QUEUE = "instep-fetch"
STEP = 10.0  # s for a step without its requests to the CMS, which have timeouts of their own
FETCH_STEP = SECONDS[FETCH] + 15.0  # s; a fetch that hangs ends its process earlier
SLICE = 4.0  # s that one job works before it enqueues the next
RUN_SLICE = 1.0  # s, the same of runs: deliveries wait for as long
RUN_STEP = SECONDS[RUN] - 5.0  # s for a slice of a run, in which a very large body may be mapped
PATIENCE = 0.25  # s; for a longer wait the job ends
COUNT_EVERY = 2.0  # s between counts of the workers

_log = logging.getLogger(__name__)


class Wakes:
    """
    Enqueues jobs; *connection* is for RQ only. Raises `StoreUnavailable` if the store did not
    answer.
    """

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self.queue = WakeQueue(QUEUE, connection=connection, serializer="json")
        self.fetches = WakeQueue(FETCH_QUEUE, connection=connection, serializer="json")
        self._most = 2 * len(settings.destinations) + 8

    def wake(self, destination: str) -> None:
        """
        Enqueue a job for *destination*, for the fetch queue or for runs; the caller has set its
        marker.

        Not unique=True (rq 3.0): it refuses a job id while the job runs, for result_ttl after it
        succeeds and for failure_ttl, a year, after it fails.
        """
        with guarded(), self.queue.connection.pipeline() as pipeline:
            # In a pipeline: one round trip instead of two, since RQ also registers the queue.
            kept: dict[str, Any] = {"result_ttl": RESULT_TTL, "failure_ttl": FAILURE_TTL}
            kept |= {"ttl": 300, "pipeline": pipeline}
            if destination == FETCHES:
                self.fetches.enqueue(FETCH, job_timeout=SECONDS[FETCH], **kept)
            elif destination == runs.WAKE:
                self.queue.enqueue(RUN, job_timeout=SECONDS[RUN], **kept)
            else:
                self.queue.enqueue(DELIVER, destination, job_timeout=SECONDS[DELIVER], **kept)
            pipeline.execute()

    def close(self) -> None:
        self.queue.connection.close()

    def crowded(self, destination: str) -> bool:
        """Whether enough jobs are queued already."""
        queue = self.fetches if destination == FETCHES else self.queue
        with guarded():
            return bool(queue.count >= self._most)


def build(settings: Settings, *, timeout: float = connection.TIMEOUT, retries: int = 2) -> Context:
    """
    Build the objects of this process; *timeout* (s per answer) and *retries* are for its
    connections.
    """
    store = settings.store
    steps = Steps(connection.connect(store, timeout=timeout, retries=retries))
    rq = connection.rq_connection(store, timeout=timeout, retries=retries)
    return make_context(settings, steps, Wakes(rq, settings))


class Jobs:
    """
    The work of a worker process.

    Args:
        stop: Set to end: the current request is finished, no other is started.
        fetching: Carries out a step of the fetch queue; None: no fetches here.
        running: Carries out a slice of a run; None: no runs here.
        sound: Raises StoreUnavailable if the store is not safe enough to claim anything.
    """

    def __init__(
        self,
        context: Context,
        stop: threading.Event,
        fetching: Fetching | None = None,
        running: Running | None = None,
        sound: Callable[[], None] = lambda: None,
    ) -> None:
        self.context = context
        self.stop = stop
        self.alive: Callable[[float], object] = lambda _: None  # see `Pulse`
        pictures = PictureChecks()
        self.deliverer = Deliverer(context, alive=lambda s: self.alive(s), pictures=pictures)
        self._fetching = fetching
        self._running = running
        self._sound = sound
        self._workers = 0
        self._counted = float("-inf")

    def deliver(self, name: str) -> None:
        """Carry out steps of one destination until it must wait, or the time slice ends."""
        destination = self.context.settings.destinations.get(name)
        if destination is None:
            _log.warning("job for an unknown destination", extra={"destination": name})
            return
        self._work(name, functools.partial(self._step, destination), STEP)

    def fetch(self) -> None:
        """Carry out steps of the fetch queue until nothing is due, or the time slice ends."""
        step = self._fetching
        if step is None:
            _log.warning("job of fetches in a process that has none")
            return
        self.context.outbox.job_started(FETCHES)
        self._work(FETCHES, lambda *_: step(lambda: self.hand_over(FETCHES)), FETCH_STEP)

    def run(self) -> None:
        """Carry out slices of runs until none is left, or the time slice ends."""
        step = self._running
        if step is None:
            _log.warning("job of runs in a process that has none")
            return
        self.context.outbox.job_started(runs.WAKE)
        till = time.monotonic() + RUN_SLICE
        while not self.stop.is_set():
            self.alive(RUN_STEP)
            self._sound()
            if not step():
                return
            if time.monotonic() > till:
                self.hand_over(runs.WAKE)
                return

    def _work(
        self,
        name: str,
        step: Callable[[Claimed | None, Callable[[], bool], bool], Claimed | Wait | None],
        seconds: float,
    ) -> None:
        till = time.monotonic() + SLICE
        claimed, starting = None, True
        # A claimed step is always carried out.
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
        if starting:
            # Stopped before its first claim: what arrives next has to ask for another job.
            self.context.outbox.job_started(name)

    def _goes_on(self, till: float) -> bool:
        """Whether the job may claim another step."""
        if self.stop.is_set() or time.monotonic() > till:
            return False
        try:
            self._sound()
        except StoreUnavailable:
            return False  # raised again after the current step is settled
        return True

    def hand_over(self, name: str) -> None:
        """Enqueue another job for *name*, unless one is queued."""
        if self.context.outbox.wants_job(name):
            self.context.wakes.wake(name)

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
        Return how many requests may run per destination, and how many of them for lower lanes.

        With several destinations, none may occupy all workers; nor may the lower lanes, since live
        changes would wait for their slowest answer.
        """
        if time.monotonic() > self._counted + COUNT_EVERY:
            self._workers = heartbeats.workers_alive(self.context.steps.client)
            self._counted = time.monotonic()
        flights = FLIGHTS
        if len(self.context.settings.destinations) > 1:
            flights = max(1, min(FLIGHTS, self._workers - 1))
        return flights, max(1, min(flights, self._workers) - 1)


_away = Complaint(_log, "job ended without the store")
_bound: Jobs | None = None  # a global, since RQ finds a job's function by its path


def bind(
    context: Context,
    fetching: Callable[[Context], Fetching] | None = None,
    running: Callable[[Context], Running] | None = None,
) -> Jobs:
    """
    Prepare this process for jobs on *context*; only the first call counts.

    *fetching* and *running* make what carries out fetches, and runs; None: not here.
    """
    global _bound
    if _bound is None:
        sound = StoreCheck(context.steps.client, context.settings.store).check
        _bound = Jobs(
            context,
            threading.Event(),
            fetching(context) if fetching else None,
            running(context) if running else None,
            sound,
        )
    return _bound


def stop() -> None:
    """End after the current request; safe in a signal handler."""
    if _bound is not None:
        _bound.stop.set()


def deliver(destination: str) -> None:
    """Job: work on one destination."""
    _perform(lambda bound: bound.deliver(destination))


def fetch() -> None:
    """Job: work on the fetch queue."""
    _perform(lambda bound: bound.fetch())


def run() -> None:
    """Job: work on runs."""
    _perform(lambda bound: bound.run())


def _perform(job: Callable[[Jobs], None]) -> None:
    if _bound is None:
        raise RuntimeError("jobs.bind(context) comes first: start workers by `instep worker`")
    try:
        job(_bound)
    except StoreUnavailable as error:
        # Its state is in the store: the claim expires, and the sweep enqueues another job.
        _away.tell(str(error))
    else:
        _away.over()
