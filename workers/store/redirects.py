"""Old slugs of items, and the slugs that they have now (``redirects.lua``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import redis

from workers.store import keys
from workers.store.connection import guarded
from workers.store.item_record import RETIREMENT, WRITTEN_SLUG, FieldRecord

MOST: Final = 10_000  # a collection; the oldest go first
_SLICE: Final = 500


@dataclass(frozen=True, slots=True)
class Redirect:
    """An old slug of an item, and its slug now."""

    record: str
    old: str
    new: str
    at: int  # ms since 1970, of the change


def redirects_of(client: redis.Redis, collection: str) -> list[Redirect]:
    """
    Return the redirects of *collection*, by old slug; none to items that are retired or erased.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    with guarded():
        kept: Any = client.hgetall(keys.redirects(collection))
    entries = [(old, *json.loads(text)) for old, text in sorted(kept.items())]
    return [
        Redirect(record, old, slug, int(at))
        for start in range(0, len(entries), _SLICE)
        for (old, record, at), slug in _led(client, collection, entries[start : start + _SLICE])
        if slug and slug != old
    ]


def _led(
    client: redis.Redis, collection: str, entries: list[tuple[str, str, float]]
) -> Iterator[tuple[tuple[str, str, float], str | None]]:
    """Yield each of *entries* with the slug of its record now; None: it has no page."""
    with guarded(), client.pipeline(transaction=False) as pipeline:
        for _, record, _ in entries:
            pipeline.hmget(keys.item(collection, record), [WRITTEN_SLUG, RETIREMENT])
        found = pipeline.execute()
    for entry, (slug, retirement) in zip(entries, found, strict=True):
        gone = retirement is not None and not FieldRecord.parse(retirement).undone
        yield entry, None if gone else slug
