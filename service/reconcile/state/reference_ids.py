"""Item ids of references by key, from the index of their collections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from service.reconcile.plan.model import ComparedRecord, ListedItem, SourceField
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.fields.types import TYPES
from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import FieldRecord

REFERS = tuple(name for name, kind in TYPES.items() if kind.refers)


class ListedIds:
    """The listed items of a collection that others refer to: the oldest for each key."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.all: set[str] = set()
        self._created: dict[str, str] = {}

    def add_item(self, record: str | None, item: ListedItem) -> None:
        """Add one item; *record*: its key."""
        self.all.add(item.id)
        created = item.created or ""
        if record is not None and created <= self._created.get(record, created):
            self.ids[record], self._created[record] = item.id, created

    def ids_of(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: self.ids[key] for key in keys if key in self.ids}


class ReferenceIds:
    """
    Resolves references of one collection.

    Args:
        collection: Of the values.

    Attributes:
        listed: Collection → function from keys to item ids, once a full listing has read them: the
            index may still have deleted items.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, context: Context, collection: Collection) -> None:
        self._client = context.steps.client
        self._places = context.settings.copies(collection.destination)
        self.listed: dict[str, Callable[[list[str]], Mapping[str, str]]] = {}

    def of(self, page: Iterable[ComparedRecord]) -> dict[str, str | None]:
        """Return value → its link (`FieldType.body`); None: one of its keys has no known item."""
        texts = {text for one in page for text in _texts(one)}
        named = {text: keys_in(text) for text in texts}
        found = self._ids({key for keys in named.values() for key in keys})
        return {text: _link(text, [found.get(key) for key in named[text]]) for text in texts}

    def known(self, names: Iterable[str]) -> list[str]:
        """Return those of the collections *names* that values may refer to."""
        return [name for name in names if name in self._places]

    def _ids(self, named: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for to, place in self._places.items():
            own = sorted(key for name, key in named if name == to)
            if to in self.listed:
                found |= {(to, key): id for key, id in self.listed[to](own).items()}
            elif own:
                with guarded():
                    ids = self._client.hmget(keys.item_ids(to, place), own)
                found |= {(to, key): str(id) for key, id in zip(own, ids, strict=True) if id}
        return found


def _texts(one: ComparedRecord) -> Iterator[str]:
    values: tuple[SourceField | FieldRecord, ...] = (*one.wanted, *one.held.fields.values())
    yield from (each.value for each in values if each.type in REFERS)


def keys_in(text: str) -> list[tuple[str, str]]:
    """Return collection and key of each item that a value names."""
    value = json.loads(text)
    if value is None:
        return []
    keys = value["keys"] if "keys" in value else [value["key"]]
    return [(value["to"], key) for key in keys]


def _link(text: str, ids: list[str | None]) -> str | None:
    value = json.loads(text)
    if value is None:
        return "null"
    if None in ids:
        return None
    return json.dumps(ids if "keys" in value else ids[0])


def linked_keys(values: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """Return collection → keys in *values* (type and text)."""
    found: dict[str, dict[str, None]] = {}
    for kind, text in values:
        for to, key in keys_in(text) if kind in REFERS else ():
            found.setdefault(to, {})[key] = None
    return {to: list(keys) for to, keys in found.items()}
