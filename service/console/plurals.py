"""Nouns of the pages, for one and for several. Pure."""

from __future__ import annotations


def noun(number: int, one: str) -> str:
    """
    Return the noun that goes with *number*.

    Args:
        one: What one of them is called, such as ``waiting delete`` or ``delivery``.
    """
    if number == 1:
        return one
    ends_in_y = one.endswith("y") and one[-2:-1] not in "aeiou"
    return f"{one[:-1]}ies" if ends_in_y else f"{one}s"


def many(number: int, one: str) -> str:
    """Return *number* in groups of three digits, with its noun: ``1,200 deliveries``."""
    return f"{number:,} {noun(number, one)}"
