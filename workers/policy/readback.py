"""
What an item shows that was read since two answers did not show what was sent. Pure.
"""

from __future__ import annotations

from workers import comparison
from workers.steps import ClaimedItem, Verdict
from workers.verdicts import Case


def read_back(case: Case, item: ClaimedItem) -> Verdict:
    """What was passed over is written where the item shows it all the same; else it dies."""
    sent = {slug: value for slug, value in case.values(item).items() if slug in item.passed_over}
    view = case.answer.items.get(item.id) if case.answer else None
    # The key of another variant than the primary one does not count.
    keyed = set(item.variants) <= {"", case.batch.primary}
    another = view is not None and comparison.is_another(
        case.collection, item, view, sent, case.schema
    )
    if view is None or (keyed and another):
        found = comparison.nothing(sent)
    else:
        found = comparison.compare(item, view, sent, case.schema)
    # When it was read is not when it was written: no time is told.
    return Verdict(
        item.record,
        written=found.shown,
        normalised=found.normalised,
        files=found.files,
        deaths=case.not_applied(found.missed),
        attempt=bool(found.missed),
    )
