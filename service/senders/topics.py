"""
Topics that a sender can send: their shape, and of some resources all there are.

Only what is surely never sent is refused: a topic that is refused by mistake keeps a right
configuration from starting, one that is let through by mistake is a mapping that nothing reaches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Topics:
    """
    What is known of the topics of one kind of sender.

    Args:
        shape: A regular expression that all topics match as a whole.
        ends: By the beginning of a topic, all that may follow it.
        others: Such as it sends, where *ends* cannot say.
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
        """Those of the resources of which all are known, for hints."""
        known = (f"{start}{end}" for start, ends in self.ends.items() for end in ends)
        return (*known, *self.others)
