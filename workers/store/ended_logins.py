"""
Logins to the console that were ended by hand, for all web processes.

A login is a signed cookie: whoever has kept a copy of it would be logged in until it is too old.
"""

from __future__ import annotations

from typing import Final

import redis

from workers.store import keys
from workers.store.connection import guarded

KEPT: Final = 24 * 3600  # s: longer than a login lasts


class EndedLogins:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def end(self, id: str) -> None:
        """Note that the login *id* was ended."""
        with guarded():
            self._client.set(keys.ended_login(id), "", ex=KEPT)

    def has(self, id: str) -> bool:
        """Tell whether the login *id* was ended."""
        with guarded():
            return bool(self._client.exists(keys.ended_login(id)))
