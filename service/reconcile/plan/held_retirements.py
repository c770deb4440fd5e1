"""
Records whose retirement waits for approval, or was dropped by an operator. Pure.

Neither is asked for again: a snapshot that lacks the record only tells of it. One that has the
record, and is newer than the retirement, ends either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.model import ComparedRecord
from service.reconcile.plan.retirements import is_retired

DELAYED: Final = "its delete goes out after its delay"


def missing_record(one: ComparedRecord, comparison: Comparison) -> Finding | None:
    """
    Return the finding about an orphan with such a retirement; None: it has none.

    Whether the snapshot may be older than some event is no question here: source and snapshot agree
    that the record is gone.
    """
    away, [item] = one.held.held or one.held.dropped, one.items
    if away is None or not (one.given or comparison.order.source in {away.source, *one.held.by}):
        return None
    if one.held.held is None:
        why = "an operator dropped its delete"
        return Finding(causes.DROPPED, one.record, item.id, why=why)
    if not comparison.asks:
        return Finding(causes.ON_ITS_WAY, one.record, item.id, why=DELAYED)
    why, arrival = "its delete waits for approval", away.arrival
    return Finding(causes.ORPHAN, one.record, item.id, act=causes.HELD, why=why, arrival=arrival)


def present_record(one: ComparedRecord, comparison: Comparison) -> Finding | None:
    """Return the finding about a record of the snapshot with such a retirement."""
    away = one.held.held or one.held.dropped
    if away is None:
        return None
    item = one.items[0].id if one.items else one.held.id
    if comparison.order.lifts(away) or not _stands(one, comparison):
        why = "the snapshot has its record"
        return Finding(causes.RETURNED, one.record, item, act=causes.BACK, why=why)
    if one.held.held is None:
        return None
    if not comparison.asks:
        return Finding(causes.ON_ITS_WAY, one.record, item, why=DELAYED)
    return Finding(causes.AWAITING, one.record, item, why="its delete waits for approval")


def _stands(one: ComparedRecord, comparison: Comparison) -> bool:
    """Tell whether the source has said that the record is gone after the snapshot."""
    away = one.held.held or one.held.dropped
    return is_retired(replace(one, held=replace(one.held, gone=away)), comparison.order)
