"""What ``instep tail`` shows: the lines of all processes of an installation, as they come."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

from workers.store import keys
from workers.webflow.item_keys import normal

WAIT = 1.0  # s for the next line; then, and after an error, the caller may end it


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown; None: all."""

    source: str | None = None
    collection: str | None = None
    key: str | None = None

    def shows(self, line: dict[str, Any]) -> bool:
        return (
            self._has(self.source, line, "source", "sources")
            and self._has(self.collection, line, "collection", "collections")
            and self._has(self.key and normal(self.key), line, "key", "keys")
        )

    def _has(self, wanted: str | None, line: dict[str, Any], one: str, several: str) -> bool:
        return wanted is None or line.get(one) == wanted or wanted in (line.get(several) or ())


def follow(
    client: redis.Redis,
    chosen: Filter,
    *,
    away: Callable[[str], object] = lambda _: None,
    back: Callable[[], object] = lambda: None,
    wait: float = WAIT,
) -> Iterator[dict[str, Any] | None]:
    """
    Yield the lines that *chosen* shows, and None whenever there was none for a while.

    Args:
        away: Called with the reason when the store does not answer; *back* once it does.
    """
    lost = False
    while True:
        try:
            with client.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
                subscription.subscribe(keys.LIVE_FEED)
                yield None  # subscribed
                if lost:
                    back()
                    lost = False
                while True:
                    yield _line(subscription.get_message(timeout=wait), chosen)
        except redis.RedisError as error:
            if not lost:
                away(str(error))
            lost = True
            time.sleep(wait)


def _line(message: dict[str, Any] | None, chosen: Filter) -> dict[str, Any] | None:
    if message is None:
        return None
    try:
        line: Any = json.loads(message["data"])
    except ValueError:
        return None
    return line if isinstance(line, dict) and chosen.shows(line) else None
