"""
Seeds as v2 has them: saved answers of Get Collection and List Items.

``{"collections": [{…Get Collection…, "items": [{…List Items…}], "liveItems": [{…}]}]}``, or one
such collection alone. Only ``fields``, and ``fieldData.name`` of each item, are required.

https://developers.webflow.com/data/reference/cms/collections/get
https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from service.sandbox.fields.values import parse_time
from service.sandbox.model.ids import FIELD_ID, ID
from service.sandbox.model.schema import TYPES, Field
from service.sandbox.seeds.seed_files import CollectionSeed, Described, ItemSeed, SeedRefused

_OWN = ("name", "slug")  # fields that every collection has
_SAME = {"ExtFileRef": "File"}  # another name of a type
# Types of the API that the stand-in leaves out, with their values.
_NOT_IMITATED = frozenset(
    re.findall(
        r"\w+",
        """
    CommercePrice CommercePropTable CommercePropValues FileRef IntRange MembershipPlan SkuSettings
    SkuValues TextOption User
    """,
    )
)
_NOUNS = {dict: "an object", list: "an array", str: "a string", bool: "true or false"}


def read_json(text: str, place: str) -> Iterator[CollectionSeed]:
    """Return the collections of *text*; raises SeedRefused."""
    try:
        data = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise SeedRefused(place, Described(error), "JSON") from None
    whole = _is(data, dict, place)
    if "collections" not in whole and "fields" in whole:
        yield _collection(whole, place)
        return
    if "collections" not in whole:
        raise SeedRefused(place, sorted(whole), "'collections', or a collection with 'fields'")
    for index, one in enumerate(_is(whole["collections"], list, f"{place}: collections")):
        yield _collection(_is(one, dict, at := f"{place}: collections[{index}]"), at)


def _collection(data: dict[str, Any], place: str) -> CollectionSeed:
    name = _get(data, "displayName", str, place, "Things")
    fields, dropped = _fields(data, place)
    items, live = _get(data, "items", list, place, []), _get(data, "liveItems", list, place, [])
    copies = {_key(one): one for one in live if isinstance(one, dict)}
    return CollectionSeed(
        place=place,
        name=name,
        slug=_get(data, "slug", str, place, re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")),
        fields=tuple(fields),
        id=_id(data, place),
        singular=_get(data, "singularName", str, place, ""),
        created=_time(data, "createdOn", place),
        items=tuple(
            _item(_is(one, dict, at := f"{place}.items[{index}]"), at, copies)
            for index, one in enumerate(items)
        ),
        dropped=dropped,
    )


def _fields(data: dict[str, Any], place: str) -> tuple[list[Field], dict[str, str]]:
    fields, dropped = [], {}
    for index, entry in enumerate(_get(data, "fields", list, place, None)):
        at = f"{place}.fields[{index}]"
        one = _is(entry, dict, at)
        slug, kind = _get(one, "slug", str, at, None), _get(one, "type", str, at, None)
        kind = _SAME.get(kind, kind)
        if kind in _NOT_IMITATED:
            dropped[slug] = kind
            continue
        if kind not in TYPES:
            raise SeedRefused(f"{at}.type", kind, f"one of {', '.join(TYPES)}")
        if slug in _OWN:
            continue
        fields.append(
            Field(
                slug,
                kind,
                _get(one, "displayName", str, at, ""),
                _get(one, "isRequired", bool, at, False),
                one.get("validations") or _made(one),
                one.get("helpText"),
                found
                if isinstance(found := one.get("id"), str) and FIELD_ID.fullmatch(found)
                else "",
            )
        )
    return fields, dropped


def _made(one: dict[str, Any]) -> dict[str, Any]:
    """Return the validations of a field written as for Create Field, as ``metadata``."""
    metadata = one.get("metadata")
    return dict(metadata) if isinstance(metadata, dict) else {}


def _item(data: dict[str, Any], place: str, live: Mapping[Any, dict[str, Any]]) -> ItemSeed:
    values = _get(data, "fieldData", dict, place, None)
    copy = live.get(_key(data), {}).get("fieldData")
    return ItemSeed(
        place=place,
        values=values,
        id=_id(data, place),
        locale=data.get("cmsLocaleId"),
        created=_time(data, "createdOn", place),
        updated=_time(data, "lastUpdated", place),
        published=_time(data, "lastPublished", place),
        archived=_get(data, "isArchived", bool, place, False),
        draft=_get(data, "isDraft", bool, place, False),
        live=copy if isinstance(copy, dict) and copy != values else None,
    )


def _key(item: dict[str, Any]) -> tuple[Any, Any]:
    return item.get("id"), item.get("cmsLocaleId")


def _is(value: Any, kind: type, place: str) -> Any:
    if not isinstance(value, kind):
        raise SeedRefused(place, value, _NOUNS[kind])
    return value


def _get(data: dict[str, Any], key: str, kind: type, place: str, default: Any) -> Any:
    """Return the value under *key*, or *default*; with None the key is required."""
    if data.get(key) is None and default is not None:
        return default
    return _is(data.get(key), kind, f"{place}.{key}")


def _id(data: dict[str, Any], place: str) -> str | None:
    value = data.get("id")
    if value is not None and not (isinstance(value, str) and ID.fullmatch(value)):
        raise SeedRefused(f"{place}.id", value, "24 hex digits")
    return value


def _time(data: dict[str, Any], key: str, place: str) -> datetime | None:
    if data.get(key) is None:
        return None
    try:
        return parse_time(data[key])
    except (TypeError, ValueError):
        expected = "a time, as 2025-02-03T09:10:11.123Z"
        raise SeedRefused(f"{place}.{key}", data[key], expected) from None
