"""
The store's clock as the steps read it: it never goes back, even if the server's clock does.

Compare the times that steps write with this clock (`keys.CLOCK`, ``sweep.lua``).
"""

from __future__ import annotations

from typing import Any

import redis

from workers.store import keys
from workers.store.connection import guarded


def behind_ms(text: Any) -> int:
    """Return by how many ms the server's clock went back, from the text of `keys.CLOCK`."""
    words = str(text or "").split()
    return int(words[1]) if len(words) == 2 else 0


def read_us(client: redis.Redis) -> int:
    """Return the time in µs since 1970; StoreUnavailable if the store does not answer."""
    with guarded(), client.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.get(keys.CLOCK)
        (seconds, micros), text = pipeline.execute()
    return int(seconds) * 1_000_000 + int(micros) + behind_ms(text) * 1000


def left_ms(client: redis.Redis, key: str) -> int:
    """Return how long *key* has to live; negative: it is not there, or has no end."""
    with guarded():
        return int(client.pttl(key))


def is_stale(client: redis.Redis, key: str, longest_ms: int) -> bool:
    """Tell whether the lock *key* outlives its maximum: the server's clock went back."""
    return left_ms(client, key) > longest_ms
