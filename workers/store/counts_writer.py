"""
Writes the counts of one process, each once.

Where the answer of the store is late or lost, nobody knows whether the counts were added. So every
write has a number, the same write is repeated until it is answered, and the store leaves out a
number that it has seen (``write_counts.lua``).
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis

from workers.store.scripts import Steps

LASTS_MS: Final = 86_400_000  # a write may be repeated for that long


@dataclass(frozen=True, slots=True)
class Counts:
    """
    What one write adds.

    Args:
        counts: (key, field of the hash) → number.
        entries: (key of a stream, how many it keeps, ms that it lasts, name, value, …) each.
    """

    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    entries: Sequence[tuple[Any, ...]] = ()

    def __bool__(self) -> bool:
        return bool(self.counts or self.entries)


class CountsWriter:
    """
    Safe to share between threads.

    Args:
        take: Returns what is not written yet, and forgets it.
    """

    def __init__(self, client: redis.Redis, take: Callable[[], Counts]) -> None:
        self._steps = Steps(client)
        self._take = take
        self._name = uuid.uuid4().hex
        self._number = 0
        self._unanswered: Counts | None = None
        self._writing = threading.Lock()

    def flush(self) -> None:
        """
        Write what is not written yet.

        Raises:
            StoreUnavailable: It is kept, and the next call repeats it.
        """
        with self._writing:
            if self._unanswered:
                self._send(self._unanswered)
            if counts := self._take():
                self._number += 1
                self._unanswered = counts
                self._send(counts)

    def _send(self, counts: Counts) -> None:
        self._steps.run(
            "write_counts",
            {
                # Made before a fork, it serves several processes.
                "process": f"{self._name}-{os.getpid()}",
                "number": self._number,
                "lasts_ms": LASTS_MS,
                # As text: Lua knows no integers.
                "counts": [[*name, str(by)] for name, by in counts.counts.items()],
                "entries": [[*map(str, entry)] for entry in counts.entries],
            },
        )
        self._unanswered = None
