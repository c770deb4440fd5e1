"""A run: what was begun by hand or by schedule and takes a while (``store/runs.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

Bulk = Literal["replay", "discard", "approve", "drop", "seen", "ignore", "open"]
Kind = Literal["reconcile", "pull", "remap", "undo"] | Bulk
# Compare a source with the site; one that is held begins anew once it is approved.
COMPARISONS: Final = frozenset({"reconcile", "pull"})
State = Literal["running", "done", "failed", "held", "stopped"]
PROPOSED_FOR: Final = timedelta(days=7)  # after which a proposal ends


@dataclass(frozen=True, slots=True)
class Run:
    """
    One run.

    Args:
        state: "held": it waits for an approval; "stopped": ended by hand, or killed.
        figures: What it did so far, by name.
        about: What it works on, as its kind needs it.
        reason: Why it failed, or was stopped.
        own: The process that began it carries it out.
        tried: Pieces of work that the last slice began, whether it came to its end or not.
        notes: What people said as they confirmed it: ``{at, by, text}``, in order.
        proposed: Why it was proposed, in the words of who proposed it; it began held. "": it was
            begun.
        approved_by: Who let it go on, if it was held and is not a reconcile.
    """

    id: str
    kind: str
    by: str
    started: datetime
    state: str = "running"
    ended: datetime | None = None
    collection: str | None = None
    source: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    own: bool = False
    tried: tuple[str, ...] = ()
    notes: tuple[Mapping[str, str], ...] = ()
    proposed: str = ""
    approved_by: str = ""

    @property
    def decided_by(self) -> str:
        """Who answers for what it does: who approved it, else who began it."""
        return self.approved_by or self.by

    @property
    def proposed_until(self) -> datetime:
        """When a proposal ends that nobody has approved."""
        return self.started + PROPOSED_FOR

    def as_dict(self) -> dict[str, Any]:
        """Return the run ready for JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "collection": self.collection,
            "source": self.source,
            "started": self.started.isoformat(),
            "ended": self.ended.isoformat() if self.ended else None,
            "state": self.state,
            "by": self.by,
            "figures": dict(self.figures),
            "reason": self.reason or None,
            "notes": [dict(note) for note in self.notes],
            "proposal": self._proposal(),
        }

    def _proposal(self) -> dict[str, str | None] | None:
        if not self.proposed:
            return None
        until = self.proposed_until.isoformat()
        return {"why": self.proposed, "until": until, "approved_by": self.approved_by or None}
