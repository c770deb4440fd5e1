"""One page of a list, and a filter of a list that cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page of a list, newest first where the list has times.

    Args:
        items: The entries; each is ready for JSON.
        next: The cursor of the next page; None: this is the last.
    """

    items: list[dict[str, Any]]
    next: str | None = None


class FilterInvalid(ValueError):
    """
    A filter, or a cursor, that selects nothing because it is wrong.

    Args:
        found: As given.
        expected: In words.
        do: What to do.
    """

    def __init__(self, found: str, expected: str, do: str) -> None:
        super().__init__(f"found {found}, expected {expected}; {do}")
        self.found, self.expected, self.do = found, expected, do
