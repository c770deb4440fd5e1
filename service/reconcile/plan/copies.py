"""
The two copies of an item: what a listing of the staged copies says about the live one, and whether
an editor holds it back. Pure.
"""

from __future__ import annotations

from service.reconcile.plan.model import ComparedRecord, ListedItem
from workers.model.versions import Version
from workers.store.item_record import FieldRecord

APART_US = 1_000_000  # the two times of one live write may differ


def may_be_staged(item: ListedItem, held: FieldRecord | None) -> bool:
    """
    Tell whether the live copy may differ from the staged one.

    https://developers.webflow.com/data/docs/working-with-the-cms/publishing: a live write changes
    both times, a staged one only lastUpdated. A value that we wrote live before the last publish is
    live, whatever an editor has staged since.
    """
    if not item.shown or item.updated is None or item.published is None:
        return False
    updated, published = (Version.parse(at).number for at in (item.updated, item.published))
    if updated <= published + APART_US:
        return False
    return held is None or held.answered is None or held.answered > item.published


def held_back(one: ComparedRecord, item: ListedItem, *, live: bool) -> str:
    """
    Return how an editor holds back an item with a record, or nothing; *live*: the destination
    writes both copies.
    """
    slugs = {wanted.slug for wanted in one.wanted} | set(one.held.fields)
    if (
        one.held.gone is not None
        or one.held.lifting
        or one.held.back
        or slugs & {"_archived", "_draft"}
    ):
        return ""
    if item.archived:
        return "an editor archived it"
    if item.draft:
        return "an editor made it a draft"
    return "it is not published" if live and item.published is None else ""
