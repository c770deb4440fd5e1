"""
Items whose record is missing in the snapshot. Pure.

Only a record that its source once gave counts as gone: an item that was made by other means, or
given by another source, is noted and stays.
"""

from __future__ import annotations

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.held_retirements import missing_record
from service.reconcile.plan.model import ComparedRecord, ListedItem
from service.reconcile.plan.precedence import SUPERSEDED, UNDECIDED
from workers.store.item_record import ItemRecord

FOREIGN = "its record never came from this source"

BACK = "its retirement was undone"


def orphan(one: ComparedRecord, comparison: Comparison) -> Finding:
    """Return the finding about such an item."""
    [item] = one.items
    if any(each.type == "gone" and each.undone and each.undo for each in one.held.stored):
        return Finding(causes.UNDONE, one.record, item.id, why=BACK)
    act, why = comparison.policies.orphan(item, live=comparison.has_live_drafts)
    if act == causes.RETIRE and (found := missing_record(one, comparison)):
        return found
    gone = one.held.gone
    if gone is not None and (gone.state == "pending" or gone.mending):
        return Finding(causes.ON_ITS_WAY, one.record, item.id, why=f"it is retired: {gone.value}")
    if act is None or (gone is not None and gone.value == '"keep"'):
        return Finding(causes.RETIRED, one.record, item.id, why=why)
    if not (one.given or comparison.order.source in one.held.by):
        act, why = (causes.KEEP, FOREIGN) if act == causes.RETIRE else (act, why)
    elif later := _later(one.held, item, comparison):
        return Finding(causes.LATER, one.record, item.id, act=causes.KEEP, why=later)
    if act == causes.RETIRE and comparison.order.may_lack(one.held.fields.values()):
        return Finding(causes.UNDECIDED, one.record, item.id, why=UNDECIDED)
    known = [field.version for field in (*one.held.fields.values(), *filter(None, [gone]))]
    version = comparison.order.retirement(known)
    arrival = gone.arrival if gone else 0
    return Finding(
        causes.ORPHAN, one.record, item.id, act=act, why=why, version=version, arrival=arrival
    )


def _later(held: ItemRecord, item: ListedItem, comparison: Comparison) -> str:
    """Return why a record that the snapshot lacks is newer, or nothing."""
    if comparison.order.superseded:
        return SUPERSEDED
    if item.created is not None and item.created > comparison.order.as_of:
        return "the item is newer than the snapshot"
    as_of_ms = comparison.order.as_of_ms
    if held.busy or any(f.state == "pending" or f.since >= as_of_ms for f in held.fields.values()):
        return "an event for it came after the snapshot"
    return ""
