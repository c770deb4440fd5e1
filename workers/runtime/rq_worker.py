"""
The RQ worker of this process, on one queue.

Only one queue: RQ takes from several with BLPOP, and a worker that dies right after it loses the
job. Any key of RQ may vanish without harm.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
from redis.client import Pipeline
from rq import SimpleWorker
from rq.exceptions import StopRequested

from workers.runtime.wakeups import WakeQueue, WakeUp, empty, is_unreadable
from workers.store import rights
from workers.store.complaint import Complaint

_log = logging.getLogger(__name__)

_TTL = 16  # s; RQ blocks for 15 s less, so an idle worker stops within a second
_BEAT = 15.0  # s between RQ's heartbeats; without one its key lives for 60 s more than _TTL
_MAINTENANCE = 30  # s
_MONITORING = 5  # s
HURRY = 1.5  # s that the current job may take after a stop, before its request is cut off
_FORBIDDEN = 2.0  # s between attempts while the store refuses its user


class Worker(SimpleWorker):
    """
    An RQ worker that loses no job when it is stopped.

    In rq 3.0 the signal handler raises unless a job is running, also right after one was popped:
    that job is lost. Here the handler sets a flag, which is read only where no popped job is held.
    """

    queue_class, job_class = WakeQueue, WakeUp
    max_connection_wait_time = 1.0  # s between attempts to reach the store
    on_stop: Callable[[], None] | None = None  # called at once, while the current job continues

    on_late: Callable[[], None] | None = None  # called `HURRY` s later, if the job still runs
    on_move: Callable[[], object] | None = None  # called whenever it looks for a job

    _beats = float("-inf")  # when the next heartbeat without a time of its own is due

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """
        Like RQ's, which writes three times to the store around each wait for a job.

        One in `_BEAT` s is enough for a key that lives four times as long, and that only RQ's own
        tools look at: Instep's heartbeats are those of its supervisors.
        """
        if self.on_move:
            self.on_move()
        now = time.monotonic()
        if timeout is None and now < self._beats:
            return
        super().heartbeat(timeout, pipeline)
        self._beats = now + _BEAT

    def _shutdown(self) -> None:
        self._finish()
        if self.on_late:
            timer = threading.Timer(HURRY, self.on_late)
            timer.daemon = True
            timer.start()

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        # Another process has replaced this one: the current job is finished, however long it takes.
        signal.signal(signal.SIGUSR1, lambda *_: self._finish())

    def _finish(self) -> None:
        self._stop_requested = True
        if self.on_stop:
            # In a thread: the interrupted code may hold the locks that it needs.
            threading.Thread(target=self.on_stop, name="stop").start()

    @property
    def should_run_maintenance_tasks(self) -> Any:
        if self._stop_requested:
            raise StopRequested
        return super().should_run_maintenance_tasks

    def run_maintenance_tasks(self) -> None:
        """Like RQ's, but unreadable keys do not end the worker."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        except (ValueError, redis.ResponseError) as error:
            if not is_unreadable(error):
                raise
            empty(self.queues, error)

    def _set_ip_address(self, connection: redis.Redis) -> None:
        """Like RQ's, but redis-py cannot read the address of a socket whose path has a blank."""
        try:
            super()._set_ip_address(connection)
        except ValueError:
            self.ip_address = "unknown"

    def procline(self, message: str) -> None:
        """Skip: the process keeps its title."""

    def clean_group_registries(self) -> None:
        """Skip: wake-ups are in no group."""

    def subscribe(self) -> None:
        """Skip: commands from the store are not accepted; signals stop a worker."""


def work(
    queue: str,
    connection: redis.Redis,
    *,
    on_start: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] | None = None,
    on_late: Callable[[], None] | None = None,
    on_move: Callable[[], object] | None = None,
) -> int:
    """
    Run the jobs of *queue* until SIGTERM or SIGINT, and finish the current one.

    Args:
        connection: For RQ only, which raises its timeout.
        on_start: Called once the first job can be taken.
        on_stop: Called, in a thread, when a stop is requested.
        on_late: Called `HURRY` seconds after that; not on SIGUSR1: no hurry then.
        on_move: Called whenever it looks for a job: once a second when idle.

    Returns:
        0 after a requested stop; 1 if the store is unavailable, to be restarted by a supervisor.
    """
    forbidden = Complaint(_log, "worker waits for its rights in the store")
    while True:
        try:
            worker = Worker(
                [queue],
                connection=connection,
                serializer="json",
                default_result_ttl=0,
                worker_ttl=_TTL,
                maintenance_interval=_MAINTENANCE,
                job_monitoring_interval=_MONITORING,
            )
            worker.on_stop, worker.on_late = on_stop, on_late
            worker.on_move = on_move
            # work() does this too, but only after it has registered.
            worker._install_signal_handlers()
            on_start()
            worker.work(logging_level="WARNING", with_scheduler=False)
            return 0 if worker._stop_requested else 1
        except redis.RedisError as error:
            refused = rights.refusal(error)
            if refused is None:
                _log.warning("worker ended without the store", extra={"reason": str(error)})
                return 1
            # Do not exit: another process would be refused as well, and log it again.
            forbidden.tell(refused)
        _wait(on_move)


def _wait(on_move: Callable[[], object] | None) -> None:
    """Sleep a little; a stop meanwhile is left to the supervisor."""
    if on_move:
        on_move()
    time.sleep(_FORBIDDEN)
