"""
Data API v2, under ``/v2``: its views, its errors and its headers.

https://developers.webflow.com/data/reference/rest-introduction
"""

from __future__ import annotations

from typing import Any

from service.sandbox.api.api_version import Api, ApiRequest, Named
from service.sandbox.api.scopes import scope_of
from service.sandbox.api.v2_collections import Collections
from service.sandbox.api.v2_errors import failure, headers, refusal
from service.sandbox.api.v2_items import Items
from service.sandbox.api.v2_sites import Sites
from service.sandbox.api.v2_webhooks import Webhooks
from service.sandbox.model.refusals import Refused
from service.sandbox.site.site import Site


def v2(site: Site) -> Api:
    views = (Sites(site), Collections(site), Items(site), Webhooks(site))
    routes = tuple(route for one in views for route in one.routes())
    return Api(
        "v2",
        routes,
        _check,
        refusal=lambda refused, _: refusal(refused),
        failure=lambda fault, _: failure(fault),
        headers=lambda allowance, **_: headers(allowance),
        named=_named,
    )


def _check(ask: ApiRequest) -> None:
    """Refuse calls beyond the token's scopes; v2 has no version header."""
    needed = scope_of(ask.method, ask.path)
    if needed is not None and ask.scopes is not None and needed not in ask.scopes:
        raise Refused("scopes", needed)


def _named(data: Any) -> Named:
    entries = data.get("items", [data]) if isinstance(data, dict) else []
    entries = entries if isinstance(entries, list) else []
    return [(_id(entry), _fields(entry)) for entry in entries if isinstance(entry, dict)]


def _id(entry: dict[str, Any]) -> str | None:
    found = entry.get("id")
    return found if isinstance(found, str) else None


def _fields(entry: dict[str, Any]) -> dict[str, Any]:
    found = entry.get("fieldData")
    return found if isinstance(found, dict) else {}
