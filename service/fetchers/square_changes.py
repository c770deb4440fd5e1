"""
Square: the catalogue objects that changed since the last fetch, deleted ones included.

``catalog.version.updated`` names no object. Square's own recipe is a search from the
``latest_time`` of the last one; the first search has none and reads the whole catalogue. The time
is taken from the first page, so that changes made during the reading come again. The search is a
POST that changes nothing.

https://developer.squareup.com/docs/catalog-api/webhooks
https://developer.squareup.com/reference/square/catalog-api/search-catalog-objects
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from service.fetchers import square_object
from service.fetchers.api_client import Api, pick
from service.fetchers.base import Fetched, FetcherConfig, FetcherKind, Notice
from service.fetchers.options import words
from workers.errors import FetchRefused

PATH: Final = "/v2/catalog/search"
PAGE: Final = 100  # objects; a hint to the server, which may send more


class SquareChangesOptions(square_object.SquareObjectOptions):
    # Both: no source says whether a change of a variation also marks its item as changed.
    object_types = words("ITEM", "ITEM_VARIATION", least=1)


@dataclass(frozen=True, slots=True)
class Position:
    """The progress of a search: changes after *since*, from *page* on."""

    since: str | None = None
    page: str | None = None
    until: str | None = None  # the next *since*, once all pages are read

    @classmethod
    def parse(cls, cursor: str | None) -> Position:
        return cls(**json.loads(cursor)) if cursor else cls()

    def __str__(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Changes:
    api: Api
    object_types: tuple[str, ...]
    object: str = "merchant_id"

    def __call__(self, notice: Notice) -> Fetched:
        position = Position.parse(notice.cursor)
        try:
            found = self._search(position)
        except FetchRefused:
            if position.page is None:
                raise
            # A page cursor expires after a while; the time does not.
            position = replace(position, page=None, until=None)
            found = self._search(position)
        objects = pick(f"POST {PATH}", {"objects": []} | found, "objects", list)
        until = position.until or found.get("latest_time")
        if page := found.get("cursor"):
            onward = Position(position.since, page, until)
            return Fetched(tuple(objects), str(onward), more=True)
        return Fetched(tuple(objects), str(Position(until or position.since)))

    def _search(self, position: Position) -> dict[str, Any]:
        body: Mapping[str, Any] = {
            "object_types": list(self.object_types),
            "include_deleted_objects": True,
            "limit": PAGE,
            "begin_time": position.since,
            "cursor": position.page,
        }
        given = {name: value for name, value in body.items() if value is not None}
        return pick(f"POST {PATH}", self.api.post(PATH, given), "", dict)


def build(config: FetcherConfig) -> Changes:
    return Changes(config.api(version_header=square_object.VERSION), config.options["object_types"])


KIND = FetcherKind(
    build,
    sender="square",
    base_url=square_object.KIND.base_url,
    reads="every catalogue object that changed since the last fetch",
    key="access token with ITEMS_READ",
    options=SquareChangesOptions,
)
