"""
Match items to records where the CMS stores keys in a form of its own.

A record has its key as the source gives it. An item that shows the stored form of a key belongs to
the record of that form that is known for the item or waits for it; otherwise its key is what it
shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workers.config.settings import Collection
from workers.fields.key_forms import TYPES
from workers.webflow.item_answers import ItemView
from workers.webflow.item_keys import kept_key, key_of
from workers.webflow.schema import UNKNOWN, Schema


@dataclass(frozen=True, slots=True)
class RecordKeys:
    collection: Collection
    schema: Schema = UNKNOWN
    known: Mapping[str, str] = field(default_factory=dict)  # item id → record
    # stored form → record that is looked for
    wanted: Mapping[str, str] = field(default_factory=dict)
    looked_for: frozenset[str] = frozenset()  # keys of those records

    def of(self, view: ItemView) -> str | None:
        """Return the key of the record that *view* belongs to; None: it shows no key."""
        key = key_of(self.collection, view.fields)
        if key is None or key in self.looked_for:
            return key
        form = self.form(key)
        if form in self.wanted:
            return self.wanted[form]
        known = self.known.get(view.id)
        return known if known is not None and self.form(known) == form else key

    def form(self, key: str) -> str:
        return kept_key(self.collection, key, self.schema)


def record_keys(
    collection: Collection, schema: Schema, known: Mapping[str, str], looked_for: Iterable[str]
) -> RecordKeys:
    """Build RecordKeys; *known*: item id → record, *looked_for*: records without a known item."""
    keys = frozenset(looked_for) if has_forms(collection, schema) else frozenset()
    wanted = {kept_key(collection, key, schema): key for key in sorted(keys)}
    return RecordKeys(collection, schema, known, wanted, keys)


def has_forms(collection: Collection, schema: Schema) -> bool:
    """Tell whether a field stores a part of the key in a form of its own, by *schema*."""
    return any(schema.kind(slug)[0] in TYPES for slug in collection.keys)


def may_have_forms(collection: Collection, keys: Sequence[str]) -> bool:
    """Tell whether some type of field would store one of *keys* in another form."""
    return any(kept_key(collection, key, UNKNOWN) != key for key in keys)
