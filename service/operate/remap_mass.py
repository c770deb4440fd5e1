"""
How many items a remap or a replay would create and overwrite, by its dry run.

An item counts as overwritten if a value would take the place of another one that the store holds of
its field, and as created if the store knows neither it nor an item of its key. The CMS is not read:
a value over one that only the CMS has is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from service.ingest.remap import Remap
from service.operate.run_mass import Mass, mass_of
from workers.delivery.context import Context
from workers.policy.run_guard import CREATED, OVERWRITTEN
from workers.store import keys
from workers.store.connection import guarded

_READ: Final = 500  # records per round trip


def mass_of_dry(context: Context, runs: Sequence[Remap]) -> Mass:
    """
    Return what of *runs*, one for each source, has to be approved; their diffs are still open.

    Raises StoreUnavailable if the store does not answer.
    """
    wanted: dict[str, Counter[str]] = {}
    for run in runs:
        for name, items in run.diff.overwritten().items():
            wanted.setdefault(name, Counter())[OVERWRITTEN] += items
        for name, items in _created(context, run.diff.first_values()):
            wanted.setdefault(name, Counter())[CREATED] += items
    return mass_of(context, wanted)


def _created(context: Context, places: Iterable[tuple[str, str]]) -> Iterator[tuple[str, int]]:
    """Yield how many of *places*, by collection and record, become new items."""
    for name, own in groupby(places, key=lambda place: place[0]):
        collection = context.settings.collections.get(name)
        if collection is None or collection.missing != "create":
            continue
        ids = keys.item_ids(name, context.settings.copy_of(collection))
        records = [record for _, record in own]
        for start in range(0, len(records), _READ):
            some = records[start : start + _READ]
            with guarded(), context.steps.client.pipeline(transaction=False) as pipeline:
                for record in some:
                    pipeline.exists(keys.item(name, record))
                pipeline.hmget(ids, some)
                *held, known = pipeline.execute()
            pairs = zip(held, known, strict=True)
            yield name, sum(not there and id is None for there, id in pairs)
