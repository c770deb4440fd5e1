"""Why retirements wait for approval, in words."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeldReason:
    """What ``retirement_guard.lua`` decided by."""

    waiting: int  # retirements that are held
    gone: int  # items retired before, within the window
    items: int  # in the collection; 0: unknown
    at_most: int
    percent: float
    window: float  # s

    @classmethod
    def parse(cls, text: str) -> HeldReason:
        """Read what ``retirement_guard.lua`` keeps."""
        told = json.loads(text)
        return cls(
            waiting=int(told["waiting"]),
            gone=int(told["gone"]),
            items=int(told["items"]),
            at_most=int(told["at_most"]),
            percent=told["percent"],
            window=told["window_ms"] / 1000,
        )

    def words(self) -> str:
        of = f" of {self.items:,}" if self.items else ""
        already = f", with {self.gone:,} before" if self.gone else ""
        window = window_words(self.window)
        return (
            f"{self.waiting:,}{of} items would be retired within {window}{already}: {self.limit()}"
        )

    def limit(self) -> str:
        """Return what of the guard they are beyond."""
        number = self.waiting + self.gone
        if not self.items:
            return f"more than {self.at_most:,}"
        if number > self.at_most and 100 * number > self.percent * self.items:
            return f"more than {self.at_most:,} and more than {self.percent:g} %"
        return "half of the collection or more"


def up_to_date(told: str | None, number: int) -> str | None:
    """Return *told*, what the store keeps of a reason, with the *number* that are held by now."""
    if told is None:
        return None
    kept = json.loads(told)
    return json.dumps(kept | {"waiting": max(kept["waiting"], number)})


def window_words(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:g} h" if hours >= 1 else f"{seconds / 60:g} min"
