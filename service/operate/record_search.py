"""Keys that are like one that nothing is held of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from difflib import get_close_matches
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from workers.store import keys
from workers.store.connection import guarded
from workers.store.letters_around import missing_keys
from workers.store.record_reader import record_of

if TYPE_CHECKING:
    from workers.delivery.context import Context
    from workers.store.record_facts import RecordFacts

NEAREST: Final = 5
_LIKE: Final = 20  # of which these are chosen
_COMPARED: Final = 60  # letters of a key
_LOOKED: Final = 200_000  # keys that are compared
_CLOSE: Final = 200  # of which so many are compared letter by letter
GLANCE: Final = 0.05  # s for a record that is known
_PATIENCE: Final = 1.5  # s
_ALIKE: Final = 0.8  # of two keys, of 1


def alike(context: Context, facts: RecordFacts) -> list[str]:
    """
    Return sentences: keys of items that are like one that no item has, and the other way about.
    """
    name, key = facts.collection.name, facts.key
    missing = any(facts.letters[id].kind == "missing" for id in facts.letters)
    if missing and facts.id is None:
        near = nearest(context, name, key, patience=GLANCE)
        return [f"Keys like it that items have: {', '.join(near)}."] if near else []
    known = missing_keys(context.steps.client, name)
    close = get_close_matches(facts.record, [each for each in known if each != key], 1, _ALIKE)
    return [
        f"A record with a key like it, {each}, has no item: see the dead letter {known[each]}."
        for each in close
    ]


def nearest(
    context: Context, collection: str, key: str, *, patience: float = _PATIENCE
) -> list[str]:
    """
    Return at most five keys that items or records of *collection* have, the nearest first.

    *patience*: s after which no more keys are compared.
    """
    own = context.settings.collections[collection]
    record = record_of(own, key)
    wanted = _pairs(record)
    ends = time.monotonic() + patience

    def scored() -> Iterator[tuple[float, str]]:
        for each in _known_keys(context, collection):
            if each == record:
                continue
            if abs(len(each) - len(record)) <= max(3, len(record) // 3):
                other = _pairs(each)
                yield len(wanted & other) / max(1, len(wanted | other)), each
            if time.monotonic() > ends:
                return

    close = [each for _, each in nlargest(_CLOSE, scored())]
    lowered = {each.lower() for each in close}
    found = get_close_matches(record.lower(), lowered, _LIKE)
    chosen = (each for each in dict.fromkeys(close) if each.lower() in found)
    return sorted(chosen, key=lambda each: _distance(record, each))[:NEAREST]


def _distance(one: str, other: str) -> int:
    """Return by how many letters two keys differ; of long ones, their first ones count."""
    one, other = one[:_COMPARED], other[:_COMPARED]
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, start=1):
        before, row[0] = row[0], n
        for m, another in enumerate(other, start=1):
            same = before + (letter != another)
            before, row[m] = row[m], min(same, row[m] + 1, row[m - 1] + 1)
    return row[-1]


def _pairs(text: str) -> set[str]:
    text = f"^{text.lower()}$"
    return {text[n : n + 2] for n in range(len(text) - 1)}


def _known_keys(context: Context, collection: str) -> Iterator[str]:
    """Yield the keys of the item index, then those of records without an item."""
    client, settings = context.steps.client, context.settings
    place = (collection, settings.copy_of(settings.collections[collection]))
    prefix = keys.item(collection, "")
    left = _LOOKED
    with guarded():
        for each in client.zrange(keys.waiting(collection), 0, 999):
            yield str(each)
        for each, _ in client.hscan_iter(keys.item_ids(*place), count=2000):
            yield str(each)
            left -= 1
            if not left:
                return
        for number, name in enumerate(client.scan_iter(f"{prefix}*", count=2000)):
            yield str(name).removeprefix(prefix)
            if number > left:
                return
