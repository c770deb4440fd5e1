"""The stored forms of keys, of records that wait and items that are known: what listings match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from workers.config.settings import Collection, Settings
from workers.model.attempts import Lookup
from workers.store import clock, keys
from workers.store.connection import guarded
from workers.store.scripts import Steps
from workers.webflow.filters import KeyFilter
from workers.webflow.item_answers import ItemView
from workers.webflow.record_match import RecordKeys, has_forms, may_have_forms, record_keys
from workers.webflow.schema import Schema

LOOKED_FOR = 20_000  # waiting records matched against each page, if fields have forms


class Spellings:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def wants_types(self, lookup: Lookup, schema: Schema) -> bool:
        """Tell whether *lookup* needs the types of the key fields first."""
        collection = self.settings.collections[lookup.collection]
        if lookup.slot not in ("", ":filter") or lookup.offset or schema.fields:
            return False
        return may_have_forms(collection, lookup.keys or self._looked_for(collection))

    def _looked_for(self, collection: Collection) -> list[str]:
        """Return the keys of records without a known item, oldest first."""
        with guarded():
            key = keys.lookup(collection.name)
            return [str(one) for one in self.steps.client.zrange(key, 0, LOOKED_FOR - 1)]

    def record_keys(
        self,
        collection: Collection,
        schema: Schema,
        items: Mapping[str, ItemView],
        asked: KeyFilter | None,
    ) -> RecordKeys:
        """Build the matcher of records for the *items* of a page."""
        if schema.fields and not has_forms(collection, schema):
            return RecordKeys(collection, schema)
        with guarded():
            at = (collection.name, self.settings.copy_of(collection))
            held = self.steps.client.hmget(keys.item_keys(*at), list(items)) if items else []
        known = {id: str(key) for id, key in zip(items, held, strict=True) if key is not None}
        looked_for = asked.asked if asked else self._looked_for(collection)
        return record_keys(collection, schema, known, looked_for)

    def shown_before(self, names: RecordKeys, lookup: Lookup) -> Iterator[dict[str, Any]]:
        """Yield items of waiting records that an earlier listing has shown."""
        if lookup.slot or lookup.offset:
            return
        forms = {form: key for form, key in names.wanted.items() if form != key}
        if not forms:
            return
        with guarded():
            at = (names.collection.name, self.settings.copy_of(names.collection))
            ids = self.steps.client.hmget(keys.item_ids(*at), list(forms))
        for key, id in zip(forms.values(), ids, strict=True):
            if id is not None:
                yield {"key": key, "id": str(id), "updated": None, "created": None, "status": None}

    def as_reading(self, lookup: Lookup) -> Lookup:
        """Return the read of the schema that precedes *lookup*."""
        with guarded():
            arrival = int(self.steps.client.get(keys.ARRIVAL) or 0)
        at = clock.read_us(self.steps.client) // 1000 + self.steps.clock_offset_ms
        return replace(lookup, kind="schema", at=at, arrival=arrival)
