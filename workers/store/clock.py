"""
The clock of the store, as the steps read it: it does not go back when the server's does.

What steps have written is compared with this clock (`keys.CLOCK`, ``sweep.lua``).
"""

from __future__ import annotations

from typing import Any

import redis

from workers.store import keys
from workers.store.connection import guarded


def behind_ms(text: Any) -> int:
    """Return the ms by which the server's clock has gone back, as `keys.CLOCK` says."""
    words = str(text or "").split()
    return int(words[1]) if len(words) == 2 else 0


def read_us(client: redis.Redis) -> int:
    """
    Return the time, µs since 1970.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    with guarded(), client.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.get(keys.CLOCK)
        (seconds, micros), text = pipeline.execute()
    return int(seconds) * 1_000_000 + int(micros) + behind_ms(text) * 1000


def is_stale(client: redis.Redis, key: str, longest_ms: int) -> bool:
    """Return whether the lock *key* has longer to live than it is given: the clock went back."""
    with guarded():
        return int(client.pttl(key)) > longest_ms
