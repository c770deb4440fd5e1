"""One process of ``instep worker``: executes wake-ups until it is told to stop."""

from __future__ import annotations

import os

from service import logs
from workers import jobs, store, supervisor, worker
from workers.loading import load


def main() -> int:
    """Read the configuration, and work on the queue of wake-ups."""
    logs.configure()
    settings = load(os.environ)
    jobs.bind(settings)
    return worker.work(
        jobs.QUEUE,
        store.rq_connection(settings.store),
        on_start=supervisor.announce,
        on_stop=jobs.stop,
    )


if __name__ == "__main__":
    raise SystemExit(main())
