"""What a run proves of possible losses of the store."""

from __future__ import annotations

from collections.abc import Iterator

from service.reconcile.options import ReconcileOptions
from service.reconcile.run import ReconcileRun
from workers.store.losses import Losses


def is_partial(run: ReconcileRun, options: ReconcileOptions) -> bool:
    """Return whether a record that the snapshot lacks may well exist."""
    return options.partial or run.collection.reconcile.partial or run.rows.records.partial


def prove_losses(run: ReconcileRun, options: ReconcileOptions, since: int) -> Iterator[str]:
    """
    Record what a run that ends with 0 has proven of possible losses of the store.

    Yields a warning for a loss that it cannot disprove, with the run that could.

    Args:
        since: Number of the newest loss when the run began.
    """
    name, losses = run.collection.name, Losses(run.context.steps)
    if not _compares_all(run, options):
        return
    run.hooks.portion()
    losses.proven(name, since, run.context.settings.collections, as_of_ms=run.as_of_ms)
    for loss in losses.open([name]):
        yield (
            f"the snapshot is older than the loss of {loss['at']} and cannot show what was lost; "
            "use a newer one, or give the time of the export with --as-of"
        )


def _compares_all(run: ReconcileRun, options: ReconcileOptions) -> bool:
    """Return whether exit 0 covers every record and item as they are at the end of the run."""
    return not (
        is_partial(run, options)
        or options.no_wait
        or options.dry_run
        or run.source_records.superseded
    )
