"""
Which record an item is of, where the CMS keeps keys in a form of its own. Pure.

A record bears its key as its source gives it. An item that shows a key in the form of its field is
that of the record of that form which is known for it, or waits; else it bears what it shows.
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
    """
    Args:
        known: Item id → the record that it is known to be of.
        wanted: Form → the record whose key has it, of those that are looked for.
        looked_for: Their keys.
    """

    collection: Collection
    schema: Schema = UNKNOWN
    known: Mapping[str, str] = field(default_factory=dict)
    wanted: Mapping[str, str] = field(default_factory=dict)
    looked_for: frozenset[str] = frozenset()

    def of(self, view: ItemView) -> str | None:
        """Return the key of the record that *view* is of; None: it shows none."""
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
    """
    Args:
        known: Item id → record, as the index has them.
        looked_for: Keys of records whose items are not known.
    """
    keys = frozenset(looked_for) if has_forms(collection, schema) else frozenset()
    wanted = {kept_key(collection, key, schema): key for key in sorted(keys)}
    return RecordKeys(collection, schema, known, wanted, keys)


def has_forms(collection: Collection, schema: Schema) -> bool:
    """Tell whether a field is known to keep a part of the key in a form of its own."""
    return any(schema.kind(slug)[0] in TYPES for slug in collection.keys)


def may_have_forms(collection: Collection, keys: Sequence[str]) -> bool:
    """Tell whether one of *keys* would be kept in another form by some field."""
    return any(kept_key(collection, key, UNKNOWN) != key for key in keys)
