"""
The counts for the guard of runs: items created by runs, and items retired in any way.

``run_counts.lua`` keeps them by collection and copy (``guard``): a hash of numbers by kind and
quarter of an hour, kept for 8 days, at most 1,600 entries; and ``…:first``, what the first load of
the collection may still create, kept for good. Counted in the step that accepts the changes.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from workers.config.settings import Collection, Settings
from workers.store.scripts import Steps


@dataclass(frozen=True, slots=True)
class Counted:
    created: int  # within the window
    retired: int  # within the window
    first: int | None  # what the first load may still create; None: nothing loaded yet


class RunCounts:
    """Of one collection. Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings, collection: Collection) -> None:
        self._steps = steps
        self.place = f"{collection.name}:{settings.copy_of(collection)}"
        self.window_ms = round(collection.guard.window * 1000)

    def read(self) -> Counted:
        return self._run(None)

    def load(self, items: int) -> Counted:
        """Allow the first load to create *items*; no effect if there was one."""
        return self._run(items)

    def _run(self, loads: int | None) -> Counted:
        answer = self._steps.run(
            "run_guard",
            {
                "token": uuid.uuid4().hex,
                "place": self.place,
                "window_ms": self.window_ms,
                "loads": loads,
            },
        )
        first = int(answer["first"])
        return Counted(answer["created"], answer["retired"], None if first < 0 else first)
