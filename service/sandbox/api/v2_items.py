"""
Data API v2: items, staged and live, one or many, in one locale or in several.

https://developers.webflow.com/data/reference/cms/collection-items
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Response

from service.sandbox.api import lists
from service.sandbox.api.api_version import ApiRequest, Route, Views, answer
from service.sandbox.api.filters import is_looked_up, known
from service.sandbox.api.v2_bodies import (
    BATCH,
    Named,
    edit_of,
    entries_of,
    listed_locales,
    locale_of,
    locales_of,
    named_in,
    require_batch,
    require_id,
    require_type,
)
from service.sandbox.fields.kept_form import echoed
from service.sandbox.fields.slugs import apart, with_slug
from service.sandbox.fields.values import format_time
from service.sandbox.model.locales import PRIMARY_ID
from service.sandbox.model.records import Collection, Copy, Edit, Item
from service.sandbox.model.refusals import Refused, shape
from service.sandbox.site.items import Writer, delete, publish, unpublish
from service.sandbox.site.site import new_id


class Items(Views):
    def routes(self) -> tuple[Route, ...]:
        items = "/v2/collections/<cid>/items"
        return (
            ("GET", items, self.page),
            ("GET", f"{items}/live", partial(self.page, live=True)),
            ("POST", items, self.create),
            ("POST", f"{items}/live", partial(self.create, live=True)),
            ("POST", f"{items}/bulk", self.create_in_locales),
            ("POST", f"{items}/publish", self.publish),
            ("PATCH", items, self.update_many),
            ("PATCH", f"{items}/live", partial(self.update_many, live=True)),
            ("DELETE", items, partial(self.take_away, how=delete)),
            ("DELETE", f"{items}/live", partial(self.take_away, how=unpublish)),
            ("GET", f"{items}/<iid>", self.get),
            ("GET", f"{items}/<iid>/live", partial(self.get, live=True)),
            ("PATCH", f"{items}/<iid>", self.update),
            ("PATCH", f"{items}/<iid>/live", partial(self.update, live=True)),
            ("DELETE", f"{items}/<iid>", partial(self.take_away, how=delete)),
            ("DELETE", f"{items}/<iid>/live", partial(self.take_away, how=unpublish)),
        )

    def page(self, ask: ApiRequest, cid: str, *, live: bool = False) -> Response:
        collection = self._collection(cid)
        locales = listed_locales(self.site, ask.query)
        query = known(ask.query, self.site.rules.filters)
        each = [self._listed(collection, one, query) for one in locales]
        items = [item for one in each for item in one.values()]
        found = lists.page(
            [item for item in items if item.live] if live else items,
            query,
            fields=collection.fields,
            live=live,
        )
        return answer(
            {
                "items": [self._shown(item, live=live) for item in found.items],
                "pagination": {"limit": found.limit, "offset": found.offset, "total": found.total},
            }
        )

    def _listed(
        self, collection: Collection, locale: str, query: Mapping[str, str]
    ) -> Mapping[str, Item]:
        """Return the items of *locale* that *query* sees: the current ones, or older ones."""
        items = collection.variants(locale).items
        if not self.site.rules.filter_lag or not is_looked_up(query):
            return items
        return self.site.histories[collection.id].items(locale, items)

    def get(self, ask: ApiRequest, cid: str, iid: str, *, live: bool = False) -> Response:
        collection = self._collection(cid)
        item = collection.item(require_id(iid), locale_of(self.site, ask.query))
        if live and item.live is None:
            raise Refused("item", iid)
        return answer(self._shown(item, live=live))

    def create(self, ask: ApiRequest, cid: str, *, live: bool = False) -> Response:
        data = ask.json()
        if "items" in data and "fieldData" in data:
            raise shape("Value should match exactly one schema in oneOf")
        entries = entries_of(data) if "items" in data else [data]
        collection = self._collection(cid)
        edits = [self._creation(entry, live=live) for entry in entries]
        writer = self._writer(ask, collection, live=live)
        taken = ask.fault.keep(self._slugged(collection, edits))
        made = self._answered(collection, taken, writer.create(taken))
        # Webflow's description gives the answer the keys of an item, even for several.
        return answer(made[0] | {"items": made} if "items" in data else made[0], 202)

    def create_in_locales(self, ask: ApiRequest, cid: str) -> Response:
        data = ask.json()
        found = data.get("fieldData")
        several = require_batch(found, "fieldData") if isinstance(found, list) else [found]
        locales = locales_of(self.site, data)
        collection = self._collection(cid)
        edits = [self._creation({**data, "fieldData": one}, live=False) for one in several]
        ids = [new_id() for _ in edits]
        variants = [
            replace(edit, locale=locale)
            for edit in self._slugged(collection, edits, locales)
            for locale in locales
        ]
        writer = self._writer(ask, collection, live=False)
        taken = ask.fault.keep(variants)
        items = writer.create(taken, ids=[id for id in ids for _ in locales])
        made = self._answered(collection, taken, items)
        # Its schema describes one item with its locales, its examples a list of variants.
        return answer(made[0] | {"cmsLocaleIds": list(locales), "items": made}, 202)

    def update(self, ask: ApiRequest, cid: str, iid: str, *, live: bool = False) -> Response:
        edit = edit_of(self.site, ask.json(), require_id(iid))
        (shown,) = self._updated(ask, self._collection(cid), [edit], live=live)
        return answer(shown)

    def update_many(self, ask: ApiRequest, cid: str, *, live: bool = False) -> Response:
        entries = entries_of(ask.json())
        if any("id" not in entry for entry in entries):
            raise shape("Value (items[]) should have required property 'id'")
        edits = [edit_of(self.site, entry, require_id(entry["id"])) for entry in entries]
        items = self._updated(ask, self._collection(cid), edits, live=live)
        pages = {"limit": BATCH, "offset": 0, "total": len(items)}
        return answer({"items": items} if live else {"items": items, "pagination": pages})

    def publish(self, ask: ApiRequest, cid: str) -> Response:
        named = named_in(self.site, ask.json())
        published, errors = publish(self.site, self._collection(cid), named.ids, named.locales)
        return answer({"publishedItemIds": published, "errors": errors}, 202)

    def take_away(
        self, ask: ApiRequest, cid: str, iid: str | None = None, *, how: Callable[..., None]
    ) -> Response:
        """Delete or unpublish one item in one locale, or the items named in the body."""
        if iid is None:
            named = named_in(self.site, ask.json())
        else:
            named = Named([require_id(iid)], {iid: (locale_of(self.site, ask.query),)})
        how(self.site, self._collection(cid), named.ids, named.locales)
        return Response(status=204)

    def _updated(
        self, ask: ApiRequest, collection: Collection, edits: list[Edit], *, live: bool
    ) -> list[dict[str, Any]]:
        taken = ask.fault.keep(edits)
        items = self._writer(ask, collection, live=live).update(taken)
        return self._answered(collection, taken, items)

    def _collection(self, cid: str) -> Collection:
        return self.site.collection(require_id(cid))

    def _writer(self, ask: ApiRequest, collection: Collection, *, live: bool) -> Writer:
        skip = ask.query.get("skipInvalidFiles", "true") != "false"
        return Writer(self.site, collection, "v2", live=live, skip_invalid_files=skip)

    def _creation(self, entry: Mapping[str, Any], *, live: bool) -> Edit:
        if not require_type(entry, "fieldData", dict, required=True):
            raise shape("Value (fieldData) should have required property 'name'")
        # A staged item starts as a draft (changelog of 2024-12-17), a live one does not.
        edit = edit_of(self.site, {"isArchived": False, "isDraft": not live, **entry}, "")
        if "name" not in edit.fields:
            raise shape("Value (fieldData) should have required property 'name'")
        return edit

    def _slugged(
        self,
        collection: Collection,
        edits: Sequence[Edit],
        locales: Sequence[str] = (PRIMARY_ID,),
    ) -> list[Edit]:
        """Return *edits*, with a slug that is free in *locales* where one is needed."""
        taken = collection.taken(locales)
        made = []
        for edit in edits:
            sent = edit.fields.get("slug")
            if self.site.rules.suffixes_slugs and isinstance(sent, str) and sent in taken:
                fields = {**edit.fields, "slug": apart(sent)}
            else:
                fields = with_slug(edit.fields, taken)
            taken[str(fields.get("slug"))] = ""
            made.append(replace(edit, fields=fields))
        return made

    def _answered(
        self, collection: Collection, edits: Sequence[Edit], items: Sequence[Item]
    ) -> list[dict[str, Any]]:
        """Return *items* as the answer to a write shows them."""
        made = []
        for edit, item in zip(edits, items, strict=True):
            shown = self._shown(item)
            held = shown["fieldData"]
            found = echoed(self.site.rules, collection.fields, edit.fields, held)
            made.append(shown | {"fieldData": {**held, **found}} if found else shown)
        return made

    def _shown(self, item: Item, *, live: bool = False) -> dict[str, Any]:
        copy = item.live if live and item.live is not None else item.staged
        return shown(item, copy, item.locale if self.site.locales else None)


def shown(item: Item, copy: Copy, locale: str | None) -> dict[str, Any]:
    """Return one copy of an item in v2's form; *locale* is None on a site without locales."""
    return {
        "id": item.id,
        "cmsLocaleId": locale,
        "lastPublished": format_time(item.published) if item.published else None,
        "lastUpdated": format_time(copy.updated),
        "createdOn": format_time(item.created),
        "isArchived": copy.archived,
        "isDraft": copy.draft,
        "fieldData": copy.fields,
    }
