"""Dead letters around one record: its own that are closed, and those of keys that no item has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import redis

from workers.store import keys
from workers.store.connection import guarded

NEWEST: Final = 300  # of all closed letters that are looked at
_NAMES: Final = ("state", "reason", "closed", "kind", "message", "collection", "record")


@dataclass(frozen=True, slots=True)
class ClosedLetter:
    id: str
    kind: str
    reason: str  # replayed, discarded or superseded
    closed: float  # ms since 1970
    message: str


def closed_letters(
    client: redis.Redis, collection: str, record: str, named: Iterable[str]
) -> list[ClosedLetter]:
    """
    Return the closed letters of *record*, oldest first.

    Args:
        named: Ids of letters that its life names.
    """
    with guarded():
        newest = [str(id) for id in client.zrevrange(keys.LETTERS_CLOSED, 0, NEWEST - 1)]
        own = list(dict.fromkeys(named))
        ids = list(dict.fromkeys([*own, *newest]))
        with client.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hmget(keys.letter(id), _NAMES)
            found = dict(zip(ids, pipeline.execute(), strict=True))
    chosen = [
        _closed(id, held)
        for id, held in found.items()
        if held[0] == "closed" and (id in own or held[5:] == [collection, record])
    ]
    return sorted(chosen, key=lambda each: each.closed)


def missing_keys(client: redis.Redis, collection: str) -> dict[str, str]:
    """Return the keys of *collection* that no item has, by the newest open letters: key → id."""
    with guarded():
        ids = [str(id) for id in client.zrevrange(keys.LETTERS, 0, NEWEST - 1)]
        with client.pipeline(transaction=False) as pipeline:
            for id in ids:
                pipeline.hmget(keys.letter(id), ("kind", "collection", "key", "refers"))
            found = dict(zip(ids, pipeline.execute(), strict=True))
    return {
        key: id
        for id, (kind, own, key, refers) in found.items()
        if kind == "missing" and own == collection and key and not refers
    }


def _closed(id: str, held: list[Any]) -> ClosedLetter:
    _, reason, closed, kind, message, *_ = held
    return ClosedLetter(id, kind or "", reason or "", float(closed or 0), message or "")
