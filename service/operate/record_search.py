"""A key that no accepted event has named: keys like it, and deliveries that named it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from difflib import SequenceMatcher, get_close_matches
from heapq import nlargest
from typing import TYPE_CHECKING, Any, Final

from workers.store import keys
from workers.store.connection import guarded
from workers.store.key_text import KeyText
from workers.webflow.item_keys import normal_record

if TYPE_CHECKING:
    from workers.delivery.context import Context

NEAREST: Final = 5
_LOOKED: Final = 200_000  # keys that are compared
_CLOSE: Final = 200  # of which so many are compared letter by letter
_PATIENCE: Final = 1.5  # s for each of the two searches
_LETTERS: Final = 1_000  # newest open letters that are read


def nearest(context: Context, collection: str, key: str) -> list[str]:
    """Return at most five keys that items or records of *collection* have, the nearest first."""
    own = context.settings.collections[collection]
    record = normal_record(key, max(1, len(own.keys)))
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


def named_in(context: Context, collection: str, key: str) -> list[dict[str, Any]]:
    """Return the deliveries and dead letters that named *key* and were not mapped, newest first."""
    own = context.settings.collections[collection]
    record = normal_record(key, max(1, len(own.keys)))
    others = set(context.settings.collections) - {collection}
    text = KeyText(collection, record, parts=max(1, len(own.keys)), spellings=[key], others=others)
    return list(_letters(context, text))


def _letters(context: Context, text: KeyText) -> Iterator[dict[str, Any]]:
    """Yield the open letters of unmapped events whose bodies name the key."""
    client = context.steps.client
    with guarded():
        ids = [str(id) for id in client.zrevrange(keys.LETTERS, 0, _LETTERS - 1)]
    ends = time.monotonic() + _PATIENCE
    for id in ids:
        letter = context.letters.show(id)
        if letter and letter.kind == "unmapped" and text.in_body(letter.body):
            problems = "; ".join(f"{p['field']}: {p['message']}" for p in letter.problems)
            yield {
                "id": letter.id,
                "at": letter.created.isoformat(timespec="seconds"),
                "source": letter.source,
                "topic": letter.topic,
                "outcome": "unmapped",
                "reason": problems or letter.message,
            }
        if time.monotonic() > ends:
            return
