"""The end of a run: what the store keeps of it, and the message where it ends early."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import redis

from service.reconcile import report
from service.reconcile.lock import RunLock
from service.reconcile.options import ReconcileOptions
from service.reconcile.run_entry import RunEntry
from service.reconcile.state import past_runs
from service.reconcile.time_limit import TimeLimit
from workers.errors import ProcessorError, ReconcileFailed, StoreUnavailable


@contextmanager
def noted(
    client: redis.Redis,
    options: ReconcileOptions,
    limit: TimeLimit,
    lock: RunLock,
    entry: RunEntry,
) -> Iterator[None]:
    """Record in the store the start of a run that writes, and why it failed."""
    if options.writes and not options.pull:
        past_runs.note_begin(client, options.collection, scheduled=options.scheduled, run=entry.id)
    try:
        yield
    except BaseException as error:
        # A signal may surface as another error, e.g. of a database driver.
        why = limit.words or (str(error) if isinstance(error, ProcessorError) else repr(error))
        _note_failure(client, options, why, lock)
        entry.fail(why, stopped=limit.stopped)
        raise


@contextmanager
def ending(options: ReconcileOptions, limit: TimeLimit) -> Iterator[None]:
    """Raise the reason why the run was ended early, whatever that raised within it."""
    try:
        yield
    except BaseException:
        if not limit.words:
            raise
    else:
        return
    raise ReconcileFailed(_message(options, limit.words))


def _note_failure(client: redis.Redis, options: ReconcileOptions, why: str, lock: RunLock) -> None:
    if options.writes and not options.pull:
        with suppress(StoreUnavailable):
            past_runs.note_end(client, options.collection, 1, why, lock=lock)


def note_end(
    client: redis.Redis,
    options: ReconcileOptions,
    code: int,
    figures: Mapping[str, Any],
    lock: RunLock,
) -> None:
    """Record in the store how a run that writes ended."""
    if options.writes and not options.pull:
        warned = [f"Warning: {each}" for each in figures["warnings"]]
        lines = map(str.strip, report.lines({**figures, "warnings": ()}))
        message = "; ".join([*lines, *warned])
        counts, state = figures["counts"], figures["state"]
        name = options.collection
        past_runs.note_end(
            client,
            name,
            code,
            message,
            counts,
            state=state,
            proven=bool(figures["proven"]),
            compared=(figures["records"], figures["items"]),
            lock=lock,
        )


def abandon(
    client: redis.Redis,
    options: ReconcileOptions,
    limit: TimeLimit,
    held: Sequence[tuple[RunLock, RunEntry]],
    why: str,
) -> None:
    """Clean up where the run itself cannot."""
    for lock, entry in held:
        _note_failure(client, options, why, lock)
        entry.fail(why, stopped=limit.stopped)
        with suppress(StoreUnavailable):
            lock.end()
    sys.stderr.write(f"{_message(options, why)}\n")
    sys.stderr.flush()


def _message(options: ReconcileOptions, why: str) -> str:
    done = "what was handed over before is still sent" if options.writes else "nothing was changed"
    return f"{options.collection} was not fully reconciled: {why}; {done}; run it again"
