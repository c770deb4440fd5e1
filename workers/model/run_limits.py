"""What a run may do, as the store holds it against what it has counted and who runs. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunLimit:
    """
    Args:
        place: Collection and copy.
        most: Items within the window, whatever way they come.
        window_ms: How long that is.
        first: They are taken from what the first load may create, and counted there alone.
    """

    place: str
    kind: str  # created or retired
    most: int
    window_ms: int
    first: bool = False


@dataclass(frozen=True, slots=True)
class RunLease:
    """The lock that a run holds: a step that finds another's there does nothing."""

    name: str  # key
    token: str  # that stands there
