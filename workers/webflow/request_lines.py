"""The method and path of each kind of request, as ``workers.webflow.client`` sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

# {live}: "/live" where both copies are written
_V2: Final[Mapping[str, tuple[str, str]]] = {
    "update": ("PATCH", "/collections/{id}/items{live}"),
    "create": ("POST", "/collections/{id}/items{live}"),
    "publish": ("POST", "/collections/{id}/items/publish"),
    "unpublish": ("DELETE", "/collections/{id}/items/live"),
    "delete": ("DELETE", "/collections/{id}/items"),
    "look": ("GET", "/collections/{id}/items"),
}
_V1: Final[Mapping[str, tuple[str, str]]] = {
    "update": ("PATCH", "/collections/{id}/items/{item}"),
    "create": ("POST", "/collections/{id}/items"),
    "publish": ("PUT", "/collections/{id}/items/publish"),
    "unpublish": ("DELETE", "/collections/{id}/items/{item}"),
    "delete": ("DELETE", "/collections/{id}/items/{item}"),
    "look": ("GET", "/collections/{id}/items/{item}"),
}
REQUESTS: Final = frozenset(_V2)


def request_line(api: str, collection: str, kind: str, *, item: str, live: bool) -> tuple[str, str]:
    """Return method and path, without query, of a request of *kind* (`attempts.Kind`)."""
    method, path = (_V2 if api == "v2" else _V1)[kind]
    shown = path.format(
        id=quote(collection, safe=""), item=quote(item, safe=""), live="/live" if live else ""
    )
    return method, ("/v2" if api == "v2" else "") + shown
