"""
What the site's webhooks say, as they say it.

https://developers.webflow.com/data/reference/webhooks/events/collection-item-changed
https://developers.webflow.com/data/reference/webhooks/events/site-publish
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from service.sandbox.events import Event
from service.sandbox.values import format_time

_OF_THE_LIVE_SITE = ("collection_item_published", "collection_item_unpublished")


def body_of(event: Event, ids: Mapping[str, str], domains: Sequence[str]) -> bytes:
    """
    Return the body of a delivery: JSON as ``JSON.stringify`` writes it.

    Args:
        ids: ``siteId`` and ``workspaceId``.
        domains: What the site is published to.

    Receivers may verify the signature over the object that they have read and written again.
    """
    payload = {**ids, **_item(event)}
    if event.trigger == "site_publish":
        payload = {
            "siteId": ids["siteId"],
            "publishedOn": format_time(event.at),
            "domains": list(domains),
            "publishedBy": {"displayName": "Sandbox"},
        }
    return written({"triggerType": event.trigger, "payload": payload}).encode()


def _item(event: Event) -> dict[str, Any]:
    item, collection = event.item, event.collection
    if item is None or collection is None:
        return {}
    fields = dict(item.staged.fields)
    if event.trigger in _OF_THE_LIVE_SITE:
        fields = {"_locale": event.locale, "_noSearch": False, **fields}
    return {
        "id": item.id,
        "collectionId": collection.id,
        "cmsLocaleId": event.locale,
        "lastPublished": format_time(item.published) if item.published else None,
        "lastUpdated": format_time(item.staged.updated),
        "createdOn": format_time(item.created),
        "isArchived": item.staged.archived,
        "isDraft": item.staged.draft,
        "fieldData": fields,
    }


def written(value: Any) -> str:
    """Return *value* as ``JSON.stringify`` writes it; all numbers are doubles."""
    if isinstance(value, dict):
        pairs = (f"{written(key)}:{written(one)}" for key, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(one) for one in value) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(float(value))
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Return a finite double as JavaScript writes it: Python's digits, other exponents."""
    negative, places, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits, minus = "".join(map(str, places)), "-" if negative and value else ""
    point = len(digits) + int(exponent)  # digits that stand before the point
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    if 0 < point <= 21:
        whole, part = digits[:point].ljust(point, "0"), digits[point:]
        return f"{minus}{whole}.{part}" if part else f"{minus}{whole}"
    part = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{part}e{point - 1:+d}"
