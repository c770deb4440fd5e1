"""
The guard of runs: how many items may be created, overwritten or retired without being asked. Pure.

Creations and retirements add up within a window, whatever way they come, so that many small runs
are one large one. Overwrites are counted in each run, and held from half of the collection on.
Approval is a ceiling, and no approval lifts a doubt about what is to be retired.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.config.settings import Guard

CREATED, OVERWRITTEN, RETIRED = "created", "overwritten", "retired"
KINDS = (CREATED, OVERWRITTEN, RETIRED)
_DONE: Mapping[str, str] = {
    CREATED: "items would be created in a collection of {items}",
    OVERWRITTEN: "of {items} items{share} would be overwritten",
    RETIRED: "of {items} items{share} would be retired",
}


@dataclass(frozen=True, slots=True)
class GuardInput:
    """
    What a run stands on.

    Args:
        items: Of the collection.
        recent: Items created and retired within the window, by kind.
        blockers: Why nothing may be retired, whatever is approved.
        first: Items that the first load of the collection may create.
        loads: This run is that first load: what it overwrites is not held.
    """

    items: int
    recent: Mapping[str, int] = field(default_factory=dict)
    blockers: tuple[str, ...] = ()
    first: int = 0
    loads: bool = False


@dataclass(frozen=True, slots=True)
class GuardDecision:
    """
    Args:
        allowed: All that is *wanted* may be done.
        words: Why not, or nothing.
        asks: An approval would allow it.
        most: How many there may be within the window; None: they are not counted there.
        first: They belong to the first load of the collection.
    """

    kind: str
    wanted: int
    allowed: bool = True
    words: str = ""
    asks: bool = False
    most: int | None = None
    first: bool = False


def blockers(
    *, records: int, unread: int, whole: bool, partial: bool, items: int
) -> tuple[str, ...]:
    """
    Return why nothing may be retired.

    Args:
        unread: Records whose key could not be read: which items are theirs, nobody knows.
        whole: The listing shows every item.
    """
    found = []
    if records == 0:
        found.append("the source is empty")
    if unread:
        found.append(f"the key of {unread} records could not be read")
    if not whole:
        found.append(f"the listing ended early, after {items} items")
    if partial:
        found.append("the snapshot is partial")
    return tuple(found)


def is_first_load(*, items: int, records: int) -> bool:
    """
    Tell whether the first run of a collection fills it: its source has more than twice as many
    records as it has items. Else what is missing there may as well be a key in another form.
    """
    return records > 2 * items


def most(kind: str, limits: Guard, items: int) -> int:
    """Return how many of *items* may be done without being asked."""
    half = max(limits.half_from, math.ceil(items / 2)) - 1
    if kind == OVERWRITTEN:
        return half
    return min(half, max(limits.at_most, math.floor(round(items * limits.percent / 100, 6))))


def rule(
    kind: str, wanted: int, guard_input: GuardInput, limits: Guard, approved: int | None
) -> GuardDecision:
    """
    Tell whether *wanted* items may be created, overwritten or retired.

    Args:
        approved: The ceiling that an operator has given.
    """
    if wanted == 0:
        return GuardDecision(kind, wanted)
    if kind == RETIRED and guard_input.blockers:
        return GuardDecision(
            kind, wanted, False, f"nothing is retired: {'; '.join(guard_input.blockers)}"
        )
    words = f"{wanted} {_DONE[kind]}".format(
        items=guard_input.items, share=_share(wanted, guard_input.items)
    )
    if approved is not None:
        if wanted <= approved:
            return GuardDecision(kind, wanted)
        return GuardDecision(
            kind, wanted, False, f"{words}, and up to {approved} may be", asks=True
        )
    if kind == CREATED and wanted <= guard_input.first:
        return GuardDecision(kind, wanted, first=True)
    if kind == OVERWRITTEN and guard_input.loads:
        return GuardDecision(kind, wanted)
    ceiling = most(kind, limits, guard_input.items)
    before = 0 if kind == OVERWRITTEN else guard_input.recent.get(kind, 0)
    if wanted + before <= ceiling:
        return GuardDecision(kind, wanted, most=ceiling)
    why = _why(kind, wanted + before, limits, guard_input.items)
    already = f", with {before} {kind} in the last {_window(limits.window)}" if before else ""
    return GuardDecision(kind, wanted, False, f"{words}{already}: {why}", asks=True, most=ceiling)


def _share(wanted: int, items: int) -> str:
    return f" ({100 * wanted / items:.1f} %)" if items else ""


def _why(kind: str, number: int, limits: Guard, items: int) -> str:
    share = number > limits.at_most and 100 * number > limits.percent * items
    if share and kind != OVERWRITTEN:
        return f"more than {limits.at_most} and more than {limits.percent:g} %"
    return "half of the collection or more"


def _window(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:g} h" if hours >= 1 else f"{seconds / 60:g} min"
