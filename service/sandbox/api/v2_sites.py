"""
Data API v2: the site, its domains, publishing, and the owner of the token.

https://developers.webflow.com/data/reference/sites
https://developers.webflow.com/data/reference/token
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from service.sandbox.api.api_version import ApiRequest, Route, Views, answer
from service.sandbox.api.scopes import ALL
from service.sandbox.api.v2_bodies import require_id, require_type
from service.sandbox.api.v2_errors import refusal
from service.sandbox.fields.values import format_time
from service.sandbox.model.refusals import Refused, shape
from service.sandbox.site.publish import PublishLimit, check_limit, publish_site
from service.sandbox.site.site import SITE_ID, USER_ID, WORKSPACE_ID


class Sites(Views):
    def routes(self) -> tuple[Route, ...]:
        sid = "/v2/sites/<sid>"
        return (
            ("GET", "/v2/sites", self.list_all),
            ("GET", sid, self.get),
            ("PATCH", sid, self.refuse),
            ("DELETE", sid, self.refuse),
            ("GET", f"{sid}/custom_domains", self.domains),
            ("POST", f"{sid}/publish", self.publish),
            ("GET", "/v2/token/authorized_by", self.authorized_by),
            ("GET", "/v2/token/introspect", self.introspect),
        )

    def list_all(self, ask: ApiRequest) -> Response:
        return answer({"sites": [self._shown()]})

    def get(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(require_id(sid))
        return answer(self._shown())

    def refuse(self, ask: ApiRequest, sid: str) -> Response:
        """Refuse a call that needs an Enterprise workspace."""
        self.site.require(require_id(sid))
        raise Refused("enterprise")

    def domains(self, ask: ApiRequest, sid: str) -> Response:
        self._require_domains_of(sid)
        return answer({"customDomains": [one.as_v2() for one in self.site.domains]})

    def publish(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(require_id(sid))
        sent = ask.json() if ask.body else {}
        # The CMS's own clients send null for missing values.
        data = {key: value for key, value in sent.items() if value is not None}
        domains = self._named_domains(data)
        subdomain = require_type(data, "publishToWebflowSubdomain", bool) or False
        page = require_type(data, "pageId", str)
        if not domains and not subdomain:
            raise Refused("no_domains")
        limit = check_limit(self.site)
        if limit.waits:
            return _turned_away(limit)
        if page is None:
            publish_site(self.site, domains, subdomain=subdomain)
        else:
            self.site.announce_publish(domains, subdomain=subdomain, page=page)
        shown = [one.as_v2() for one in self.site.domains if one.id in domains]
        scope = "site" if page is None else "page"
        body = {
            "customDomains": shown,
            "publishToWebflowSubdomain": subdomain,
            "publishScope": scope,
        }
        return _with_limit(answer(body, 202), limit)

    def authorized_by(self, ask: ApiRequest) -> Response:
        shown = {"email": "owner@example.com", "firstName": "Site", "lastName": "Owner"}
        return answer({"id": _USER, **shown})

    def introspect(self, ask: ApiRequest) -> Response:
        granted = ALL if ask.scopes is None else sorted(ask.scopes)
        authorization = {
            "id": "65e0000000000000000000b1",
            "createdOn": format_time(self.site.created),
            "lastUsed": format_time(self.site.now()),
            "grantType": "authorization_code",
            "rateLimit": self.site.tokens.limit(ask.headers.get("Authorization", "")),
            "scope": ",".join(granted),
            "authorizedTo": {"siteIds": [SITE_ID], "workspaceIds": [], "userIds": []},
        }
        application = {
            "id": "65e0000000000000000000c1",
            "description": "A client of the sandbox",
            "homepage": "https://example.com",
            "displayName": "Sandbox client",
        }
        return answer({"authorization": authorization, "application": application})

    def _require_domains_of(self, sid: str) -> None:
        # Of the calls of a site, only the list of domains documents no 400.
        if sid != SITE_ID:
            raise Refused("site", sid)

    def _named_domains(self, data: Mapping[str, Any]) -> list[str]:
        ids = require_type(data, "customDomains", list) or []
        if not all(isinstance(id, str) for id in ids):
            raise shape("Value (customDomains[])'s type should be string")
        known = {one.id for one in self.site.domains}
        for id in ids:
            if id not in known:
                raise Refused("domain", id)
        return ids

    def _shown(self) -> dict[str, Any]:
        site = self.site
        return {
            "id": SITE_ID,
            "workspaceId": WORKSPACE_ID,
            "createdOn": format_time(site.created),
            "displayName": "Sandbox",
            "shortName": "sandbox",
            "lastPublished": format_time(site.published) if site.published else None,
            "lastUpdated": format_time(site.created),
            "previewUrl": "https://example.com/sandbox.png",
            "timeZone": "Etc/UTC",
            "parentFolderId": None,
            "customDomains": [one.as_v2() for one in site.domains],
            "locales": site.locales.as_v2() if site.locales else None,
            "dataCollectionEnabled": False,
            "dataCollectionType": "disabled",
        }


_USER = USER_ID.removeprefix("Person_")


def _turned_away(limit: PublishLimit) -> Response:
    response = _with_limit(refusal(Refused("rate")), limit)
    response.headers["Retry-After"] = str(limit.waits)
    return response


def _with_limit(response: Response, limit: PublishLimit) -> Response:
    """Set the headers of the site's own limit, instead of the token's."""
    response.headers["X-RateLimit-Limit"] = "1"
    response.headers["X-RateLimit-Remaining"] = "0"
    response.headers["X-RateLimit-Reset"] = str(limit.resets)
    return response
