"""Keys that are like one that nothing is held of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from workers.store import keys
from workers.store.connection import guarded
from workers.store.record_reader import record_of

if TYPE_CHECKING:
    from workers.delivery.context import Context

NEAREST: Final = 5
_LOOKED: Final = 200_000  # keys that are compared
_CLOSE: Final = 200  # of which so many are compared letter by letter
_PATIENCE: Final = 1.5  # s


def nearest(context: Context, collection: str, key: str) -> list[str]:
    """Return at most five keys that items or records of *collection* have, the nearest first."""
    own = context.settings.collections[collection]
    record = record_of(own, key)
    wanted = _pairs(record)
    ends = time.monotonic() + _PATIENCE

    def scored() -> Iterator[tuple[float, str]]:
        for each in _known_keys(context, collection):
            if abs(len(each) - len(record)) <= max(3, len(record) // 3):
                other = _pairs(each)
                yield len(wanted & other) / max(1, len(wanted | other)), each
            if time.monotonic() > ends:
                return

    close = [each for _, each in nlargest(_CLOSE, scored())]
    found = get_close_matches(record.lower(), {each.lower() for each in close}, NEAREST)
    return sorted(
        (each for each in dict.fromkeys(close) if each.lower() in found),
        key=lambda each: -SequenceMatcher(None, record, each).ratio(),
    )[:NEAREST]


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
