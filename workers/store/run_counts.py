"""
What the guard of runs adds up: items that runs created, and that were retired in whatever way.

``run_counts.lua`` keeps them by collection and copy (``guard``): a hash of numbers by kind and
quarter of an hour, kept for 8 days and so of 1,600 entries at most; and ``…:first``, what the
first load of the collection may still create, which stays: there is one first load of a copy.
They are counted in the step that hands something over.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from workers.config.settings import Collection, Settings
from workers.store.scripts import Steps


@dataclass(frozen=True, slots=True)
class Counted:
    """
    Args:
        created, retired: Items within the window.
        first: What the first load may still create; None: nothing was loaded yet.
    """

    created: int
    retired: int
    first: int | None


class RunCounts:
    """
    Of one collection.

    Raises (every method):
        StoreUnavailable: The store did not answer.
    """

    def __init__(self, steps: Steps, settings: Settings, collection: Collection) -> None:
        self._steps = steps
        self.place = f"{collection.name}:{settings.copy_of(collection)}"
        self.window_ms = round(collection.guard.window * 1000)

    def read(self) -> Counted:
        """Return what counts now."""
        return self._run(None)

    def load(self, items: int) -> Counted:
        """Let the first load create *items*; where there was one, nothing changes."""
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
