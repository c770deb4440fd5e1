"""
Square: the catalogue objects whose stock a notice reports.

``inventory.count.updated`` lists them, usually one, each once for every state and location;
``data.id`` is an id of the count. ``catalog.version.updated`` names no object: that is for
``square-changes``.

https://developer.squareup.com/reference/square/catalog-api/retrieve-catalog-object
https://developer.squareup.com/reference/square/inventory-api/webhooks/inventory.count.updated
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema

from service.fetchers.api_client import Api, part, pick
from service.fetchers.base import FetcherConfig, FetcherKind, Notice
from service.senders.options import matching

VERSION: Final = "Square-Version"  # the header


class SquareObjectOptions(Schema):
    version = matching(
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "a version of the API, as in 2026-09-16",
        load_default=None,
    )


@dataclass(frozen=True, slots=True)
class CatalogObjects:
    api: Api
    object: str = "data.object.inventory_counts[].catalog_object_id"

    def __call__(self, notice: Notice) -> Any:
        path = f"/v2/catalog/object/{part(notice.object)}"
        query = {"include_related_objects": "false"}
        return pick(f"GET {path}", self.api.get(path, query), "object", dict)


def build(config: FetcherConfig) -> CatalogObjects:
    return CatalogObjects(config.api(version_header=VERSION))


KIND = FetcherKind(
    build,
    sender="square",
    base_url="https://connect.squareup.com",
    reads="each catalogue object that was counted",
    key="access token with ITEMS_READ",
    options=SquareObjectOptions,
)
