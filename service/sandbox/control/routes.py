"""
The control API, under ``/_sandbox``: faults, tokens, budget, and the contents of the store.

It needs no token: it answers local callers only (``api/local_callers.py``).
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError

from service.sandbox.api.api_version import answer
from service.sandbox.api.local_callers import admit, sent
from service.sandbox.control import schemas
from service.sandbox.control.orders import arm, register, share
from service.sandbox.control.site_routes import SiteControl, View
from service.sandbox.fields.values import format_time
from service.sandbox.model.records import Collection, Copy, Edit, Item
from service.sandbox.model.refusals import Refused
from service.sandbox.model.schema import Field, offering
from service.sandbox.seeds.samples import PRODUCTS, fill, samples
from service.sandbox.site.items import Writer, delete, publish, unpublish
from service.sandbox.site.site import Site


class Control:
    def __init__(self, site: Site) -> None:
        self._site = site

    def blueprint(self) -> Blueprint:
        made = Blueprint("control", __name__, url_prefix="/_sandbox")
        for method, rule, view in self.rules():
            made.add_url_rule(rule, endpoint=view.__name__, view_func=view, methods=[method])
        made.before_request(admit)
        made.register_error_handler(ValidationError, _invalid)
        made.register_error_handler(Refused, _refused)
        made.register_error_handler(KeyError, _unknown)
        return made

    def rules(self) -> tuple[tuple[str, str, View], ...]:
        """Return method, rule and view of each route."""
        return (
            ("GET", "/faults", self.faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("POST", "/token", self.token),
            ("POST", "/budget", self.budget),
            ("GET", "/calls", self.calls),
            ("DELETE", "/calls", self.clear_calls),
            ("GET", "/items", self.items),
            ("POST", "/item", self.edit),
            ("POST", "/collections", self.add_collection),
            ("DELETE", "/collections/<cid>", self.remove_collection),
            ("POST", "/schema", self.schema),
            *SiteControl(self._site).rules(),
            ("POST", "/clock", self.clock),
            ("GET", "/webhooks", self.webhooks),
            ("POST", "/webhooks", self.add_webhook),
            ("DELETE", "/webhooks/<id>", self.remove_webhook),
        )

    def faults(self) -> Response:
        return answer({"faults": self._site.faults.as_list()})

    def add_fault(self) -> Response:
        with self._site.lock:
            fault = arm(self._site.faults, sent())
        return answer({"id": fault.id}, 201)

    def clear_faults(self) -> Response:
        with self._site.lock:
            id, armed = request.args.get("id"), self._site.faults.as_list()
            if id is not None and id not in [one["id"] for one in armed]:
                raise KeyError(f"fault {id!r}")
            self._site.faults.clear(id)
        return self.faults()

    def token(self) -> Response:
        order = _read(schemas.TokenOrder())
        with self._site.lock:
            token = order.get("token", self._site.tokens.main)
            self._site.tokens.set(token, valid=order["valid"])
            if "scopes" in order:
                self._site.tokens.grant(token, order["scopes"])
        return answer({"valid": order["valid"]})

    def budget(self) -> Response:
        order = _read(schemas.BudgetOrder())
        tokens, token = self._site.tokens, order.get("token")
        with self._site.lock:
            try:
                window = tokens.window(token)
            except KeyError:
                raise KeyError(f"token {token!r}") from None
            window.limit = order.get("limit", window.limit)
            window.seconds = order.get("window_seconds", window.seconds)
            if order.get("reset"):
                window.reset()
            if "second_consumer_per_minute" in order:
                tokens.hide(order["second_consumer_per_minute"], token)
            if "second_consumer_percent" in order:
                tokens.hide(share(window, order["second_consumer_percent"]), token)
            if "used" in order:
                tokens.use(order["used"], token)
            return answer({"limit": window.limit, "used": window.used})

    def calls(self) -> Response:
        with self._site.lock:
            return answer(self._site.calls.as_dict(_recent()))

    def clear_calls(self) -> Response:
        with self._site.lock:
            self._site.calls.clear()
        return self.calls()

    def items(self) -> Response:
        with self._site.lock:
            collection = self._collection(request.args)
            return answer({"items": [_shown(item) for item in collection.items.values()]})

    def edit(self) -> Response:
        order = _read(schemas.ItemOrder())
        with self._site.lock:
            collection = self._collection(order)
            item = collection.item(order["item"])
            change = Edit(item.id, order["values"], order["archived"], order["draft"])
            if change != Edit(item.id):
                Writer(self._site, collection, "v2").update([change])
                self._site.calls.written -= 1  # by hand, not by a call
            if order["publish"]:
                publish(self._site, collection, [item.id])
            if order["unpublish"]:
                unpublish(self._site, collection, [item.id])
            if order["delete"]:
                delete(self._site, collection, [item.id])
            return answer(_shown(item))

    def add_collection(self) -> Response:
        order = _read(schemas.CollectionOrder())
        schema = [_field(one) for one in order["schema"]]
        with self._site.lock:
            made = self._site.add_collection(
                order["name"], order["slug"], schema, id=order.get("id")
            )
            items = order["items"]
            data = items if isinstance(items, list) else samples(made.fields, int(items))
            try:
                fill(self._site, made, data, live=order["live"])
            except Refused:
                del self._site.collections[made.id]
                raise
            return answer({"id": made.id, "items": list(made.items)}, 201)

    def remove_collection(self, cid: str) -> Response:
        with self._site.lock:
            del self._site.collections[self._site.collection(cid).id]
        return Response(status=204)

    def schema(self) -> Response:
        order = _read(schemas.SchemaOrder())
        with self._site.lock:
            collection = self._collection(order)
            for slug in order["remove"]:
                if slug not in collection.fields:
                    raise KeyError(f"field {slug!r} of collection {collection.id}")
            for slug in order["remove"]:
                collection.fields.pop(slug, None)
            for one in order["add"]:
                # A recreated field is a new one, with its own options.
                collection.put_field(replace(_field(one), id=secrets.token_hex(16)))
            collection.blocked = order.get("blocked", collection.blocked)
            collection.changed = order.get("changed", collection.changed)
            return answer({"fields": list(collection.fields), "blocked": collection.blocked})

    def clock(self) -> Response:
        order = _read(schemas.ClockOrder())
        with self._site.lock:
            self._site.clock.offset = order["offset"]
            return answer({"offset": order["offset"], "now": format_time(self._site.now())})

    def webhooks(self) -> Response:
        return answer({"webhooks": self._site.hooks.as_list()})

    def add_webhook(self) -> Response:
        order = _read(schemas.WebhookOrder())
        hooks = self._site.hooks
        hooks.retry_seconds = order.get("retry_seconds", hooks.retry_seconds)
        made = register(self._site, order["url"], order.get("secret"), order.get("triggers"))
        shown = [{"id": one.id, "trigger": one.trigger, "secretKey": one.secret} for one in made]
        return answer({"webhooks": shown}, 201)

    def remove_webhook(self, id: str) -> Response:
        if not self._site.hooks.remove(id):
            raise KeyError(f"webhook {id!r}")
        return Response(status=204)

    def _collection(self, order: Any) -> Collection:
        first = next(iter(self._site.collections), PRODUCTS)
        usual = PRODUCTS if PRODUCTS in self._site.collections else first
        return self._site.collection(order.get("collection") or usual)


def _read(schema: Schema) -> Any:
    return schema.load(sent())


def _recent() -> int:
    found = request.args.get("recent", "0")
    if not (found.isascii() and found.isdigit() and len(found) < 10):
        raise ValidationError({"recent": [f"found {found!r}, expected how many calls, as 5"]})
    return int(found)


def _field(order: dict[str, Any]) -> Field:
    labels = order.get("options")
    if labels is not None:
        order = order | {"validations": offering(labels)}
    return Field(**{key: value for key, value in order.items() if key != "options"})


def _shown(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "createdOn": format_time(item.created),
        "lastPublished": format_time(item.published) if item.published else None,
        "staged": _copy(item.staged),
        "live": _copy(item.live) if item.live else None,
    }


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "fieldData": copy.fields,
        "isArchived": copy.archived,
        "isDraft": copy.draft,
        "lastUpdated": format_time(copy.updated),
    }


def _invalid(error: ValidationError) -> Response:
    return answer({"error": error.messages}, 400)


def _refused(error: Refused) -> Response:
    fields = {one.slug: f"{one.reason}: {one.quoted}" for one in error.fields}
    status = 404 if error.kind in ("item", "collection") else 400
    found = f"unknown: {error.kind} {error.text!r}" if status == 404 else str(error)
    return answer({"error": fields or found}, status)


def _unknown(error: KeyError) -> Response:
    return answer({"error": f"unknown: {error.args[0]}"}, 404)
