"""The outcome of a delivery, for its sender."""

from __future__ import annotations

from typing import Final, Literal

from service.senders.base import Answer
from workers.model.changes import FieldProblem
from workers.model.values import value_class


@value_class
class Receipt:
    """
    The outcome of a delivery.

    Args:
        outcome: kept; duplicate: all of it was kept before; unwanted: no mapping takes any of its
            events; full: the quota of this source is used up; unmapped: a replay that still cannot
            be mapped, and changed nothing; spooled: this machine keeps it until the store can.
        accepted: Number of accepted field values.
        problems: Why events of it are dead letters.
        ids: Event ids, where the source gives any.
        collections: Whose records it changes.
        keys: Some of those records, and *records* how many there are.
        mapped: False: it was kept as a dead letter alone.
        answer: The one that the sender expects; None: any.
    """

    outcome: Literal["kept", "duplicate", "unwanted", "full", "unmapped", "spooled"]
    events: int = 0
    accepted: int = 0
    problems: tuple[FieldProblem, ...] = ()
    ids: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    records: int = 0
    mapped: bool = True
    answer: Answer | None = None


SPOOLED: Final = Receipt("spooled")
