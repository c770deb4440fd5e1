"""
The outcome of an item that was read because two answers did not show the values, or none came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.config.settings import Collection
from workers.fields import files
from workers.model.attempts import ClaimedItem, ItemOutcome
from workers.policy import readback
from workers.policy.case import Case
from workers.webflow.item_answers import ItemView


def read_back(case: Case, item: ClaimedItem) -> ItemOutcome:
    """Values that the item shows are written after all; the others fail."""
    sent = {slug: value for slug, value in case.values(item).items() if slug in item.passed_over}
    view = case.answer.items.get(item.id) if case.answer else None
    # Only the primary variant's key counts.
    keyed = set(item.variants) <= {"", case.batch.primary}
    another = view is not None and readback.is_another(
        case.collection, item, view, sent, case.schema
    )
    if view is None or (keyed and another):
        found = readback.nothing(sent)
    else:
        found = readback.compare(item, view, sent, case.schema)
    # The time of the read is not the time of the write: *updated* stays unset.
    return ItemOutcome(
        item.record,
        written=found.shown,
        normalised=found.normalised,
        files=found.files,
        failures=case.not_applied(found.missed),
        attempt=bool(found.missed),
    )


def come_late(
    collection: Collection,
    item: ClaimedItem,
    view: ItemView | None,
    late: Mapping[str, Any],
    wait: float,
) -> ItemOutcome:
    """
    Return which files of a write without a timely answer have arrived since.

    A file counts as new only beside a known one. If none is known, the files shown now are stored,
    and the item is read once more before it is imported again.
    """
    if view and readback.is_another(collection, item, view, late):
        view = None
    known = {field.slug: field.file for field in item.fields if field.slug in late}
    sought = {slug: value for slug, value in late.items() if known[slug] is not None}
    found = readback.compare(item, view, sought) if view else readback.nothing(sought)
    held = {slug: files.remembered(view.fields.get(slug) if view else None) for slug in late}
    return ItemOutcome(
        item.record,
        written=found.shown,
        files={**held, **found.files},
        sought=tuple(found.missed),
        wait=0.0 if sought else wait,
    )
