"""
What a CMS event says of the item that a change is for: an echo, if the write was ours. Pure.

A value is an echo only if the item itself shows it in the same field. What a mapping computes from
other fields, or writes to another item, is a change like that of any system.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from service.senders.base import Origin
from workers.config.settings import Collection
from workers.fields import equality
from workers.fields.types import TYPES, parse
from workers.model.changes import Change, FieldValue, Gone
from workers.webflow.item_keys import key_of
from workers.webflow.site import field_of

# An event without lastUpdated has no place in the order: what we wrote is then an echo.
_NO_TIME: Final = f"t{0:017d}"
_SAME: Final = {"number": equality.number, "date": equality.date, "color": equality.color}


def told(
    changes: Iterable[Change],
    origin: Origin,
    version: str | None,
    collections: Mapping[str, Collection],
) -> tuple[Change, ...]:
    """
    Return *changes*, with the values that the event's own item shows marked as echoes.

    Args:
        version: The event's lastUpdated; never ``Meta.version``, which the user chooses.
        collections: By name.
    """
    found: list[Change] = []
    for change in changes:
        collection = collections.get(change.collection)
        if collection is None or not _is_of(change, origin, collection):
            found.append(change)
        elif origin.fate != "deleted":  # a deleted item takes no writes
            own = replace(change, locale=origin.locale)
            found += _parted(own, origin.fields, version or _NO_TIME)
    return tuple(found)


def gone(origin: Origin, collections: Mapping[str, Collection]) -> tuple[Gone, ...]:
    """Return what to forget once the item of *origin* is deleted or unpublished."""
    if origin.fate == "held":
        return ()
    names = [name for name, each in collections.items() if each.id == origin.collection]
    deleted = origin.fate == "deleted"
    return tuple(Gone(name, origin.item, deleted, origin.locale) for name in names)


def _is_of(change: Change, origin: Origin, collection: Collection) -> bool:
    if collection.id != origin.collection:
        return False
    if change.by == "item":
        return change.record == origin.item
    return change.record == key_of(collection, origin.fields)


def _parted(change: Change, held: Mapping[str, Any], at: str) -> Iterator[Change]:
    """Yield the part of *change* that the item shows, and the part that it does not."""
    shown: list[FieldValue] = []
    made: list[FieldValue] = []
    for value in change.fields:
        slug = field_of(value.slug)
        if slug in held and _shows(value, held[slug]):
            shown.append(replace(value, seen=TYPES[value.type].seen(held[slug])))
        else:
            made.append(value)
    if shown:
        yield replace(change, fields=tuple(shown), echo=at)
    if made:
        yield replace(change, fields=tuple(made))


def _shows(value: FieldValue, held: Any) -> bool:
    mapped = parse(value.value)
    # A mapping may give a file by its URL alone, which identifies it as well as its fileId.
    return _SAME.get(value.type, equality.exact)(mapped, held) or _is_named(mapped, held)


def _is_named(mapped: Any, held: Any) -> bool:
    if isinstance(mapped, list) and isinstance(held, list):
        return len(mapped) == len(held) and all(map(_is_named, mapped, held))
    if not isinstance(held, dict):
        return False
    names = {held.get("fileId"), held.get("url")} - {None}
    if isinstance(mapped, dict):
        return bool({mapped.get("fileId"), mapped.get("url")} & names)
    return isinstance(mapped, str) and mapped in names
