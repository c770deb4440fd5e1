"""Which field of a collection holds the key of another system: by name, type and values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from service.onboarding.names import Words, meaning, words
from workers.webflow.item_answers import SchemaField

_KINDS: Final = frozenset({"PlainText", "Number"})
_CODES: Final = frozenset({"code", "number", "no", "nr", "reference", "ref", "key", "handle"})
_IDS: Final = frozenset({"id", "uid", "uuid", "gid"})


def proposed(
    fields: Sequence[SchemaField], items: Sequence[Mapping[str, Any]], sender: str = ""
) -> str | None:
    """
    Return the slug of the field that looks like a key; None: no field does.

    Args:
        items: Field values of some items; a field in which two are equal is no key.
        sender: What sends the webhooks, where that is known: ``hubspot-id`` is made for HubSpot's.
    """
    scores = {cms["slug"]: _score(cms, items, sender) for cms in fields}
    best = max(scores, key=lambda slug: scores[slug], default=None)
    return best if best is not None and scores[best] > 0 else None


def unique(slug: str, items: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether no two of *items* hold the same in the field *slug*."""
    held = [str(each[slug]) for each in items if each.get(slug) not in (None, "")]
    return len(held) == len({*held})


def candidates(fields: Sequence[SchemaField], items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the slugs of all fields that could be a key."""
    return [
        cms["slug"]
        for cms in fields
        if cms["type"] in _KINDS and cms["slug"] != "name" and unique(cms["slug"], items)
    ]


def _score(cms: SchemaField, items: Sequence[Mapping[str, Any]], sender: str) -> int:
    slug = cms["slug"]
    if cms["type"] not in _KINDS or slug in ("name", "slug") or not unique(slug, items):
        return 0
    names = (words(slug), words(cms["displayName"]))
    score = max(_of_name(name, sender) for name in names)
    if not score:
        return 0
    # A field that every item fills is likelier than one that few do.
    filled = sum(each.get(slug) not in (None, "") for each in items)
    return score + (10 * filled // len(items) if items else 0) + (cms["type"] == "PlainText")


def _of_name(name: Words, sender: str) -> int:
    means = meaning(name)
    if sender in name and _IDS & {*name}:
        return 110  # above a SKU that every item fills
    if means == ("sku",):
        return 90
    if _IDS & {*name}:
        return 80
    if means == ("barcode",):
        return 60
    return 50 if _CODES & {*name} else 0
