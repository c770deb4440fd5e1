"""The control API of the site as a whole: its plan, locales, domains and rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from service.sandbox.api.api_version import answer
from service.sandbox.api.local_callers import sent
from service.sandbox.control.schemas import RulesOrder
from service.sandbox.fields.values import format_time
from service.sandbox.model.ids import stable_id
from service.sandbox.model.locales import make_locales
from service.sandbox.model.rules import Rules
from service.sandbox.site.site import Domain, Site

View = Callable[..., Response]


class SiteOrder(RulesOrder):
    """
    Changes of the site; missing keys stay as they are.

    ``locales`` are tags, the primary one first, or null for a site without localization;
    ``published`` false is a site that was never published.
    """

    published = fields.Boolean()
    locales = fields.List(
        fields.String(), allow_none=True, validate=validate.Length(min=1, max=100)
    )
    domains = fields.List(fields.String())

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        tags = data.get("locales") or []
        if len(set(tags)) != len(tags):
            raise ValidationError("Must be different from each other.", "locales")


class SiteControl:
    def __init__(self, site: Site) -> None:
        self._site = site

    def rules(self) -> tuple[tuple[str, str, View], ...]:
        return (("GET", "/site", self.site), ("POST", "/site", self.set_site))

    def site(self) -> Response:
        with self._site.lock:
            return answer(self._shown())

    def set_site(self) -> Response:
        order = SiteOrder().load(sent())
        with self._site.lock:
            if "published" in order:
                self._site.published = self._site.now() if order.pop("published") else None
            if "locales" in order:
                tags = order.pop("locales")
                self._site.locales = None if tags is None else make_locales(tags)
            if "domains" in order:
                self._site.domains = self._domains(order.pop("domains"))
            self._site.rules = Rules(**asdict(self._site.rules) | order)
            return answer(self._shown())

    def _domains(self, urls: Sequence[str]) -> list[Domain]:
        ids = [stable_id("domain", url) for url in urls]
        return [Domain(id, url, self._site.published) for id, url in zip(ids, urls, strict=True)]

    def _shown(self) -> dict[str, Any]:
        site = self._site
        return {
            "published": format_time(site.published) if site.published else None,
            "locales": site.locales.as_v2() if site.locales else None,
            "domains": [one.as_v2() for one in site.domains],
            **asdict(site.rules),
        }
