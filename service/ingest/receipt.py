"""What became of a delivery, for its sender."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from service.senders.base import Answer
from workers.model.changes import FieldProblem


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What became of a delivery.

    Args:
        outcome: kept; duplicate: all of it was kept before; unwanted: no mapping takes any of its
            events; full: the store takes no more from this source; unmapped: a replay that
            cannot be mapped yet either, and changed nothing; spooled: it is kept by this machine
            until the store can keep it.
        events: Events in it.
        accepted: Field values that were accepted.
        problems: Why events of it are dead letters.
        ids: Event ids, as far as the source gives any.
        answer: What the sender wants to hear; None: anything.
    """

    outcome: Literal["kept", "duplicate", "unwanted", "full", "unmapped", "spooled"]
    events: int = 0
    accepted: int = 0
    problems: tuple[FieldProblem, ...] = ()
    ids: tuple[str, ...] = ()
    answer: Answer | None = None


SPOOLED: Final = Receipt("spooled")
