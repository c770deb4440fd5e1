"""
Families of keys, and an estimate of the bytes that each takes.

A pass scans all keys in slices of some 500 and measures a few of each family per slice: families
with thousands of keys are estimated, single keys measured. A slice takes the store less than 2 ms.
Nothing is written.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import redis

from workers.store import keys
from workers.store.connection import guarded

OTHERS: Final = "other programs"  # foreign keys
SERVER: Final = "server"  # the server's own memory: tables, buffers, scripts
FAMILIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "items": (
            *("item", "tombstones", "resting", "not-live", "given", "held", "held-delay"),
            *("unpublished", "unpublished-of", "unpublished-since", "unpublished-held"),
            *("redirects", "redirects-at"),
        ),
        "index": (
            *("ids", "keys", "born", "status", "twins", "listed", "index"),
            *("schema", "site", "variants"),
        ),
        "search": ("search", "search-keys", "search-rows", "search-due", "search-state"),
        "queue": (
            *(
                "due",
                "paused",
                "part",
                "waiting",
                "lookup",
                "filter",
                "wanted",
                "waiters",
                "flight",
            ),
            *("wake", "wakes", "nudge", "slice", "slices", "slice-number", "waking"),
            *("sliced", "slicing", "sliced-bytes", "sliced-of"),
        ),
        "seen ids": ("seen", "seen-bytes"),
        "letters": (
            *("letter", "letters", "letter-number", "raw", "raw-bytes"),
            *("problem", "problems"),
        ),
        "kept deliveries": (
            *("kept", "kept-words", "kept-state", "kept-places", "unkept", "refused", "rewrite"),
        ),
        "fetches": (
            *("fetch", "fetches", "fetches-waiting", "fetches-failing"),
            *("fetcher", "fetchers", "cursors"),
        ),
        "lives": ("life", "lives", "history", "history-trimmed"),
        "undo": ("undo",),
        "answers": ("call",),
        "write-backs": (
            *("writeback", "writebacks", "writeback-due", "writeback-records"),
            "writeback-number",
        ),
        "audit": ("audit", "audit-told"),
        "counters": (
            *("counts", "guard", "source", "stale", "logs", "arrival", "collection", "destination"),
            *("budget", "processes", "sweeper", "version", "upgrade", "upgraded", "merged"),
            "packing",
            *(
                "key-parts",
                "memory",
                "forgetting",
                "pulled",
                "reconciler",
                "reconciled",
                "reconciling",
            ),
            *("losses", "witness", "clock", "workers-seen", "metrics", "freshness"),
            *("spool", "spools", "writer", "pauses", "samples", "secrets-used"),
            *("run", "runs", "run-work", "run-plan", "run-number", "running"),
            *("alerts", "alerter", "login", "login-ended", "confirmed"),
            *("publishing", "published-sites"),
        ),
    }
)
REST: Final = "counters"  # family of our keys not named above

_FAMILY_OF: Final = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}
_SLICE: Final = 500  # keys per slice
_MEASURED: Final = 40  # per family and slice
_MANY: Final = 2500  # keys of a pass after which a fifth of that is enough


def family_of(key: str) -> str:
    if key.startswith(keys.PREFIX):
        return _FAMILY_OF.get(keys.kind_of(key), REST)
    return "queue" if key.startswith(keys.RQ) else OTHERS


class Sampler:
    """
    Scans all keys, slice by slice. Every method raises StoreUnavailable if the store does not
    answer.
    """

    def __init__(self, client: redis.Redis, *, measured: int = _MEASURED) -> None:
        self._client = client
        self._measured = measured
        self._draw = random.Random().sample  # noqa: S311  # not for security
        self._begin()

    def _begin(self) -> None:
        self._cursor = 0
        self._seen = 0
        self._bytes: dict[str, float] = defaultdict(float)

    def slice(self) -> Mapping[str, int] | None:
        """Scan the next slice; after the last one, return the bytes of each family."""
        with guarded():
            cursor, keys = self._client.scan(self._cursor, count=_SLICE)
        self._cursor = int(cursor)
        self._seen += len(keys)
        self._add(str(key) for key in keys)
        if self._cursor:
            return None
        found = self.estimate(1.0)
        self._begin()
        return found

    def so_far(self) -> Mapping[str, int]:
        """Extrapolate the current pass to all keys."""
        with guarded():
            count = int(self._client.dbsize())
        return self.estimate(max(1.0, count / self._seen) if self._seen else 1.0)

    def estimate(self, times: float) -> Mapping[str, int]:
        return {family: round(times * number) for family, number in sorted(self._bytes.items())}

    def _add(self, names: Iterable[str]) -> None:
        grouped: dict[str, list[str]] = defaultdict(list)
        for name in names:
            grouped[family_of(name)].append(name)
        most = self._measured if self._seen <= _MANY else max(1, self._measured // 5)
        chosen = {family: self._draw(own, min(len(own), most)) for family, own in grouped.items()}
        sizes = iter(self._sizes([name for own in chosen.values() for name in own]))
        for family, own in chosen.items():
            # Keys deleted meanwhile are skipped.
            found = [size for _ in own if (size := next(sizes)) is not None]
            if found:
                self._bytes[family] += len(grouped[family]) * sum(found) / len(found)

    def _sizes(self, names: Sequence[str]) -> Sequence[Any]:
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.memory_usage(name, samples=5)
            return pipeline.execute()
