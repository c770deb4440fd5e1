"""
The audit list: who changed what by hand, and when.

A command and a request to ``/api`` that changed something add one entry; what events change stands
in the life of each record. The list keeps the newest `MOST` entries. An entry may name a record:
``instep forget`` blanks the target and the figures of those that hold its key.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from redis.client import Pipeline

from workers.store import clock, keys
from workers.store.connection import guarded
from workers.store.scripts import Steps

MOST: Final = 10_000  # entries
LONGEST: Final = 500  # characters of one text of an entry
ERASED: Final = "erased"  # target of an entry that held a forgotten key
_AT_FIRST_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Audited:
    """
    What an entry says.

    Args:
        action: What was done, e.g. ``pause``.
        target: To what, e.g. the name of a destination.
        figures: Numbers and short texts, e.g. ``{"letters": 60}``.
        by: The name of an access, ``admin``, ``cli:USER@HOST`` or ``mcp:USER@HOST``.
    """

    action: str
    target: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""

    def of_run(self, by: str, run: str) -> Audited:
        """Return the entry of the run that *by* has begun."""
        return replace(self, by=by, figures={"run": run, **self.figures})

    def request(self) -> dict[str, Any]:
        """Return the request of ``audit.lua``."""
        shown = {name: _short(value) for name, value in self.figures.items()}
        return {
            "by": _short(self.by),
            "action": _short(self.action),
            "target": _short(self.target),
            "figures": json.dumps(shown, ensure_ascii=False),
            "most": MOST,
            "token": uuid.uuid4().hex,
        }


class Audit:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def record(self, by: str, action: str, target: str, **figures: Any) -> None:
        """
        Add one entry; call it after the change.

        Args:
            by: The name of an access, ``admin``, ``cli:USER@HOST`` or ``mcp:USER@HOST``.
            action: What was done, e.g. ``pause``.
            target: To what, e.g. the name of a destination.
            figures: Numbers and short texts, e.g. ``letters=60``.
        """
        self._steps.run("audit", Audited(action, target, figures, by).request())

    def add(self, pipeline: Pipeline, audited: Audited) -> None:
        """Add one entry in the transaction of the change."""
        self._steps.add_to(pipeline, "audit", audited.request())

    def list(self, cursor: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """
        Return at most *limit* entries, the newest first, and the cursor of the next page.

        Each is ``{id, at, by, action, target, figures}``.

        Args:
            cursor: As an earlier call returned it; None: the first page.
        """
        if cursor and not any(map(int, cursor.split("-"))):
            return [], None  # the store refuses an interval that ends before its first id
        last = f"({cursor}" if cursor else "+"
        with guarded():
            found: Any = self._steps.client.xrevrange(keys.AUDIT, last, "-", count=limit + 1)
        items = [_entry(id, fields) for id, fields in found[:limit]]
        return items, items[-1]["id"] if len(found) > limit else None

    def untold(self, most: int = 100) -> Sequence[dict[str, Any]]:
        """
        Return at most *most* entries of which the log does not tell yet, the oldest first.

        Where nothing says up to which one it does, those of the last minute.
        """
        with guarded():
            told: Any = self._steps.client.get(keys.AUDIT_TOLD)
            if told is None:
                told = f"{clock.read_us(self._steps.client) // 1000 - _AT_FIRST_MS}-0"
            found: Any = self._steps.client.xrange(keys.AUDIT, f"({told}", "+", count=most)
        return [_entry(id, fields) for id, fields in found]

    def told(self, id: str) -> None:
        """Note that the log tells of the entry *id* and of all before it."""
        with guarded():
            self._steps.client.set(keys.AUDIT_TOLD, id)


def _short(value: Any) -> Any:
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _entry(id: str, fields: Mapping[str, str]) -> dict[str, Any]:
    at = datetime.fromtimestamp(int(id.partition("-")[0]) / 1000, UTC)
    return {
        "id": id,
        "at": at.isoformat(timespec="milliseconds"),
        **{name: fields[name] for name in ("by", "action", "target")},
        "figures": json.loads(fields["figures"]),
    }
