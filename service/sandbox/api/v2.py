"""
Data API v2, under ``/v2``: its views, its errors and its headers.

https://developers.webflow.com/data/reference/rest-introduction
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from service.sandbox.api.api_version import Ask, View
from service.sandbox.api.scopes import scope_of
from service.sandbox.api.v2_collections import Collections
from service.sandbox.api.v2_errors import failure, headers, refusal
from service.sandbox.api.v2_items import Items
from service.sandbox.api.v2_sites import Sites
from service.sandbox.api.v2_webhooks import Webhooks
from service.sandbox.faults.faults import Fault
from service.sandbox.model.rate_window import Allowance
from service.sandbox.model.refusals import Refused
from service.sandbox.site.site import Site


@dataclass(frozen=True, slots=True)
class V2:
    """Version 2."""

    site: Site
    name: str = "v2"

    def routes(self) -> tuple[tuple[str, str, View], ...]:
        views = (Sites(self.site), Collections(self.site), Items(self.site), Webhooks(self.site))
        return tuple(route for one in views for route in one.routes())

    def check(self, ask: Ask) -> None:
        """Refuse what the token has no scope for; v2 knows no version header."""
        needed = scope_of(ask.method, ask.path)
        if needed is not None and ask.scopes is not None and needed not in ask.scopes:
            raise Refused("scopes", needed)

    def refusal(self, refused: Refused, path: str) -> Response:
        return refusal(refused)

    def failure(self, fault: Fault, path: str) -> Response:
        return failure(fault)

    def headers(self, allowance: Allowance, *, counted: bool = True) -> dict[str, str]:
        return headers(allowance)

    def named(self, data: Any) -> list[tuple[str | None, Mapping[str, Any]]]:
        entries = data.get("items", [data]) if isinstance(data, dict) else []
        entries = entries if isinstance(entries, list) else []
        found = [(entry, entry.get("fieldData")) for entry in entries if isinstance(entry, dict)]
        return [
            (_text(entry.get("id")), fields if isinstance(fields, dict) else {})
            for entry, fields in found
        ]


def _text(id: Any) -> str | None:
    return id if isinstance(id, str) else None
