"""
A fake CMS: it accepts every write, and answers from the listing.

It has the methods of `workers.webflow.client.Client`, and ignores their other arguments. It refuses
no value, so a dry run does not show refusals of the CMS itself, only those of Instep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from service.reconcile.plan.model import ListedItem
from service.reconcile.state.working_set import WorkingSet
from workers.fields.types import TYPES
from workers.model.versions import moment_of
from workers.webflow.item_answers import Answer, ItemView, SchemaField
from workers.webflow.payloads import Named, as_entries, named
from workers.webflow.variants import Entry

_FLAGS = ("_archived", "_draft")
_NO_ITEM = Answer(404, "resource_not_found", "no such item")
_HELD_BACK = Answer(409, "conflict", "Live PATCH updates can't be applied to items that have "
                    "never been published")  # fmt: skip


@dataclass(eq=False)
class FakeClient:
    """
    The client of the fake CMS.

    Args:
        table: With the listing.
        types: Slug → field type, of the source's fields.
        schema: The collection's fields.
        by_v1: One item a call, and files by their URL alone.
        tags: cmsLocaleId → tag, of the secondary locales.
    """

    table: WorkingSet
    types: Mapping[str, str]
    schema: Sequence[SchemaField]
    _: KW_ONLY
    by_v1: bool
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._written: dict[str, ItemView | None] = {}  # of a variant: by id and tag
        self._files = count(1)
        self._made = count(1)
        self.calls: Counter[str] = Counter()

    def close(self) -> None:
        """Nothing is open."""

    # writes ---------------------------------------------------------------------------------

    def patch(
        self,
        collection: str,
        items: Mapping[str, Mapping[str, Any]] | Sequence[Entry],
        *,
        live: bool,
        **_: object,
    ) -> Answer:
        self.calls["update"] += 1
        sent = {(id, locale): fields for id, locale, fields in as_entries(items)}
        views = {place: self._view(*place) for place in sent}
        if None in views.values():
            return _NO_ITEM
        known = {place: view for place, view in views.items() if view is not None}
        if live and any(view.published is None for view in known.values()):
            return replace(_HELD_BACK, status=400, code="Conflict") if self.by_v1 else _HELD_BACK
        shown = []
        for (id, locale), view in known.items():
            now = self._merged(view, sent[id, locale], live=live)
            self._written[self._place(id, locale)] = now
            shown.append(replace(now, locale=locale or None))
        return Answer(200, items={view.id: view for view in shown}, variants=tuple(shown))

    def create(
        self, collection: str, items: Sequence[Mapping[str, Any]], *, live: bool, **_: object
    ) -> Answer:
        self.calls["create"] += 1
        made = {}
        for fields in items:
            id = f"new-{next(self._made)}"
            made[id] = self._merged(ItemView(id, {}, created=_now()), fields, live=live)
        self._written.update(made)
        return Answer(200, items=made)

    def publish(self, collection: str, items: Named, **_: object) -> Answer:
        self.calls["publish"] += 1
        for place in (places := self._places(items)):
            if view := self._view(*place):
                self._written[self._place(*place)] = replace(view, published=_now())
        return Answer(200, published=frozenset(id for id, _ in places))

    def withdraw(self, collection: str, items: Named, *, live: bool, **_: object) -> Answer:
        self.calls["unpublish" if live else "delete"] += 1
        for place in self._places(items):
            view = self._view(*place)
            left = replace(view, published=None, draft=True) if live and view else None
            self._written[self._place(*place)] = left
        return Answer(204)

    # reads ----------------------------------------------------------------------------------

    def get_collection(self, collection: str, **_: object) -> Answer:
        self.calls["schema"] += 1
        return Answer(200, schema=tuple(self.schema))

    def list_items(self, collection: str, **_: object) -> Answer:
        """Return no items: everything was just listed."""
        self.calls["list"] += 1
        return Answer(200, items={}, total=0)

    def find_slug(self, collection: str, slug: str, **_: object) -> Answer:
        self.calls["list"] += 1
        return Answer(200, items={}, total=0)

    def get_item(self, collection: str, item: str, **_: object) -> Answer:
        self.calls["get"] += 1
        view = self._view(item)
        return Answer(200, items={item: view}) if view else _NO_ITEM

    # ----------------------------------------------------------------------------------------

    def _place(self, id: str, locale: str = "") -> str:
        return f"{id} {self.tags[locale]}" if locale in self.tags else id

    def _places(self, items: Named) -> list[tuple[str, str]]:
        return [(one["id"], of) for one in named(items) for of in one.get("cmsLocaleIds", ("",))]

    def _view(self, id: str, locale: str = "") -> ItemView | None:
        place = self._place(id, locale)
        if place in self._written:
            return self._written[place]
        if locale in self.tags:
            found = dict(self.table.variants(id)).get(self.tags[locale])
        else:
            found = self.table.item(id)
        return as_view(found) if found else None

    def _merged(self, view: ItemView, sent: Mapping[str, Any], *, live: bool) -> ItemView:
        fields = {
            slug: self._kept(slug, value) for slug, value in sent.items() if slug not in _FLAGS
        }
        at = _now()
        return replace(
            view,
            fields={**view.fields, **fields},
            updated=at,
            published=at if live else view.published,
            archived=bool(sent.get("_archived", view.archived)),
            draft=bool(sent.get("_draft", view.draft)),
        )

    def _kept(self, slug: str, value: Any) -> Any:
        if not TYPES[self.types.get(slug, "plain")].files or not value:
            return value
        if isinstance(value, list):
            return [self._file(each) for each in value]
        return self._file(value)

    def _file(self, value: Any) -> dict[str, Any]:
        """Return the stored form of a file: a new one, unless it has an id."""
        held = dict(value) if isinstance(value, dict) else {"url": value}
        return {"fileId": f"file-{next(self._files)}", "alt": None, **held}


def as_view(item: ListedItem) -> ItemView:
    """Return a listed item as an answer shows it."""
    return ItemView(
        item.id,
        item.fields,
        _text(item.updated),
        _text(item.published),
        _text(item.created),
        item.archived,
        item.draft,
    )


def _text(version: str | None) -> str | None:
    if version is None:
        return None
    return moment_of(version).isoformat(timespec="milliseconds")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
