"""
What is remembered of alerts: `keys.ALERTS`, a hash of JSON texts.

``memory``: causes and what was said of them; ``habits``: how long sources are usually silent;
``failing``: since when, and why, messages are not taken. What the texts hold: ``workers/alerts``.
Every function raises StoreUnavailable if the store does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import redis

from workers.store import keys
from workers.store.connection import guarded
from workers.store.lease import Lease

_FIELDS: Final = ("memory", "habits", "failing")


@dataclass(frozen=True, slots=True)
class Stored:
    """Each is what `save` was given; empty: nothing is stored, or it cannot be read."""

    memory: Mapping[str, Any]
    habits: Mapping[str, Any]
    failing: Mapping[str, str]


def read(client: redis.Redis) -> Stored:
    with guarded():
        texts = client.hmget(keys.ALERTS, list(_FIELDS))
    return Stored(*(_table(text) for text in texts))


def failing(client: redis.Redis) -> Mapping[str, str] | None:
    """Return ``{since, reason}`` if the last message was not taken."""
    with guarded():
        return _table(client.hget(keys.ALERTS, "failing")) or None


def save(lease: Lease, stored: Stored) -> bool:
    """Store it all, in one step; False, and nothing is stored: *lease* is lost."""
    values: dict[Any, Any] = {
        name: json.dumps(dict(getattr(stored, name)), ensure_ascii=False) for name in _FIELDS
    }
    return lease.write(lambda commands: commands.hset(keys.ALERTS, mapping=values))


def _table(text: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
