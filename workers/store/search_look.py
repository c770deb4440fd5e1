"""A look at all records, page by page: what the search index of an older store lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import redis

from workers.store import keys, search_keys
from workers.store.connection import guarded

PAGE: Final = 500  # keys per read
SOON: Final = 3600.0  # s after the first look: processes of an older release may still have written
DAILY: Final = 86_400.0  # s after any other
_NAME: Final = "look"


@dataclass(frozen=True, slots=True)
class _Progress:
    places: tuple[str, ...] = ()  # that were, or are, looked at
    stage: int = 0  # 0: the records; from 1 on: the items of each place
    cursor: int = 0
    looks: int = 0  # that are done
    next: float = 0.0  # s since 1970 on the store's clock: when the next one begins

    @classmethod
    def parse(cls, text: str | None) -> _Progress:
        stored = json.loads(text) if text else {}
        return cls(**{**stored, "places": tuple(stored.get("places", ()))})


class Look:
    """
    Every method raises StoreUnavailable if the store does not answer.

    Args:
        places: Collection → ``<collection>:<copy>``.
    """

    def __init__(self, client: redis.Redis, places: Mapping[str, str]) -> None:
        self._client: Any = client  # typed as if it might not decode
        self._places = places

    def is_done(self) -> bool:
        """Whether all records were looked at once."""
        with guarded():
            at = _Progress.parse(self._client.hget(search_keys.STATE, _NAME))
        return at.looks > 0 and not self._missing(at)

    def page(self) -> list[tuple[str, str]] | None:
        """Return collection and record of the next page; None: no look is due."""
        with guarded():
            text, (seconds, _) = self._asked()
        at = _Progress.parse(text)
        if missing := self._missing(at):
            at = _Progress(places=(*at.places, *missing))
        elif at.looks and seconds < at.next:
            return None
        cursor, found = self._records(at.cursor) if at.stage == 0 else self._items(at)
        at = replace(at, cursor=cursor)
        if not cursor:
            at = replace(at, stage=at.stage + 1)
        if at.stage > len(at.places):
            wait = DAILY if at.looks else SOON
            at = replace(at, stage=0, looks=at.looks + 1, next=seconds + wait)
        with guarded():
            self._client.hset(search_keys.STATE, _NAME, json.dumps(asdict(at)))
        return found

    def _asked(self) -> Any:
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.hget(search_keys.STATE, _NAME)
            pipeline.time()
            return pipeline.execute()

    def _missing(self, at: _Progress) -> list[str]:
        return [each for each in self._places.values() if each not in at.places]

    def _records(self, cursor: int) -> tuple[int, list[tuple[str, str]]]:
        with guarded():
            cursor, names = self._client.scan(cursor, match=keys.every("item"), count=PAGE)
        pairs = (keys.rest_of(name).partition(":") for name in names)
        return int(cursor), [(name, rest) for name, _, rest in pairs if name in self._places]

    def _items(self, at: _Progress) -> tuple[int, list[tuple[str, str]]]:
        """Return records that items have, of which no event may have come."""
        place = at.places[at.stage - 1]
        name = place.partition(":")[0]
        if self._places.get(name) != place:
            return 0, []  # of another configuration
        with guarded():
            cursor, found = self._client.hscan(keys.of_steps("ids", place), at.cursor, count=PAGE)
        return int(cursor), [(name, record) for record in found]
