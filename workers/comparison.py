"""
Written means read back: the item in an answer, compared field by field with what was sent. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.answers import ItemView
from workers.fields.key_forms import kept
from workers.fields.marks import mark_of
from workers.fieldtypes import dumps, type_for
from workers.fieldtypes import seen as seen_as
from workers.files import remembered
from workers.keys import joined, normal, parted
from workers.schema import UNKNOWN, Schema
from workers.settings import Collection
from workers.steps import ClaimedItem
from workers.tombstones import GONE
from workers.webflow.site import field_of

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
        normalised: Those of *shown* whose values the CMS keeps in a form of its own.
    """

    shown: tuple[str, ...] = ()
    missed: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    normalised: tuple[str, ...] = ()


def nothing(sent: Mapping[str, Any]) -> Findings:
    """Return the findings where the answer has no such item."""
    return Findings(missed=dict.fromkeys(sent, _NO_ITEM))


def compare(
    item: ClaimedItem, view: ItemView, sent: Mapping[str, Any], schema: Schema = UNKNOWN
) -> Findings:
    """
    Compare what was *sent* of *item*, by slug, with the *view* of it in the answer.

    Args:
        schema: Of the collection, as last read: what the CMS makes of a value goes by its fields.
    """
    shown: list[str] = []
    missed: dict[str, str] = {}
    files: dict[str, str] = {}
    seen: dict[str, str] = {}
    normalised: list[str] = []
    flags: dict[str, Any] = {"_archived": view.archived, "_draft": view.draft}
    flags[GONE] = dict(flags)
    for claimed in item.fields:
        slug = claimed.slug
        if slug not in sent:
            continue
        name = field_of(slug)
        kind = type_for(claimed.type, *schema.kind(name))
        answer = flags[name] if name in flags else view.fields.get(name)
        missed_it = not kind.shown(sent[slug], answer, file=claimed.file)
        rewritten = not missed_it and kind.normalised(sent[slug], answer)
        if missed_it or rewritten or not kind.verbatim:
            seen[slug] = seen_as(answer)
        if missed_it:
            missed[slug] = f"the item holds {as_text(answer)}"
            continue
        shown.append(slug)
        if rewritten:
            normalised.append(slug)
        if kind.files:
            files[slug] = remembered(answer)
    return Findings(tuple(shown), missed, files, seen, tuple(normalised))


def edited(item: ClaimedItem, view: ItemView) -> tuple[str, ...]:
    """Return the fields that were not sent and show another text than the form that is known."""
    return tuple(
        slug
        for slug, marks in item.forms.items()
        if mark_of(seen_as(view.fields.get(slug))) not in marks
    )


def is_another(
    collection: Collection,
    item: ClaimedItem,
    view: ItemView,
    sent: Mapping[str, Any],
    schema: Schema = UNKNOWN,
) -> bool:
    """
    Tell whether *view* carries another key than *item*, which was addressed by its key.

    What was sent of the key itself tells nothing: the answer shows ours on whatever item.
    """
    if not collection.key or item.record == item.id:
        return False
    for slug, part in zip(collection.keys, parts_of(collection, item.record), strict=False):
        held = key_text(view.fields.get(slug))
        if slug in sent or held is None or held == part:
            continue
        if kept(held, schema.kind(slug)[0]) != kept(part, schema.kind(slug)[0]):
            return True
    return False


def key_of(collection: Collection, fields: Mapping[str, Any]) -> str | None:
    """Return the key that an item with *fields* has in *collection*, as text; None: it has none."""
    parts = [key_text(fields.get(slug)) for slug in collection.keys]
    known = [part for part in parts if part is not None]
    return joined(known) if parts and len(known) == len(parts) else None


def is_of(
    collection: Collection, record: str, fields: Mapping[str, Any], schema: Schema = UNKNOWN
) -> bool:
    """Tell whether an item with *fields* bears the key *record*, be it as its field keeps it."""
    held = key_of(collection, fields)
    if held is None or held == record:
        return held is not None
    return kept_key(collection, held, schema) == kept_key(collection, record, schema)


def kept_key(collection: Collection, key: str, schema: Schema) -> str:
    """Return *key* as the fields that hold it keep it."""
    parts = parts_of(collection, key)
    if len(parts) != len(collection.keys):
        return key
    pairs = zip(parts, collection.keys, strict=True)
    return joined([kept(part, schema.kind(slug)[0]) for part, slug in pairs])


def parts_of(collection: Collection, key: str) -> tuple[str, ...]:
    """Return *key* as the fields of *collection* hold it, one part for each of them."""
    return parted(key) if len(collection.keys) > 1 else (key,)


def key_text(value: Any) -> str | None:
    """
    Return a key, or a part of one, in an item's field as it is compared (12 and "12" are one);
    None: it is none.
    """
    if isinstance(value, str):
        return normal(value) or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None  # of the key "nan" no number is made either: JSON has none
    return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)


def key_number(part: str) -> int | float | None:
    """
    Return the number as which a field of numbers holds the key *part*; None: it would read back as
    another key, be it for the digits that a double does not keep.
    """
    try:
        number: int | float = int(part) if part.lstrip("-").isdigit() else float(part)
        return number if part.isascii() and key_text(float(number)) == part else None
    except (ValueError, OverflowError):
        return None


def shown_key(collection: Collection, fields: Mapping[str, Any]) -> str:
    """Return what *fields* hold where the key of *collection* stands, for people."""
    return " and ".join(as_text(fields.get(slug)) for slug in collection.keys)


def as_text(value: Any) -> str:
    """Return *value* as JSON, cut to a length for people."""
    try:
        text = dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = "something that is not JSON"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
