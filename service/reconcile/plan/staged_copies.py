"""
Staged copies that wait for a publish which nobody has noted: of whom they are, by what they differ
from the live ones in. Pure.

The store notes what Instep has staged. Where it was lost, or an older release has written, an item
shows it: what is staged of mapped fields, and is what the source says, is Instep's to publish. What
else is staged beside that may be an editor's, who has not decided on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from service.reconcile.plan.comparison import Comparison
from service.reconcile.plan.model import ComparedRecord, ListedItem
from workers.webflow.site import field_of, tag_of

ARCHIVED = "it is archived, and still on the site"
# The item shows what the record, or something newer of Instep's, says.
_AS_WANTED = (causes.NORMALISED, causes.OLDER, causes.SHOWN)
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def staged(one: ComparedRecord, found: Sequence[Finding], comparison: Comparison) -> Finding | None:
    """
    Return the finding about the staged copy of a record's item, of which no publish is noted.

    Args:
        found: All other findings about the record.
    """
    if not one.unnoted or one.twice or len(one.items) != 1:
        return None
    (item,) = one.items
    if item.archived:
        leaves = one.live is not None and _is_to_leave(one, found, comparison)
        return Finding(causes.STAGED, one.record, item.id, why=ARCHIVED) if leaves else None
    if not comparison.stages:
        return None
    if item.draft:
        return _drafted(one, item, found, comparison)
    return _queued(one, item, found, comparison) if _is_compared(one, found, comparison) else None


def is_queued(item: ListedItem) -> bool:
    """Tell whether a publish would change what the site shows of *item*; of a draft none does."""
    if item.draft:
        return False
    return item.published is None or (item.updated or "") > item.published


def _is_to_leave(one: ComparedRecord, found: Sequence[Finding], comparison: Comparison) -> bool:
    """Tell whether an archived item is what its mapping, or the policy for orphans, says."""
    if not one.number:
        policy = comparison.policies.settings.orphans == "archive"
        return policy and one.given and any(each.cause == causes.RETIRED for each in found)
    told = {each.slug for each in found}
    return any(
        wanted.slug == "_archived" and wanted.value == "true" and wanted.slug not in told
        for wanted in one.wanted
    )


def _drafted(
    one: ComparedRecord, item: ListedItem, found: Sequence[Finding], comparison: Comparison
) -> Finding | None:
    """Return the finding about a draft of an editor's that holds back values of Instep's."""
    rest = [each for each in found if each.cause != causes.HELD_BACK]
    held_back = len(rest) < len(found)  # it is no draft by its mapping
    if not held_back or one.live is None or not _is_compared(one, rest, comparison):
        return None
    waits = _queued(one, item, rest, comparison)
    why = "the site shows older values until it is published in the CMS"
    return waits and replace(waits, cause=causes.DRAFT, why=why)


def _is_compared(one: ComparedRecord, found: Sequence[Finding], comparison: Comparison) -> bool:
    """Tell whether the record's fields were compared, and its item may be published by Instep."""
    if not one.wanted or any(each.slug is None for each in found):
        return False
    made = comparison.missing == "create" or any(each.slug == "_draft" for each in one.wanted)
    return one.items[0].published is not None or made


def _queued(
    one: ComparedRecord, item: ListedItem, found: Sequence[Finding], comparison: Comparison
) -> Finding | None:
    other = [each for each in found if each.cause not in _AS_WANTED]
    going = {each.slug for each in other if each.slug and _is_going(each)}
    mine = {each.slug for each in one.wanted if not each.on_create} - {x.slug for x in other}
    vague = {slug for slug in mine if _is_vague(one, slug, comparison)}
    live: Mapping[str, Any] = one.live.fields if one.live else {}
    differing = {*_differing(one, item, live, comparison)}
    ours = bool(differing & _names(mine)) or item.published is None
    if not (ours or going):
        return None  # what somebody else has staged alone is their own business
    theirs = sorted(differing - _names(mine - vague) - _names(going))
    if theirs:
        why = f"{', '.join(theirs)}: staged, and nothing shows by whom"
        return Finding(causes.WHOSE, one.record, item.id, why=why)
    if any(is_queued(variant) and not variant.archived for variant in one.variants.values()):
        why = "another variant is staged, and its live copy was not read"
        return Finding(causes.WHOSE, one.record, item.id, why=why)
    # What is going is noted by its answer.
    return None if going else Finding(causes.STAGED, one.record, item.id)


def _differing(
    one: ComparedRecord, item: ListedItem, live: Mapping[str, Any], comparison: Comparison
) -> Iterator[str]:
    """Yield the fields in which the staged copy differs from *live*; {}: there is no live copy."""
    for name in sorted(item.fields.keys() | live.keys()):
        here, there = item.fields.get(name), live.get(name)
        if here == there or (_is_nothing(here) and _is_nothing(there)):
            continue
        if live or not _is_made(one, item, name, comparison):
            yield name


def _is_nothing(value: Any) -> bool:
    return value is False or value in _EMPTY  # 0 is a number: it equals False, and is something


def _is_made(one: ComparedRecord, item: ListedItem, name: str, comparison: Comparison) -> bool:
    """Tell whether a field of a new item is as Webflow, or Instep for new items alone, fills it."""
    if name == "slug" or name in comparison.keys:  # by which it was found for its record
        return True
    once = next((each for each in one.wanted if each.slug == name and each.on_create), None)
    if once is None:
        return False
    return comparison.matcher.match(item, name, once.value, once.type, None, one.links) != "no"


def _is_going(finding: Finding) -> bool:
    return finding.act in causes.ACTS or finding.cause == causes.ON_ITS_WAY


def _is_vague(one: ComparedRecord, slug: str, comparison: Comparison) -> bool:
    """Tell whether nothing shows that the value of *slug* is the source's: a picture, a video."""
    wanted = next(each for each in one.wanted if each.slug == slug)
    if slug in one.held.fields or wanted.value == "null":
        return False
    return comparison.matcher.type_of(wanted.type, slug).vague


def _names(slugs: set[str]) -> set[str]:
    return {field_of(slug) for slug in slugs if tag_of(slug) is None}
