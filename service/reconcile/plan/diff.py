"""
Three ways: source against outbox against CMS, and the cause of what differs. Pure.

The value that an item must show is the newest: the source's where its version is higher and it
says something else, else the outbox's, since a live event may be newer than the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.copies import held_back, is_doubted, may_be_staged
from service.reconcile.plan.field_match import Match, in_variant, shown_in
from service.reconcile.plan.key_conflicts import duplicates
from service.reconcile.plan.model import (
    ComparedRecord,
    ListedItem,
    OutboxField,
    OutboxItem,
    SourceField,
)
from service.reconcile.plan.orphans import orphan
from service.reconcile.plan.precedence import SUPERSEDED, UNDECIDED, is_news, is_same
from service.reconcile.plan.retirements import is_retired, retired
from workers.model.versions import BEFORE, Version, kind_of
from workers.store.lua_limits import HOUR_US
from workers.webflow.site import tag_of

UNREAD = "only the staged copy could be read; publish the item, or run the reconcile again"
LIVE = "only the staged copy shows it"
_WRITTEN = ("written", "unchanged")
_TOLD = {"dead": causes.LETTER, "ignored": causes.IGNORED, "discarded": causes.DISCARDED}


def compare(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    """Yield what there is to say of one record, or of the items of one key."""
    if one.twice or len(one.items) > 1:
        yield from duplicates(one)
    elif not one.number:
        if not comparison.partial:
            yield orphan(one, comparison)
    elif comparison.order.lifts(one.held.gone):
        yield from _back(one, comparison)
    else:
        yield from _there(one, comparison)


def _back(one: ComparedRecord, comparison: Comparison) -> Iterator[Finding]:
    """An earlier snapshot lacked the record: compared as if it never had."""
    if one.items or not one.wanted:
        act, why = comparison.policies.whole(causes.BACK)
        why = why or "an earlier snapshot lacked its record"
        yield Finding(causes.MISSED, one.record, one.held.id, act=act, why=why)
    yield from _there(one.beside(replace(one.held, gone=None, back=True)), comparison)


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
    fits = [w for w in one.wanted if not _ahead(w, comparison)]
    new = [w for w in fits if is_news(w, held.fields.get(w.slug), held.gone, comparison.order)]
    states = {_state(w, held.fields[w.slug]) for w in fits if w.slug in held.fields}
    written = any(f.state in _WRITTEN for f in held.fields.values())
    known = one.known is not None or written
    # What was made, found or written meanwhile may be on a page that was read before.
    same = held.id == one.known or (one.moved and held.id is None)
    meanwhile = not same or _is_fresh(held, comparison)
    pending = held.busy or "pending" in states or any(f.mending for f in held.fields.values())
    if meanwhile or (pending and not new):
        yield Finding(causes.ON_ITS_WAY, one.record, held.id)
    elif not new and not states & set(_WRITTEN):
        told = next((_TOLD[s] for s in ("dead", "ignored", "discarded") if s in states), None)
        yield Finding(told or causes.UNFIT, one.record, held.id)
    else:
        # One that is back was taken away by us.
        cause = causes.DELETED if known and not held.back else causes.MISSING
        made = causes.CREATE if comparison.missing == "create" else comparison.missing
        act, why = comparison.policies.whole(causes.AGAIN if known else made)
        yield Finding(cause, one.record, held.id, act=act, why=why or f"missing: {made}")


def _state(wanted: SourceField, held: OutboxField) -> str:
    # What an item that was there did not get goes into the one that is made.
    return "written" if wanted.on_create and held.state == "ignored" else held.state


# an item and its record ----------------------------------------------------------------------


def _fields(one: ComparedRecord, item: ListedItem, comparison: Comparison) -> Iterator[Finding]:
    doubted = False
    for wanted in (each for each in one.wanted if not each.on_create):
        held = one.held.fields.get(wanted.slug)
        found = _in_variants(one, item, wanted, held, comparison)
        if comparison.live and (found is None or found.cause == causes.NORMALISED):
            doubted = doubted or is_doubted(one, item, wanted, held, comparison)
            found = _in_live(one, item, wanted, held, comparison) or found
        if found is not None:
            yield found
    if doubted:
        yield Finding(causes.UNPUBLISHED, one.record, item.id, why=UNREAD)


def _in_live(
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField | None,
    comparison: Comparison,
) -> Finding | None:
    """Compare one field with the live copy of the primary variant, as far as it was read."""
    if one.live is None or not may_be_staged(item, held):
        return None
    if all(tag for tag, _ in comparison.written.views(item, one.variants, wanted.slug)):
        return None
    found = _field(one, one.live, wanted, held, comparison)
    return found and replace(found, why="; ".join(filter(None, [LIVE, found.why])))


def _in_variants(
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField | None,
    comparison: Comparison,
) -> Finding | None:
    """Compare one field with every variant of the item that is to show it."""
    worst, tags, own = None, [], tag_of(wanted.slug)
    views = list(comparison.written.views(item, one.variants, wanted.slug))
    if not views and own:
        return _without_variant(one, item, wanted, held, comparison)
    for tag, view in views:
        known = in_variant(held, view, wanted.slug) if held and tag and not own else held
        found = _field(one, view, wanted, known, comparison)
        if found is not None:
            tags.append(tag or (comparison.written.tags or ("",))[0])
            worst = found if worst is None or worst.act == causes.NONE else worst
    why = f"in {', '.join(tags)}; {worst.why if worst else ''}".rstrip("; ")
    return worst and (worst if [tag for tag, _ in views] == [""] else replace(worst, why=why))


def _without_variant(
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField | None,
    comparison: Comparison,
) -> Finding:
    why = f"the item has no variant in {tag_of(wanted.slug)}"
    if held is not None and held.state in _TOLD and held.value == wanted.value:
        return _finding(_TOLD[held.state], one, item, wanted, held, why=why)
    new = held is None or is_news(wanted, held, one.held.gone, comparison.order)
    cause, act = (causes.MISSED, causes.ACCEPT) if new else (causes.LOST, causes.REPAIR)
    act, reason = comparison.policies.field(wanted.slug, act)
    return _finding(cause, one, item, wanted, held, act, f"{why}; {reason}".rstrip("; "))


def _field(
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField | None,
    comparison: Comparison,
) -> Finding | None:
    if ahead := _ahead(wanted, comparison):
        return _finding(causes.UNFIT, one, item, wanted, held, why=ahead)
    version = comparison.order.version(wanted.version, (held, one.held.gone))
    wanted = replace(wanted, version=version)
    if held is None or is_news(wanted, held, one.held.gone, comparison.order):
        unknown = held is None and one.held.gone is None
        matched = _match(one, item, wanted, None, comparison) if unknown else "no"
        if matched != "no":
            return _normalised(one, item, wanted, matched)
        if comparison.order.superseded and version == BEFORE:
            return _finding(causes.LATER, one, item, wanted, held, why=SUPERSEDED)
        if held is not None and (shown := _shown_already(one, item, wanted, held, comparison)):
            return shown
        act, why = comparison.policies.field(wanted.slug, causes.ACCEPT)
        return _finding(causes.MISSED, one, item, wanted, held, act, why)
    if not is_same(wanted, held) and comparison.order.is_undecided(version, held):
        shown = _shown_already(one, item, wanted, held, comparison)
        return shown or _finding(causes.UNDECIDED, one, item, wanted, held, why=UNDECIDED)
    return _unshown(one, item, wanted, held, comparison)


def _unshown(
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField,
    comparison: Comparison,
) -> Finding | None:
    """Tell why *item* does not show what the outbox holds, which is the newest."""
    older = not is_same(wanted, held)
    matched = _match(one, item, wanted, held, comparison)
    if matched != "no":
        is_older = comparison.order.is_older(wanted.version, held)
        told = _finding(causes.OLDER if is_older else causes.LATER, one, item, wanted, held)
        return told if older else _normalised(one, item, wanted, matched)
    if held.state == "pending" or held.mending:
        return _finding(causes.ON_ITS_WAY, one, item, wanted, held)
    if _is_fresh(one.held, comparison) and (item.updated or "") < (held.answered or ""):
        why = "it was written during the listing"
        return _finding(causes.ON_ITS_WAY, one, item, wanted, held, why=why)
    if held.state in _TOLD:
        return _finding(_TOLD[held.state], one, item, wanted, held)
    act, why = comparison.policies.field(wanted.slug, causes.REPAIR)
    if older:
        why = "; ".join(filter(None, [why, "the source is older than the outbox"]))
    return _finding(_cause(item, held, one.held.answered), one, item, wanted, held, act, why)


def _shown_already(
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField,
    comparison: Comparison,
) -> Finding | None:
    """
    Tell that *item* shows what the snapshot says, though the outbox holds something else that is
    no newer: it takes it, without a call. What is on its way by the same version goes out.
    """
    type_ = comparison.matcher.type_of(wanted.type, wanted.slug)
    # What we wrote live stands there: it is not what an editor has staged since.
    doubtful = comparison.live and (not item.shown or may_be_staged(item, None))
    if type_.vague or doubtful or one.variants or one.held.gone is not None:
        return None
    if _match(one, item, wanted, None, comparison) == "no":
        return None
    going = held.state == "pending" or held.mending or _is_fresh(one.held, comparison)
    if going and comparison.order.is_newer_by_itself(wanted.version, held):
        return None
    act, why = comparison.policies.field(wanted.slug, causes.ADOPT)
    told = causes.ON_ITS_WAY if going else causes.SHOWN
    return _finding(told, one, item, wanted, held, causes.NONE if going else act, why)


def _match(
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField | None,
    comparison: Comparison,
) -> Match:
    value = held or wanted
    return comparison.matcher.match(item, wanted.slug, value.value, value.type, held, one.links)


def _normalised(
    one: ComparedRecord, item: ListedItem, wanted: SourceField, matched: Match
) -> Finding | None:
    """Tell of what the CMS keeps in a form of its own; without its values, which may be long."""
    if matched == "as sent":
        return None
    return Finding(causes.NORMALISED, one.record, item.id, wanted.slug)


def _finding(
    cause: str,
    one: ComparedRecord,
    item: ListedItem,
    wanted: SourceField,
    held: OutboxField | None,
    act: str = causes.NONE,
    why: str = "",
) -> Finding:
    return Finding(
        cause,
        one.record,
        item.id,
        wanted.slug,
        wanted.value,
        held.value if held else None,
        shown_in(item, wanted.slug),
        act,
        why,
        wanted.version,
        wanted.type,
        wanted.mapping,
        held.arrival if held else 0,
    )


def _is_fresh(held: OutboxItem, comparison: Comparison) -> bool:
    """Tell whether a request for the item may have landed after it was listed."""
    return held.tried >= comparison.since_ms


def _ahead(wanted: SourceField, comparison: Comparison) -> str:
    """Return why the version of *wanted* cannot be used, or nothing."""
    if not wanted.version or kind_of(wanted.version) != "t":
        return ""
    if Version.parse(wanted.version).number <= comparison.now_us + HOUR_US:
        return ""
    return "its version is more than an hour ahead of the store's clock"


def _cause(item: ListedItem, held: OutboxField, answered: str | None) -> str:
    """
    Tell an edit from a lost write, by whether the item has changed since we were told of it.

    Our own write to another field moves the item's time as well: so the answer that last showed
    this field counts, where it is known.
    """
    since = held.answered or answered
    edited = since is not None and item.updated is not None and item.updated > since
    return causes.EDITED if edited else causes.LOST
