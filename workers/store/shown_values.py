"""What a listing shows of items that wait for it, or were edited: what is there before a write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workers.config.settings import Collection
from workers.fields.shown_value import shown_value
from workers.model.retirement import GONE
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import slug_of, unpacked
from workers.store.scripts import Steps
from workers.webflow.item_answers import ItemView
from workers.webflow.site import tag_of

_FLAGS: Final = {"_archived": "archived", "_draft": "draft"}

Shown = dict[str, tuple[str, str]]  # slug → JSON text and type


class ShownValues:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self._client: Any = steps.client  # typed as if it might not decode

    def read(
        self, collection: Collection, views: Sequence[tuple[str | None, ItemView]]
    ) -> Mapping[str, Shown]:
        """
        Return what is to be remembered of *views* (record and item), by item id.

        Empty for nearly every page: most items neither wait nor were edited.
        """
        found = [(record, view) for record, view in views if record is not None]
        wants = self._wants(collection, found)
        wanted = [pair for pair, wanting in zip(found, wants, strict=True) if wanting]
        types = self._types(collection, [record for record, _ in wanted])
        return {
            view.id: dict(_shown(view, own)) for (_, view), own in zip(wanted, types, strict=True)
        }

    def _wants(
        self, collection: Collection, found: Sequence[tuple[str, ItemView]]
    ) -> Iterator[bool]:
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record, _ in found:
                pipeline.hmget(keys.item(collection.name, record), "lookup", "roomless", "updated")
            answers = pipeline.execute()
        for (_, view), (lookup, roomless, updated) in zip(found, answers, strict=True):
            edited = bool(updated and view.updated and view.updated > updated)
            yield bool(lookup or roomless or edited)

    def _types(self, collection: Collection, records: Sequence[str]) -> list[dict[str, str]]:
        """Return the types of the fields of each record."""
        if not records:
            return []
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record in records:
                pipeline.hgetall(keys.item(collection.name, record))
            answers = pipeline.execute()
        return [dict(_fields(stored)) for stored in answers]


def _fields(stored: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in unpacked(stored).items():
        slug = slug_of(name)
        if slug is not None and slug != GONE and tag_of(slug) is None:
            yield slug, json.loads(text)["t"]


def _shown(view: ItemView, types: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for slug, kind in types.items():
        flag = _FLAGS.get(slug)
        value = getattr(view, flag) if flag else view.fields.get(slug)
        shown = shown_value(kind, value)
        if shown is not None:
            yield slug, shown
