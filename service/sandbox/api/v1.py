"""
Data API v1, as the gate sees it. Its views are in ``v1_items`` and ``v1_sites``.

https://developers.webflow.com/data/v1.0.0/reference
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response

from service.sandbox.api.api_version import Api, ApiRequest, Named
from service.sandbox.api.v1_errors import failure, headers, refusal
from service.sandbox.api.v1_items import ItemViews
from service.sandbox.api.v1_sites import SiteViews
from service.sandbox.model.refusals import Refused
from service.sandbox.site.site import Site

VERSION = "1.0.0"

_NUMBERS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
# Parts of v1 that the stand-in does not imitate.
_NOT_IMITATED = ("webhooks", "webhooks/<wid>", "orders", "users")


def v1(site: Site) -> Api:
    others = tuple(
        (method, f"/sites/<sid>/{path}", _not_imitated)
        for path in _NOT_IMITATED
        for method in ("GET", "POST", "PATCH", "DELETE")
    )
    routes = SiteViews(site).routes() + ItemViews(site).routes() + others
    return Api("v1", routes, _check, refusal, failure, headers, _named)


def _check(ask: ApiRequest) -> None:
    """Refuse a version other than 1.0.0; without the header it is 1.0.0."""
    version = ask.headers.get("Accept-Version", VERSION)
    if version != VERSION:
        kind = "version" if _NUMBERS.fullmatch(version) else "no version"
        raise Refused(kind, version, counted=False)


def _named(data: Any) -> Named:
    fields = data.get("fields") if isinstance(data, dict) else None
    return [(None, fields)] if isinstance(fields, dict) else []


def _not_imitated(_: ApiRequest, **_ids: str) -> Response:
    raise Refused("not imitated")
