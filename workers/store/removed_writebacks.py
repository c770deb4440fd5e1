"""What is to be told by write-backs that instep.toml has no more, e.g. since they were renamed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from workers.config.settings import Settings
from workers.store import writeback_keys
from workers.store.connection import guarded
from workers.store.scripts import Steps

AT_ONCE: Final = 100  # records of one step


class RemovedWriteBacks:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._steps = steps
        self._client: Any = steps.client  # typed as if it might not decode
        self._settings = settings

    def read(self) -> Mapping[str, Mapping[str, Any]]:
        """Return ``{NAME: {collection, waiting}}`` of those by which anything waits to be told."""
        with guarded():
            every = self._client.smembers(writeback_keys.WRITEBACKS)
            names = sorted(every - self._settings.writebacks.keys())
            with self._client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.hget(writeback_keys.writeback(name), "collection")
                    pipeline.zcard(writeback_keys.due(name))
                found = iter(pipeline.execute())
        told = {name: {"collection": next(found), "waiting": next(found)} for name in names}
        return {name: each for name, each in told.items() if each["waiting"]}

    def collection_of(self, name: str) -> str | None:
        """Return the collection that *name* was for; None: nothing is kept of it."""
        with guarded():
            found: str | None = self._client.hget(writeback_keys.writeback(name), "collection")
        return found

    def move(self, name: str, to: str | None) -> int:
        """
        Have the write-back *to* tell what waits of *name*; None: drop it.

        Returns:
            Of how many records something was kept: to be told, or a dead letter.
        """
        request = {"name": name, "to": to, "most": AT_ONCE}
        request["collection"] = self._settings.writebacks[to].collection if to else None
        moved, left = 0, 1
        while left:
            answer = self._steps.run("move_writebacks", request | {"token": uuid.uuid4().hex})
            moved, left = moved + answer["done"], answer["left"]
        return moved
