"""
What pages of listings, and the answers to publishes, say of the items that wait.

Staged copies are compared with live ones by their times alone: an item is live as it is staged if
its ``lastPublished`` is not older than its ``lastUpdated``. One page of a listing shows that of a
hundred items, where reading their live copies would cost a call each. A publish of items sets both
to one moment, a publish of the site moves ``lastPublished`` alone.

https://developers.webflow.com/data/docs/working-with-the-cms/publishing
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from workers.model.item_status import status_of
from workers.model.publishing import Member, Outcome, Round
from workers.webflow.item_answers import ItemView

AGAIN = 300.0  # s before what is held, or was refused, is looked at again


def is_queued(view: ItemView, published: str) -> bool:
    """
    Tell whether a publish of the site would change what it shows of an item.

    A draft is held back. Of an archived one the live copy is removed; whether that moves its
    ``lastPublished`` is unknown, so only what was archived since the site's last publish counts.
    """
    updated = view.updated or ""
    if view.archived:
        return view.published is not None and updated > max(view.published, published)
    return not view.draft and (view.published is None or updated > view.published)


def outcomes(
    members: Iterable[Member],
    views: Sequence[ItemView],
    round: Round,
    *,
    others: bool,
    localized: bool = False,
) -> list[Outcome]:
    """
    Return what a page shows of *members*, those of its items that wait.

    Args:
        views: All entries of the page: an item has one per locale.
        others: An item goes out although somebody else has edited it since.
        localized: The collection is written in several locales: variants that the page does not
            show, since we have not written them, stay as they are.
    """
    found = []
    for member in members:
        own = [view for view in views if view.id == member.id]
        if outcome := _outcome(member, own, round, others=others, localized=localized):
            found.append(outcome)
    return found


def _outcome(
    member: Member, views: Sequence[ItemView], round: Round, *, others: bool, localized: bool
) -> Outcome | None:
    states = {view.locale or "": _state(member, view, round, others=others) for view in views}
    ready = tuple(locale for locale, state in states.items() if state == "r")
    if ready:
        locales = tuple(filter(None, ready)) if localized or len(states) > 1 else ()
        return Outcome(member.record, member.at, "state", "r", locales=locales)
    if "e" in states.values():
        # Kept: a later write of ours does not make theirs ours.
        edited = member.edited or max(view.updated or "" for view in views)
        edits = _edits(member, views, states)
        return Outcome(
            member.record, member.at, "state", "e", edited=edited, edits=edits, wait=AGAIN
        )
    if "d" in states.values():
        return Outcome(member.record, member.at, "state", "d", wait=AGAIN)
    if "done" in states.values():
        live = max(views, key=lambda view: view.published or "")
        return Outcome(member.record, member.at, "done", status=status_of(live))
    if "leave" in states.values():
        return Outcome(member.record, member.at, "leave")
    return None  # an older state than that of our write


def _edits(
    member: Member, views: Sequence[ItemView], states: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the variants that somebody else has edited, by when that was first seen."""
    if "" in states or (member.edited and not member.edits):
        return {}  # the item has no variants; or it is not known which of them was edited
    elsewhere = {
        locale: edited for locale, edited in member.edits.items() if locale not in states
    }  # another page shows those
    return elsewhere | {
        view.locale: member.edits.get(view.locale) or view.updated or ""
        for view in views
        if view.locale and states[view.locale] in ("e", "d")
    }


def _state(member: Member, view: ItemView, round: Round, *, others: bool) -> str:
    updated, published = view.updated or "", view.published or ""
    ours = _is_as_written(member, view)
    if view.archived:
        if not member.by_site or not ours:
            return "leave"  # somebody else has archived it
        # What was archived since the lists of the round began may have missed its publish.
        took = round.confirmed and updated <= (round.since or round.published)
        return "done" if took else "r"
    if published >= max(updated, member.at):
        return "done"
    if view.draft:
        return "d"
    if updated <= published:
        return ""
    return "r" if ours or others else "e"


def _is_as_written(member: Member, view: ItemView) -> bool:
    """
    Tell whether nobody else has edited what *view* shows of an item since it was published.

    Each variant has times of its own: what an editor has not touched is not published by them. Of
    what we have archived nothing goes live, whatever they had edited before.
    """
    edits = member.edits
    edited = edits.get(view.locale or "", "") if edits else member.edited
    theirs = edited > (view.published or "") and not view.archived
    return not theirs and (view.updated or "") <= member.at


def unsure(found: Iterable[Outcome], doubted: Container[str]) -> list[Outcome]:
    """
    Return *found* without edits that may be ours: those items wait until their letters are decided.

    Args:
        doubted: Records that a request of ours may have written without an answer, and whose newest
            value is a dead letter since: nothing is written over it.
    """
    return [
        replace(each, state="", edited="", edits={})
        if each.state == "e" and each.record in doubted
        else each
        for each in found
    ]


def absent(members: Iterable[Member], seen: Container[str], *, whole: bool) -> list[Outcome]:
    """
    Return the outcomes of *members* that a listing has not shown to its last page.

    The first time it may have been between two pages; the second time it is deleted.

    Args:
        seen: Ids of items on the last page, and of those before that are not known to be ready.
        whole: The last page is the only one; else what was seen before has a state of its own.
    """
    return [
        Outcome(member.record, member.at, "leave")
        if member.state == "m"
        else Outcome(member.record, member.at, "state", "m")
        for member in members
        if member.id not in seen and (whole or member.state in ("", "m"))
    ]


def sent(
    members: Sequence[Member], published: Iterable[str], errors: Sequence[str]
) -> list[Outcome]:
    """
    Return the outcomes of a publish of items, whose answer reports each by its id.

    "Done" is left to the look behind it.
    """
    known = set(published)
    found = []
    for member in members:
        told = "; ".join(text for text in errors if member.id in text)
        if member.id in known or not told:
            found.append(Outcome(member.record, member.at, "state", "s"))
        else:
            found.append(Outcome(member.record, member.at, "state", "x", why=told, wait=AGAIN))
    return found


def is_ours(view: ItemView, member: Member | None, written: str | None, *, made: bool) -> bool:
    """
    Tell whether the queued item of *view* is as we have written it last.

    Args:
        written: lastUpdated of the answer to our last write, of an item that waits for nothing.
        made: Instep has created it, so that its first publish is ours as well.
    """
    if member is not None:
        return _is_as_written(member, view)
    return view.updated == written and (made or view.published is not None)
