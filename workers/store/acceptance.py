"""A call of ``accept``, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.store.compression import Packed


@dataclass(frozen=True, slots=True)
class AcceptCall:
    """
    Args:
        source: Of its delivery.
        packed: The delivery as it is kept; None: it is not.
        arguments: The request, the raw body, and what is kept.
    """

    source: str
    packed: Packed | None
    arguments: tuple[dict[str, Any], str, bytes, bytes]

    @property
    def brings_words(self) -> bool:
        """Whether other deliveries are to be packed by its words, once the store has named them."""
        return self.packed is not None and self.packed.words is None


@dataclass(frozen=True, slots=True)
class Accepted:
    """
    What became of a delivery: ``kept``, ``duplicate``, or ``full``, ``lost`` or ``held``: nothing
    was kept, for want of room, since the claim of its fetch or the lock of its run was lost, or
    since it is more than the run may do. A spooled one may be ``drained`` already,
    or ``behind`` others that are to be drained first.

    Args:
        accepted: Field values that were counted as accepted.
        wake: Destinations for which the caller is to enqueue a job.
        letters: Events that became a dead letter.
        stalled: Since when its source has said nothing newer than what is held, where that is to
            be told.
        last: Number of the last delivery of its source that was drained from its spool file.
        at_us: When, µs since 1970 by the store's clock.
    """

    outcome: str
    accepted: int = 0
    wake: tuple[str, ...] = ()
    letters: int = 0
    stalled: Mapping[str, Any] | None = None
    last: int = 0
    at_us: int | None = None
