"""
Data API v2: registering webhooks.

https://developers.webflow.com/data/reference/webhooks
"""

from __future__ import annotations

from typing import Any

from flask import Response

from service.sandbox.api.api_version import ApiRequest, Route, Views, answer
from service.sandbox.api.v2_bodies import require_id, require_type
from service.sandbox.fields.files import web_parts
from service.sandbox.fields.values import format_time
from service.sandbox.model.refusals import Refused, shape
from service.sandbox.site.site import SITE_ID, WORKSPACE_ID, new_id
from service.sandbox.webhooks.registrations import FORMS, PER_TRIGGER, TRIGGERS, Registration


class Webhooks(Views):
    def routes(self) -> tuple[Route, ...]:
        return (
            ("GET", "/v2/sites/<sid>/webhooks", self.list_all),
            ("POST", "/v2/sites/<sid>/webhooks", self.create),
            ("GET", "/v2/webhooks/<wid>", self.get),
            ("DELETE", "/v2/webhooks/<wid>", self.delete),
        )

    def list_all(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(require_id(sid))
        found = [_shown(one) for one in self.site.webhooks.values()]
        pages = {"limit": 100, "offset": 0, "total": len(found)}
        return answer({"webhooks": found, "pagination": pages})

    def create(self, ask: ApiRequest, sid: str) -> Response:
        self.site.require(require_id(sid))
        data = ask.json()
        trigger = require_type(data, "triggerType", str, required=True)
        url = require_type(data, "url", str, required=True)
        form = require_type(data, "filter", dict) if data.get("filter") is not None else None
        if trigger not in TRIGGERS:
            raise Refused("trigger", trigger)
        if form is not None and trigger != FORMS:
            raise Refused("filter", trigger)
        if web_parts(url) is None:
            raise shape('Value (url) should match format "uri"')
        same = [one for one in self.site.webhooks.values() if one.trigger == trigger]
        if len(same) >= PER_TRIGGER:
            raise shape(f"No more than {PER_TRIGGER} webhooks of the type {trigger}")
        made = Registration(new_id(), trigger, url, self.site.now(), form)
        self.site.hooks.put(made)
        return answer(_shown(made) | {"secretKey": made.secret}, 201)

    def get(self, ask: ApiRequest, wid: str) -> Response:
        return answer(_shown(self._registration(wid)))

    def delete(self, ask: ApiRequest, wid: str) -> Response:
        self.site.hooks.remove(self._registration(wid).id)
        return Response(status=204)

    def _registration(self, wid: str) -> Registration:
        try:
            return self.site.webhooks[require_id(wid)]
        except KeyError:
            raise Refused("webhook", wid) from None


def _shown(one: Registration) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": one.id,
        "triggerType": one.trigger,
        "url": one.url,
        "workspaceId": WORKSPACE_ID,
        "siteId": SITE_ID,
        "createdOn": format_time(one.created),
    }
    if one.triggered is not None:
        shown["lastTriggered"] = format_time(one.triggered)
    return shown if one.filter is None else shown | {"filter": dict(one.filter)}
