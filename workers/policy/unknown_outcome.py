"""
What an item shows that was read since two answers did not show what was sent, or none came. Pure.
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
    """What was passed over is written where the item shows it all the same; else it dies."""
    sent = {slug: value for slug, value in case.values(item).items() if slug in item.passed_over}
    view = case.answer.items.get(item.id) if case.answer else None
    # The key of another variant than the primary one does not count.
    keyed = set(item.variants) <= {"", case.batch.primary}
    another = view is not None and readback.is_another(
        case.collection, item, view, sent, case.schema
    )
    if view is None or (keyed and another):
        found = readback.nothing(sent)
    else:
        found = readback.compare(item, view, sent, case.schema)
    # When it was read is not when it was written: no time is told.
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
    Return that files are written which have come since the CMS did not answer in time.

    A file is a new one only beside another that is known: where none is, what the item shows is
    kept, and the item is read once more before the files are imported again.
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
