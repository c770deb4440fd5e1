"""
Written means read back: the item in an answer, compared field by field with what was sent. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.answers import ItemView
from workers.fieldtypes import TYPES, dumps
from workers.fieldtypes import seen as seen_as
from workers.files import remembered
from workers.settings import Collection
from workers.steps import ClaimedItem
from workers.tombstones import GONE

LONGEST = 200  # characters of a value in a message
_NO_ITEM = "the answer leaves the item out"


@dataclass(frozen=True, slots=True)
class Findings:
    """
    What an answer shows of one item.

    Args:
        shown: Slugs whose values it shows.
        missed: Slug → what it holds instead, in words.
        files: Slug → JSON of the file that it holds now, of the fields that import one.
        seen: Slug → what it holds, as text, of the fields that do not show a value as it was sent.
    """

    shown: tuple[str, ...] = ()
    missed: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)


def nothing(sent: Mapping[str, Any]) -> Findings:
    """Return the findings where the answer has no such item."""
    return Findings(missed=dict.fromkeys(sent, _NO_ITEM))


def compare(item: ClaimedItem, view: ItemView, sent: Mapping[str, Any]) -> Findings:
    """Compare what was *sent* of *item*, by slug, with the *view* of it in the answer."""
    shown: list[str] = []
    missed: dict[str, str] = {}
    files: dict[str, str] = {}
    seen: dict[str, str] = {}
    flags: dict[str, Any] = {"_archived": view.archived, "_draft": view.draft}
    flags[GONE] = dict(flags)
    for claimed in item.fields:
        slug = claimed.slug
        if slug not in sent:
            continue
        kind = TYPES.get(claimed.type, TYPES["plain"])
        answer = flags[slug] if slug in flags else view.fields.get(slug)
        missed_it = not kind.shown(sent[slug], answer, file=claimed.file)
        if missed_it or not kind.verbatim:
            seen[slug] = seen_as(answer)
        if missed_it:
            missed[slug] = f"the item holds {as_text(answer)}"
            continue
        shown.append(slug)
        if kind.files:
            files[slug] = remembered(answer)
    return Findings(tuple(shown), missed, files, seen)


def is_another(
    collection: Collection, item: ClaimedItem, view: ItemView, sent: Mapping[str, Any]
) -> bool:
    """
    Tell whether *view* carries another key than *item*, which was addressed by its key.

    False as well where the key itself was sent: the answer then shows ours on whatever item.
    """
    if not collection.key or item.record == item.id or collection.key in sent:
        return False
    key = key_text(view.fields.get(collection.key))
    return key is not None and key != item.record


def key_text(value: Any) -> str | None:
    """Return a key in an item's field as text (12 and "12" are one); None: it is none."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)


def as_text(value: Any) -> str:
    """Return *value* as JSON, cut to a length for people."""
    try:
        text = dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = "something that is not JSON"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
