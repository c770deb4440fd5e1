"""
v1: the owner of the token, the site and its domains, publishing, collections.

Lists are bare arrays. Values beyond the site's own are made up: nothing depends on them.

https://developers.webflow.com/data/v1.0.0/reference/sites
https://developers.webflow.com/data/v1.0.0/reference/meta/get-authorized-info
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from service.sandbox.api.api_version import ApiRequest, Route, Views, answer
from service.sandbox.api.v1_errors import headers, refusal
from service.sandbox.api.v1_items import CID, body_of
from service.sandbox.fields.values import format_time
from service.sandbox.model.rate_window import Allowance
from service.sandbox.model.records import Collection
from service.sandbox.model.refusals import Refused, shape
from service.sandbox.model.schema import fields_v1
from service.sandbox.site.publish import check_limit, publish_site
from service.sandbox.site.site import SITE_ID, SUBDOMAIN

AUTHORIZATION_ID = "65e000000000000000000003"
ACCOUNT_ID = "65e000000000000000000004"
DATABASE_ID = "65e000000000000000000005"

_SID = "/sites/<sid>"


class SiteViews(Views):
    """The calls of v1 that are not about items."""

    def routes(self) -> tuple[Route, ...]:
        return (
            ("GET", "/info", self.info),
            ("GET", "/user", self.user),
            ("GET", "/sites", self.sites),
            ("GET", _SID, self.one),
            ("GET", f"{_SID}/domains", self.domains),
            ("POST", f"{_SID}/publish", self.publish),
            ("GET", f"{_SID}/collections", self.collections),
            ("GET", CID, self.collection),
        )

    def info(self, ask: ApiRequest) -> Response:
        return answer(
            {
                "_id": AUTHORIZATION_ID,
                "createdOn": format_time(self.site.created),
                "grantType": "user",
                "lastUsed": format_time(self.site.now()),
                "sites": [SITE_ID],
                "orgs": [],
                "workspaces": [],
                "users": [ACCOUNT_ID],
                "rateLimit": self.site.tokens.window().limit,
                "status": "confirmed",
                "application": {
                    "_id": "65e000000000000000000006",
                    "description": "A stand-in for tests",
                    "homepage": "https://www.example.com",
                    "name": "Sandbox",
                    "owner": ACCOUNT_ID,
                    "ownerType": "Person",
                },
            }
        )

    def user(self, ask: ApiRequest) -> Response:
        # Wrapped, as in the official client's types; the page shows the four keys bare.
        account = {
            "_id": ACCOUNT_ID,
            "email": "sandbox@example.com",
            "firstName": "Sand",
            "lastName": "Box",
        }
        return answer({"user": account})

    def sites(self, ask: ApiRequest) -> Response:
        return answer([self._shown()])

    def one(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(sid)
        return answer(self._shown())

    def domains(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(sid)
        return answer([{"_id": one.id, "name": one.url} for one in self.site.domains])

    def publish(self, ask: ApiRequest, sid: str) -> Response:
        """Publish the site, by the names of its domains; v2 uses their ids."""
        self.site.require(sid)
        names = self._named(body_of(ask).get("domains"))
        if check_limit(self.site).waits:
            return _turned_away(ask)
        ids = [one.id for one in self.site.domains if one.url in names]
        publish_site(self.site, ids, subdomain=SUBDOMAIN in names)
        return answer({"queued": True})

    def collections(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(sid)
        return answer([_collection(one) for one in self.site.collections.values()])

    def collection(self, ask: ApiRequest, cid: str) -> Response:
        found = self.site.collection(cid)
        return answer(_collection(found) | {"fields": fields_v1(found.id, found.fields.values())})

    def _named(self, names: Any) -> list[str]:
        """Return *names* if the site has them all."""
        if not isinstance(names, list) or not names:
            raise shape("'domains' is required")
        known = [SUBDOMAIN, *(one.url for one in self.site.domains)]
        if any(name not in known for name in names):
            raise shape("Domain not found for site")
        return names

    def _shown(self) -> dict[str, Any]:
        return {
            "_id": SITE_ID,
            "createdOn": format_time(self.site.created),
            "name": "Sandbox",
            "shortName": "sandbox",
            "lastPublished": _time(self.site.published),
            "previewUrl": "https://screenshots.example.com/sandbox.png",
            "timezone": "Etc/UTC",
            "database": DATABASE_ID,
        }


def _turned_away(ask: ApiRequest) -> Response:
    # It is not recorded which limit the headers report; v2 reports the exceeded one.
    response = refusal(Refused("rate"), ask.path)
    response.headers.update(headers(Allowance(limit=1, remaining=0, ends_in=1)))
    return response


def _time(value: datetime | None) -> str | None:
    return format_time(value) if value else None


def _collection(found: Collection) -> dict[str, Any]:
    return {
        "_id": found.id,
        "lastUpdated": format_time(found.updated or found.created),
        "createdOn": format_time(found.created),
        "name": found.name,
        "slug": found.slug,
        "singularName": found.singular or found.name.removesuffix("s"),
    }
