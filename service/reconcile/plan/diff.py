"""
The three-way comparison of source, outbox and CMS, and the causes of differences. Pure.

An item must show the newest value: the source's if its version is higher and its value differs,
else the outbox's, since a live event may be newer than the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.copies import held_back
from service.reconcile.plan.field_diff import NOTES, FieldDiff
from service.reconcile.plan.held_retirements import present_record
from service.reconcile.plan.key_conflicts import duplicates
from service.reconcile.plan.model import ComparedRecord, ListedItem, SourceField
from service.reconcile.plan.orphans import orphan
from service.reconcile.plan.precedence import SUPERSEDED, is_news
from service.reconcile.plan.retirements import is_retired, retired
from service.reconcile.plan.staged_copies import staged
from workers.store.item_record import FieldRecord

UNREAD = "only the staged copy could be read; publish the item, or run the reconcile again"
LEAVING = "its item was taken away while it was listed; run the reconcile again"
_WRITTEN = ("written", "unchanged")


def compare(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    """Yield the findings about one record, or about the items of one key."""
    found = [*_compared(one, comparison)]
    yield from found
    if own := staged(one, found, comparison):
        yield own


def _compared(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    if one.twice or len(one.items) > 1:
        yield from duplicates(one)
    elif not one.number:
        if not comparison.partial:
            yield orphan(one, comparison)
    else:
        if found := present_record(one, comparison):
            yield found
        lifts = comparison.order.lifts(one.held.gone)
        yield from (_back if lifts else _there)(one, comparison)


def _back(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    """Compare a record that an earlier snapshot lacked as if none ever had."""
    if one.items or not one.wanted:
        act, why = comparison.policies.whole(causes.BACK)
        why = why or "an earlier snapshot lacked its record"
        yield Finding(causes.MISSED, one.record, one.held.id, act=act, why=why)
    yield from _there(replace(one, held=replace(one.held, gone=None, back=True)), comparison)


def _there(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    if not one.wanted:
        return
    if is_retired(one, comparison.order):
        yield retired(one, comparison)
    elif not one.items:
        yield from _absent(one, comparison)
    else:
        yield from _fields(one, one.items[0], comparison)
        if one.held.lifting:
            why = "it is brought back"
            yield Finding(causes.ON_ITS_WAY, one.record, one.items[0].id, why=why)
        if why := held_back(one, one.items[0], live=comparison.live):
            yield Finding(causes.HELD_BACK, one.record, one.items[0].id, why=why)


# a record without an item --------------------------------------------------------------------


def _absent(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    held = one.held
    if not comparison.whole:
        yield Finding(causes.UNLISTED, one.record, held.id, why="the listing was incomplete")
        return
    if comparison.order.superseded:
        yield Finding(causes.LATER, one.record, held.id, why=SUPERSEDED)
        return
    fits = [w for w in one.wanted if not comparison.ahead(w)]
    new = [w for w in fits if is_news(w, held.fields.get(w.slug), held.gone, comparison.order)]
    states = {_state(w, held.fields[w.slug]) for w in fits if w.slug in held.fields}
    written = any(f.state in _WRITTEN for f in held.fields.values())
    known = one.known is not None or written
    # An item created, found or written meanwhile may be on a page that was read before.
    same = held.id == one.known or (one.moved and held.id is None)
    meanwhile = not same or comparison.is_fresh(held)
    pending = held.busy or "pending" in states or any(f.mending for f in held.fields.values())
    if meanwhile and held.back:
        yield Finding(causes.UNDECIDED, one.record, held.id, why=LEAVING)
    elif meanwhile or (pending and not new):
        yield Finding(causes.ON_ITS_WAY, one.record, held.id)
        yield from _unseen(one, comparison)
    elif not new and not states & set(_WRITTEN):
        note = next((NOTES[s] for s in ("dead", "ignored", "discarded") if s in states), None)
        yield Finding(note or causes.UNFIT, one.record, held.id)
    else:
        # A restored record was retired by us.
        cause = causes.DELETED if known and not held.back else causes.MISSING
        made = causes.CREATE if comparison.missing == "create" else comparison.missing
        act, why = comparison.policies.whole(causes.AGAIN if known else made)
        yield Finding(cause, one.record, held.id, act=act, why=why or f"missing: {made}")


def _unseen(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    """Compare with the outbox alone: what is on its way may be older than what the source has."""
    item = ListedItem("", {})
    for wanted in one.wanted:
        diff = FieldDiff(one, item, wanted, one.held.fields.get(wanted.slug), comparison)
        if found := diff.in_outbox():
            yield found


def _state(wanted: SourceField, held: FieldRecord) -> str:
    # Values that an existing item did not get go into the new one.
    return "written" if wanted.on_create and held.state == "ignored" else held.state


# an item and its record ----------------------------------------------------------------------


def _fields(one: ComparedRecord, item: ListedItem, comparison: Comparison) -> Iterator[Finding]:
    doubted = False
    for wanted in (each for each in one.wanted if not each.on_create):
        diff = FieldDiff(one, item, wanted, one.held.fields.get(wanted.slug), comparison)
        found = diff.in_variants()
        if comparison.live and (found is None or found.cause == causes.NORMALISED):
            doubted = doubted or diff.is_doubted()
            found = diff.in_live() or found
        if found is not None:
            yield found
    if doubted:
        yield Finding(causes.UNPUBLISHED, one.record, item.id, why=UNREAD)
