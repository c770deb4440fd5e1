"""
Wrong tokens at the login of the console, counted for all web processes.

An attempt is counted before its token is compared, and taken off if the token is right: of any
number of attempts at once no more than allowed are compared.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from typing import Any, Final

import redis

from workers.store import clock, keys
from workers.store.connection import guarded

WINDOW: Final = 60  # s
OF_ONE: Final = 5  # wrong tokens within WINDOW from one address
OF_ALL: Final = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    Args:
        wait: s until the next attempt is allowed; 0: this one is.
    """

    id: str
    address: str
    wait: int


class LoginAttempts:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def begin(self, address: str) -> Attempt:
        """Count an attempt from *address*; it is allowed if it need not wait."""
        id, now = uuid.uuid4().hex, clock.read_us(self._client) / 1e6
        names = (keys.logins(address), keys.logins())
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            for name in names:
                pipeline.zremrangebyscore(name, "-inf", now - WINDOW)
                pipeline.zadd(name, {id: now})
                pipeline.expire(name, WINDOW)
                pipeline.zrange(name, 0, -1, withscores=True)
            found: list[Any] = pipeline.execute()
        waits = [_wait(found[3], OF_ONE, now), _wait(found[7], OF_ALL, now)]
        attempt = Attempt(id, address, max(waits))
        if attempt.wait:
            self.forgive(attempt)  # else who goes on trying would hold up everybody for good
        return attempt

    def forgive(self, attempt: Attempt) -> None:
        """Take off an attempt: its token was right, or it was not compared."""
        with guarded(), self._client.pipeline(transaction=True) as pipeline:
            for name in (keys.logins(attempt.address), keys.logins()):
                pipeline.zrem(name, attempt.id)
            pipeline.execute()


def _wait(counted: list[tuple[str, float]], most: int, now: float) -> int:
    """Return for how many s the newest of the attempts *counted* has to wait."""
    if len(counted) <= most:
        return 0
    return max(1, math.ceil(counted[-most - 1][1] + WINDOW - now))
