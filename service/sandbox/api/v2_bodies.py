"""
Reads v2's paths, queries and bodies, before anything is looked up.

https://developers.webflow.com/data/reference/cms
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.sandbox.model.ids import ID
from service.sandbox.model.locales import PRIMARY_ID
from service.sandbox.model.records import Edit
from service.sandbox.model.refusals import Refused, shape
from service.sandbox.site.site import Site

BATCH = 100  # items in one request

_TYPES = {"isArchived": bool, "isDraft": bool, "fieldData": dict}
_NOUNS = {bool: "boolean", dict: "object", str: "string", list: "array"}


def require_id(id: Any) -> str:
    """Return *id*; raises Refused if it is malformed."""
    if not isinstance(id, str) or not ID.fullmatch(id):
        raise Refused("id", str(id))
    return id


def require_type(data: Mapping[str, Any], key: str, kind: type, *, required: bool = False) -> Any:
    """Return the value of *key*, None if absent; raises Refused for any other type."""
    if key not in data:
        if required:
            raise shape(f"Value should have required property '{key}'")
        return None
    if not isinstance(data[key], kind):
        raise shape(f"Value ({key})'s type should be {_NOUNS[kind]}")
    return data[key]


def entries_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of ``items``: objects, at most BATCH."""
    entries = data.get("items")
    if not isinstance(entries, list):
        raise shape("Value (items)'s type should be array")
    return require_batch(entries, "items")


def require_batch(entries: list[Any], key: str) -> list[dict[str, Any]]:
    """Return *entries*, found under *key*, if they are at most BATCH objects."""
    if not 1 <= len(entries) <= BATCH:
        bound = "more than 100" if entries else "fewer than 1"
        raise shape(f"Value ({key}) should NOT have {bound} items")
    if not all(isinstance(entry, dict) for entry in entries):
        raise shape(f"Value ({key}[])'s type should be object")
    return entries


def edit_of(site: Site, entry: Mapping[str, Any], id: str) -> Edit:
    """
    Return the changes of an entry to the item *id*; read-only keys such as ``lastUpdated`` are
    ignored. Raises Refused if a key is of the wrong type, or there is nothing to change.
    """
    for key, kind in _TYPES.items():
        require_type(entry, key, kind)
    fields = entry.get("fieldData", {})
    if not fields and "isArchived" not in entry and "isDraft" not in entry:
        raise shape("Value should have required property 'fieldData'")
    locale = locale_of(site, entry)
    return Edit(id, fields, entry.get("isArchived"), entry.get("isDraft"), locale)


@dataclass(frozen=True, slots=True)
class Named:
    """The items named in a body, and the locales named for some of them."""

    ids: list[str]
    locales: dict[str, tuple[str, ...]] = field(default_factory=dict)


def named_in(site: Site, data: Mapping[str, Any]) -> Named:
    """Return the items named in a body, as ``items`` or as ``itemIds``."""
    if "items" not in data:
        ids = data.get("itemIds")
        if not isinstance(ids, list):
            raise shape("Value should have required property 'itemIds'")
        return Named([require_id(id) for id in ids])
    entries = entries_of(data)
    found = Named([require_id(entry.get("id")) for entry in entries])
    for entry in entries:
        if "cmsLocaleIds" in entry:
            found.locales[entry["id"]] = locales_of(site, entry)
    return found


def locale_of(site: Site, entry: Mapping[str, Any]) -> str:
    """Return the locale in ``cmsLocaleId`` of a body or a query, by default the primary one."""
    id = require_type(entry, "cmsLocaleId", str)
    return PRIMARY_ID if id is None else _known(site, id)


def locales_of(site: Site, entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the locales in ``cmsLocaleIds``, by default the primary one."""
    ids = require_type(entry, "cmsLocaleIds", list)
    if not ids:
        return (PRIMARY_ID,)
    if not all(isinstance(id, str) for id in ids):
        raise shape("Value (cmsLocaleIds[])'s type should be string")
    return tuple(dict.fromkeys(_known(site, id) for id in ids))


def listed_locales(site: Site, query: Mapping[str, str]) -> tuple[str, ...]:
    """Return the locales of a list: ``cmsLocaleId``, comma-separated."""
    if not query.get("cmsLocaleId"):
        return (PRIMARY_ID,)
    ids = query["cmsLocaleId"].split(",")
    return tuple(dict.fromkeys(_known(site, id.strip()) for id in ids))


def _known(site: Site, id: str) -> str:
    if site.locales is None or id not in site.locales.cms_ids:
        raise Refused("id", id)
    return id
