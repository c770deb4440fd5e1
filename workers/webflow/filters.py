"""
Filters that look up items by their keys, and what their answers prove.

``filter[<slug>][in]`` takes up to 100 comma-separated values; a key that holds a comma goes alone,
by ``eq``. A key of several parts is filtered by each part: the answer holds more than was asked
for, and is matched by whole keys here. Where there is room, a key is also asked for in the forms
that editing by hand produces: NFD, and a blank at either end.

https://developers.webflow.com/data/reference/cms/collection-items/staged-items/list-items
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from workers.config.settings import Collection
from workers.fields import key_forms
from workers.model.letters import ordered
from workers.webflow.item_answers import Answer, ItemView
from workers.webflow.item_keys import key_number, key_of, key_parts, key_text
from workers.webflow.record_match import RecordKeys
from workers.webflow.schema import Schema

MOST = 100  # values in one list
BYTES = 4096  # of a query string
PAGES = 10  # a longer answer is not read
TEXTS = frozenset({"PlainText", "Email", "Phone", "Link"})  # types filtered by their text
_UNKNOWN = "?"  # no schema has been read: the key is sent unchanged
_NUMBER = "Number"

Outcome = Literal["page", "refused", "void", "wide"]


@dataclass(frozen=True, slots=True)
class KeyFilter:
    query: Mapping[str, str] = field(default_factory=dict)  # parameters of the GET
    asked: tuple[str, ...] = ()  # the keys in it; none: it need not be sent
    left: tuple[str, ...] = ()  # keys that no filter can express
    canary: str | None = None  # an existing key, asked for as well
    # slug → accepted values, casefolded
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    number: bool = False  # a part of the key is a number
    known: bool = True  # the types of the fields were known
    askable: bool = True  # the CMS can filter by the key fields

    def found(self, names: RecordKeys, items: Iterable[ItemView]) -> list[ItemView]:
        """Return the *items* whose keys were asked for, without the canary."""
        asked = set(self.asked)
        return [view for view in items if names.of(view) in asked]

    def shown(self, names: RecordKeys, items: Iterable[ItemView]) -> bool:
        """Tell whether *items* prove that the CMS understands a list of values."""
        if len(self.asked) + (self.canary is not None) < 2:
            return False
        known = {*self.asked, self.canary}
        return any(names.of(view) in known for view in items)

    def outcome(self, page: Answer) -> Outcome:
        """Classify *page*, a successful answer."""
        others = sum(not self._is_wanted(view) for view in page.items.values())
        # A few may have just received their key: the filter's index may lag.
        if others > len(self.asked) + 1:
            return "void"
        return "wide" if (page.total or 0) > PAGES * MOST else "page"

    def _is_wanted(self, view: ItemView) -> bool:
        return all(
            (key_text(view.fields.get(slug)) or "").casefold() in values
            for slug, values in self.values.items()
        )


def key_filter(
    collection: Collection, keys: Sequence[str], canary: str | None, schema: Schema
) -> KeyFilter:
    """Build the filter for as many of *keys*, in order, as one request takes."""
    types = {slug: _type(schema, slug) for slug in collection.keys}
    known = bool(schema.fields)
    if not all(types.values()):
        return KeyFilter(left=tuple(keys), askable=False)
    number = _NUMBER in types.values()
    split = {key: parts for key in keys if (parts := _parts(collection, key, types))}
    left = tuple(key for key in keys if key not in split)
    first = next(iter(split), None)
    if first is None:
        return KeyFilter(left=left, number=number, known=known)
    if any("," in part for part in split[first].values()):
        query = _query(split[first], "eq")
        values = {slug: frozenset({part.casefold()}) for slug, part in split[first].items()}
        return KeyFilter(query, (first,), left, None, values, number, known)
    single = len(collection.keys) == 1
    held = None if canary is None else _parts(collection, canary, types)
    if not single or canary is None or "," in canary or not held:
        canary = held = None
    asked, lists = _fitting(collection, split, held)
    values = {slug: frozenset(part.casefold() for part in lists[slug]) for slug in lists}
    values |= {slug: held | _spelled(collection, asked, slug) for slug, held in values.items()}
    if single and _UNKNOWN not in types.values() and not number:
        lists = _with_forms(lists, asked)
    query = _query({slug: ",".join(parts) for slug, parts in lists.items()}, "in")
    return KeyFilter(query, tuple(asked), left, canary, values, number, known)


def is_odd(names: RecordKeys, view: ItemView) -> bool:
    """Tell whether a part of an item's key is not in normal form, or not as its field stores it."""
    held = [view.fields.get(slug) for slug in names.collection.keys]
    if any(isinstance(value, str) and key_text(value) not in (None, value) for value in held):
        return True
    key = key_of(names.collection, view.fields)
    return key is not None and bool(names.schema.fields) and names.form(key) != key


def is_numeric(collection: Collection, view: ItemView) -> bool:
    """Tell whether an item holds a part of its key as a number."""
    held = [view.fields.get(slug) for slug in collection.keys]
    return any(not isinstance(value, str) and key_text(value) is not None for value in held)


def _type(schema: Schema, slug: str) -> str | None:
    """Return the type of the field *slug*; None: the CMS cannot filter by it."""
    if not schema.fields:
        return _UNKNOWN
    kind = schema.fields[slug]["type"] if slug in schema.fields else None
    return kind if kind in TEXTS or kind == _NUMBER else None


def _parts(
    collection: Collection, key: str, types: Mapping[str, str | None]
) -> dict[str, str] | None:
    """Return slug → part of *key*; None if the filter cannot express it."""
    parts = key_parts(collection, key)
    if len(parts) != len(collection.keys) or not all(parts):
        return None
    split = {
        slug: _asked(part, types[slug]) for slug, part in zip(collection.keys, parts, strict=True)
    }
    numbers = [part for slug, part in split.items() if types[slug] == _NUMBER]
    fits = None not in map(key_number, numbers) and _size(_query(split, "in")) <= BYTES
    return split if fits else None


def _asked(part: str, cms_type: str | None) -> str:
    return part if cms_type in (None, _UNKNOWN) else key_forms.asked(part, cms_type)


def _fitting(
    collection: Collection,
    split: Mapping[str, Mapping[str, str]],
    canary: Mapping[str, str] | None,
) -> tuple[list[str], dict[str, list[str]]]:
    """Return as many keys of *split* as fit into one request, and the values per field."""
    lists: dict[str, list[str]] = {slug: [] for slug in collection.keys}
    if canary is not None:
        lists[collection.keys[0]] += canary.values()
    asked: list[str] = []
    for key, parts in split.items():
        if any("," in part for part in parts.values()):
            continue
        longer = {
            slug: lists[slug] if part in lists[slug] else [*lists[slug], part]
            for slug, part in parts.items()
        }
        query = _query({slug: ",".join(values) for slug, values in longer.items()}, "in")
        if asked and (_size(query) > BYTES or any(len(v) > MOST for v in longer.values())):
            break
        lists = longer
        asked.append(key)
    return asked, lists


def _spelled(collection: Collection, asked: Iterable[str], slug: str) -> frozenset[str]:
    """Return the parts for the field *slug* of the keys *asked*, casefolded but not normalized."""
    place = collection.keys.index(slug)
    return frozenset(key_parts(collection, key)[place].casefold() for key in asked)


def _with_forms(lists: Mapping[str, list[str]], asked: Sequence[str]) -> dict[str, list[str]]:
    """Add further forms of the keys *asked* to *lists*, of one field, where there is room."""
    [(slug, values)] = lists.items()
    more = list(values)
    for key in asked:
        more += [key, f"{key} ", f" {key}", unicodedata.normalize("NFD", ordered(key))]
    more = list(dict.fromkeys(more))
    fits = len(more) <= MOST
    fits = fits and _size(_query({slug: ",".join(more)}, "in")) <= BYTES
    return {slug: more if fits else list(values)}


def _query(values: Mapping[str, str], operator: str) -> dict[str, str]:
    return {f"filter[{slug}][{operator}]": value for slug, value in values.items()}


def _size(query: Mapping[str, str]) -> int:
    return len(urlencode(query))
