"""Records that the snapshot has, but that their source has retired since. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.model import ComparedRecord
from service.reconcile.plan.policies import shows_retired
from service.reconcile.plan.precedence import UNDECIDED, Precedence, has_newer
from workers.model.retirement import GONE

UNDONE = "its creation was undone: only a newer version of the source's own goes over it"


def is_retired(one: ComparedRecord, order: Precedence) -> bool:
    """Tell whether the record was retired after the snapshot, by its source or by an undo."""
    gone = one.held.gone
    if order.keeps(gone) or _is_undone(one, order):
        return True
    return gone is not None and not any(order.wins(at, gone) for at in _versions(one, order))


def retired(one: ComparedRecord, comparison: Comparison) -> Finding:
    """Return the finding about such a record."""
    order, gone = comparison.order, one.held.gone
    if order.keeps(gone):
        return _finding(one, comparison, "a later snapshot lacked its record")
    if _is_undone(one, order):
        found = _finding(one, comparison, UNDONE)
        return replace(found, cause=causes.UNDONE) if found.cause == causes.RETIRED else found
    if any(order.is_undecided(version, gone) for version in _versions(one, order)):
        return Finding(causes.UNDECIDED, one.record, why=UNDECIDED)
    return _finding(one, comparison, "the source has since reported it gone")


def _is_undone(one: ComparedRecord, order: Precedence) -> bool:
    """Tell whether its creation was taken back by hand, and no row has a newer version."""
    gone = one.held.gone
    if gone is None or not gone.undo:
        return False
    return not any(has_newer(wanted.version, gone, order) for wanted in one.wanted)


def _finding(one: ComparedRecord, comparison: Comparison, why: str) -> Finding:
    """Note that it is away, or find that its item is there nevertheless."""
    gone, item = one.held.gone, next(iter(one.items), None)
    if item is None or gone is None:
        return Finding(causes.RETIRED, one.record, why=why)
    if gone.state == "pending" or gone.mending or comparison.is_fresh(one.held):
        return Finding(causes.ON_ITS_WAY, one.record, item.id, why=f"it is retired: {gone.value}")
    way = json.loads(gone.value)
    kept = way == "keep" or gone.state not in ("written", "unchanged")
    if kept or shows_retired(item, way, live=comparison.has_live_drafts):
        return Finding(causes.RETIRED, one.record, item.id, why=why)
    act, policy = comparison.policies.whole(causes.REPAIR)
    why = "; ".join(filter(None, [why, "the item exists again", policy]))
    return Finding(causes.EDITED, one.record, item.id, GONE, act=act, why=why, arrival=gone.arrival)


def _versions(one: ComparedRecord, order: Precedence) -> Iterator[str]:
    for wanted in one.wanted:
        held = (one.held.fields.get(wanted.slug), one.held.gone)
        yield order.version(wanted.version, held)
