"""
Runs that their own process carries out from beginning to end.

While it lives it holds the lease of the run (`problem_keys.running`); without it the run shows as
stopped (``runs.py``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from workers.errors import ProcessorError, StoreUnavailable
from workers.model.runs import Kind, State
from workers.store import problem_keys
from workers.store.lease import Lease, kept
from workers.store.runs import Runs

EVERY: Final = 1.0  # s between two records of the progress
INTERRUPTED: Final = "ended by Ctrl-C"


class OwnRun:
    """One of them; no method raises: a store that does not answer holds up no work."""

    def __init__(
        self, runs: Runs, id: str, lease: Lease, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = id
        self._runs = runs
        self._lease = lease
        self._now = now
        self._told = now()
        self._ended = False

    def progress(self, figures: Mapping[str, Any]) -> None:
        """Record how far it is, unless that was done right before."""
        if self._ended or self._now() - self._told < EVERY:
            return
        self._told = self._now()
        with suppress(StoreUnavailable):
            self._lease.take()  # lost, if this process was suspended
            self._runs.progress(self.id, figures)

    def end(
        self, state: State = "done", figures: Mapping[str, Any] | None = None, reason: str = ""
    ) -> None:
        """Record the end; only the first one counts."""
        if self._ended:
            return
        self._ended = True
        with suppress(StoreUnavailable):
            if self._runs.show(self.id) is not None:
                self._runs.finish(self.id, state, figures=figures, reason=reason)


@contextmanager
def own_run(
    runs: Runs,
    kind: Kind,
    by: str,
    *,
    collection: str | None = None,
    source: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> Iterator[OwnRun]:
    """
    Record a run for the length of a ``with``; without `OwnRun.end` it is done, failed or stopped.

    Args:
        by: Who began it: the name of an access, user and host, or "schedule".

    Raises:
        StoreUnavailable: It could not be recorded; nothing was done.
    """
    id = runs.start(kind, by, collection=collection, source=source, about=about, own=True)
    lease = Lease(runs.steps.client, problem_keys.running(id), f"run {id}")
    lease.take()
    run = OwnRun(runs, id, lease)
    with kept(lease):
        try:
            yield run
        except KeyboardInterrupt as error:
            run.end("stopped", reason=str(error) or INTERRUPTED)
            raise
        except BaseException as error:
            run.end(
                "failed", reason=str(error) if isinstance(error, ProcessorError) else repr(error)
            )
            raise
        run.end()
