"""What a run has handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Applied:
    """Counts of field values accepted and written once more, and of items retired."""

    accepted: int = 0
    repaired: int = 0
    retired: int = 0
    held: Mapping[str, str] = field(default_factory=dict)  # kind that the store refused → reason

    def __add__(self, other: Applied) -> Applied:
        return Applied(
            self.accepted + other.accepted,
            self.repaired + other.repaired,
            self.retired + other.retired,
            {**self.held, **other.held},
        )
