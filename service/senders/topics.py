"""
The topics that a sender can send: their pattern, and for some resources the full list.

Only topics that are certainly never sent are refused: a wrong refusal keeps a valid configuration
from starting, while a wrong pass only leaves a mapping without events.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Topics:
    """
    The topics of one kind of sender.

    Args:
        shape: A regular expression that every topic matches as a whole.
        ends: Beginning of a topic → every possible rest.
        others: Examples of topics outside of *ends*.
    """

    shape: str
    ends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def has(self, topic: str) -> bool:
        """Tell whether *topic* is ever sent."""
        if re.fullmatch(self.shape, topic, re.ASCII) is None:
            return False
        for start, ends in self.ends.items():
            if topic.startswith(start):
                return topic.removeprefix(start) in ends
        return True

    @property
    def examples(self) -> tuple[str, ...]:
        """Topics that it sends, for hints."""
        known = (f"{start}{end}" for start, ends in self.ends.items() for end in ends)
        return (*known, *self.others)
