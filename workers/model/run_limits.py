"""The limits of a run, checked by the store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunLimit:
    place: str  # collection and copy
    kind: str  # created or retired
    most: int  # items within the window, from all runs
    window_ms: int
    first: bool = False  # counted against the first load only


@dataclass(frozen=True, slots=True)
class RunLease:
    """The lock of a run: steps do nothing if another holds it."""

    name: str
    token: str  # its expected value
