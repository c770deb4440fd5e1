"""
The payloads of the site's webhooks.

https://developers.webflow.com/data/reference/webhooks/events/collection-item-changed
https://developers.webflow.com/data/reference/webhooks/events/site-publish
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.sandbox.fields.stringify import written
from service.sandbox.fields.values import format_time
from service.sandbox.webhooks.events import Event

_OF_THE_LIVE_SITE = ("collection_item_published", "collection_item_unpublished")


def body_of(event: Event, ids: Mapping[str, str]) -> bytes:
    """
    Return the body of a delivery: JSON as ``JSON.stringify`` writes it.

    Receivers may verify the signature over the object that they have parsed and serialized again.

    Args:
        ids: ``siteId`` and ``workspaceId``.
    """
    payload = {**ids, **_item(event)}
    if event.trigger == "site_publish":
        payload = {
            "siteId": ids["siteId"],
            "publishedOn": format_time(event.at),
            "domains": list(event.domains),
            "publishedBy": {"displayName": "Sandbox"},
            "publishScope": "site" if event.page is None else "page",
            **({} if event.page is None else {"pageId": event.page}),
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
