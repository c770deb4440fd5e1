"""
The process that executes wake-ups: one RQ worker on one queue, in this process.

One queue, since RQ takes from several with BLPOP, and a worker that ends in the gap after it
loses the job. Nothing depends on an RQ key: any of them may vanish at any moment.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
from rq import SimpleWorker
from rq.exceptions import StopRequested

from workers.runtime.wakeups import WakeQueue, WakeUp, empty, is_unreadable
from workers.store import rights
from workers.store.complaint import Complaint

_log = logging.getLogger(__name__)

_TTL = 16  # s; RQ blocks for this less 15 s, so an idle worker ends within a second
_MAINTENANCE = 30  # s
_MONITORING = 5  # s
_FORBIDDEN = 2.0  # s between two tries where the store refuses its user


class Worker(SimpleWorker):
    """
    An RQ worker whose stop loses no job.

    As it comes (rq 3.0), a stop raises from the signal handler unless a job is being performed,
    also right after one was popped: that job is stranded. Here the handler sets a flag, and the
    flag is read where surely no popped job is held.
    """

    queue_class, job_class = WakeQueue, WakeUp
    max_connection_wait_time = 1.0  # s between two tries to reach a store that is away
    on_stop: Callable[[], None] | None = None  # called at once, while the job in hand goes on

    on_move: Callable[[], object] | None = None  # called whenever it looks for a job

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        if self.on_move:
            self.on_move()
        super().heartbeat(*args, **kwargs)

    def _shutdown(self) -> None:
        self._stop_requested = True
        if self.on_stop:
            # In a thread: what it waits for may be held by the code that the signal interrupted.
            threading.Thread(target=self.on_stop, name="stop").start()

    @property
    def should_run_maintenance_tasks(self) -> Any:
        if self._stop_requested:
            raise StopRequested
        return super().should_run_maintenance_tasks

    def run_maintenance_tasks(self) -> None:
        """As RQ's; what it cannot read there ends no worker."""
        try:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        except (ValueError, redis.ResponseError) as error:
            if not is_unreadable(error):
                raise
            empty(self.queues, error)

    def clean_group_registries(self) -> None:
        """No wake-up is in a group."""

    def subscribe(self) -> None:
        """Take no commands from the store: a worker is stopped by a signal."""


def work(
    queue: str,
    connection: redis.Redis,
    *,
    on_start: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] | None = None,
    on_move: Callable[[], object] | None = None,
) -> int:
    """
    Execute the jobs of *queue* until SIGTERM or SIGINT, and finish the one in hand.

    Args:
        connection: For RQ alone: it raises its timeout.
        on_start: Called once the first job can be taken.
        on_stop: Called, in a thread, when the end is asked for.
        on_move: Called whenever it looks for a job: once a second, while it is idle.

    Returns:
        0 after a stop that was asked for; 1 where the store is away, for a supervisor to go on.
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
            worker.on_stop, worker.on_move = on_stop, on_move
            # work() does so too, but only after it has registered.
            worker._install_signal_handlers()  # type: ignore[no-untyped-call]
            on_start()
            worker.work(logging_level="WARNING", with_scheduler=False)
            return 0 if worker._stop_requested else 1
        except redis.RedisError as error:
            refused = rights.refusal(error)
            if refused is None:
                _log.warning("worker ended without the store", extra={"reason": str(error)})
                return 1
            # Not to end: another process would be refused as well, and be told again.
            forbidden.tell(refused)
        _wait(on_move)


def _wait(on_move: Callable[[], object] | None) -> None:
    """Wait a little; what is asked to end meanwhile is ended by its supervisor."""
    if on_move:
        on_move()
    time.sleep(_FORBIDDEN)
