"""
One-time confirmations: of any number of requests with one token, one begins a run.

The first claims the token, and stores the run that it began under it; the others are told that run.
"""

from __future__ import annotations

from typing import Final

import redis

from workers.store import keys
from workers.store.connection import guarded

KEPT: Final = 24 * 3600  # s: longer than a login lasts
_STARTING: Final = "-"


class Confirmations:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def claim(self, token: str, by: str) -> bool:
        """Tell whether *by* is the first to use *token*."""
        name = keys.confirmed(f"{by}:{token}")
        with guarded():
            return bool(self._client.set(name, _STARTING, nx=True, ex=KEPT))

    def note(self, token: str, by: str, run: str) -> None:
        """Store the *run* that the claim began."""
        with guarded():
            self._client.set(keys.confirmed(f"{by}:{token}"), run, ex=KEPT)

    def run_of(self, token: str, by: str) -> str | None:
        """Return the run that was begun; None: it is being begun, or whether it was is unknown."""
        with guarded():
            found = self._client.get(keys.confirmed(f"{by}:{token}"))
        return str(found) if found not in (None, _STARTING) else None

    def release(self, token: str, by: str) -> None:
        """Take back the claim: nothing was begun."""
        with guarded():
            self._client.delete(keys.confirmed(f"{by}:{token}"))
