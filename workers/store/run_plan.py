"""
What a held run has shown, by kind: a digest of each item, in order, so that an approval is of them.

Kept with the run (`keys.run_plan`) until it ends; of more than `MOST` items nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from workers.store import problem_keys as keys
from workers.store.connection import guarded
from workers.store.runs import Runs

MOST: Final = 100_000  # digests of one kind: 1.7 MB


def keep(runs: Runs, id: str, kind: str, digests: Sequence[str]) -> None:
    """Keep what the run *id* was held for, unless it is too much."""
    with guarded():
        if len(digests) > MOST:
            runs.steps.client.hdel(keys.run_plan(id), kind)
        else:
            runs.steps.client.hset(keys.run_plan(id), kind, " ".join(digests))


def read(runs: Runs, id: str, kind: str) -> tuple[str, ...] | None:
    """Return the digests; None: none are kept."""
    with guarded():
        text = runs.steps.client.hget(keys.run_plan(id), kind)
    return None if text is None else tuple(str(text).split())
