"""What a replay of deliveries would create and overwrite, before it begins: by a dry run of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import groupby

from service.ingest.remap import Remap
from service.operate.delivery_entry import DeliveryEntries
from service.operate.delivery_runner import deliveries_at
from service.operate.remap_mass import mass_of_dry
from service.operate.run_mass import Mass
from workers.errors import StoreUnavailable
from workers.store.delivery_list import Position
from workers.store.delivery_log import Kept
from workers.store.outbox import Outbox


def mass_of_replay(entries: DeliveryEntries, positions: Iterable[Position]) -> Mass:
    """
    Return what of a replay has to be approved.

    Args:
        positions: Source by source, oldest first.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    kept = Kept(Outbox(entries.context.steps, entries.configuration.settings))
    collections, runs = entries.collections, []
    with ExitStack() as stack:
        for source, own in groupby(positions, key=lambda each: each.source):
            run = Remap(kept, entries.reader, source, dry=True, wake=str, collections=collections)
            stack.callback(run.diff.close)
            runs.append(run)
            _look(entries, run, list(own))
        return mass_of_dry(entries.context, runs)


def _look(entries: DeliveryEntries, run: Remap, positions: Sequence[Position]) -> None:
    try:
        run.run_chosen(deliveries_at(entries, positions, lambda *_: None), lambda _: None)
    except StoreUnavailable:
        raise
    # Mappings are the user's code. The run leaves a delivery that breaks them, and says why.
    except Exception:
        if len(positions) > 1:
            for position in positions:
                _look(entries, run, [position])
