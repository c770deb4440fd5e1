"""
One process of ``instep worker``: executes wake-ups until SIGTERM.

With the argument ``fetch`` it works on the fetch queue: it reads what thin notices name.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from service.config import logging_setup
from service.config.inherited import inherited, settings_of_process
from workers.delivery.context import Context
from workers.runtime import child_process, jobs, liveness, rq_worker
from workers.store import connection

if TYPE_CHECKING:
    from service.operate.bulk_runner import BulkRunner

FETCH = "fetch"
_BEGINNING = 60.0  # s until the first job can be taken
_IDLE = 10.0  # s between two checks of the queue, and RQ's own work around a job

_log = logging.getLogger(__name__)


def main() -> int:
    logging_setup.configure()
    pulse = liveness.Pulse(_BEGINNING)
    liveness.start(pulse.is_alive)
    fetching = FETCH in sys.argv[1:]
    context = inherited(Context) or jobs.build(settings_of_process())
    if fetching:
        _bind_fetches(context)
    bound = jobs.bind(context, running=_runs)
    bound.alive = pulse.alive
    logging_setup.observe(context.settings, context.steps.client)
    return rq_worker.work(
        jobs.FETCH_QUEUE if fetching else jobs.QUEUE,
        connection.rq_connection(context.settings.store),
        on_start=child_process.announce,
        on_stop=jobs.stop,
        on_late=bound.deliverer.cancel,
        on_move=lambda: pulse.alive(_IDLE),
    )


def _runs(context: Context) -> jobs.Running:
    """Most workers never carry out a run: senders and mappings are imported with the first."""

    @cache
    def runner() -> BulkRunner:
        from service.operate.bulk_runner import BulkRunner

        return BulkRunner(context)

    return lambda: runner().step()


def _bind_fetches(context: Context) -> None:
    from service.config.build import of_process
    from service.ingest.fetch_runner import Runner

    mappings = of_process().mappings
    jobs.bind(context, lambda own: Runner(own, mappings, hung=_end).step)


def _end() -> None:
    """End this process: its supervisor starts another, and the claim runs out."""
    _log.error("fetcher hangs: the process ends")
    os._exit(1)
