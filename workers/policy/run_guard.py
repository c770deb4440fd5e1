"""
The guard of runs: how many items they may create, overwrite or retire without approval.

Creations and retirements are summed over a window, from all runs, so that many small runs count as
a large one. Overwrites are counted per run and held from half of the collection on. An approval is
an upper bound, and does not lift a blocker of retirements.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.config.settings import Guard
from workers.model.held_reason import window_words

CREATED, OVERWRITTEN, RETIRED = "created", "overwritten", "retired"
KINDS = (CREATED, OVERWRITTEN, RETIRED)
_DONE: Mapping[str, str] = {
    CREATED: "items would be created in a collection of {items:,}",
    OVERWRITTEN: "of {items:,} items{share} would be overwritten",
    RETIRED: "of {items:,} items{share} would be retired",
}


@dataclass(frozen=True, slots=True)
class GuardInput:
    """What a run is judged by."""

    items: int  # items in the collection
    # created and retired within the window, by kind
    recent: Mapping[str, int] = field(default_factory=dict)
    blockers: tuple[str, ...] = ()  # reasons to retire nothing, even if approved
    first: int = 0  # items that the first load of the collection may create
    loads: bool = False  # this run is the first load: its overwrites are not held


@dataclass(frozen=True, slots=True)
class GuardDecision:
    kind: str
    wanted: int
    allowed: bool = True
    words: str = ""  # reason for a refusal
    asks: bool = False  # an approval would allow it
    most: int | None = None  # limit within the window; None: not limited by it
    first: bool = False  # part of the first load of the collection
    granted: int = 0  # of those held, so many go: an operator approved no more
    # which ones; empty: the first ones
    approved: frozenset[str] = frozenset()


def blockers(
    *, records: int, unread: int, whole: bool, partial: bool, items: int
) -> tuple[str, ...]:
    """
    Return the reasons to retire nothing.

    Args:
        unread: Records without a readable key: they could be those of any item.
        whole: The listing shows every item.
    """
    found = []
    if records == 0:
        found.append("the source is empty")
    if unread:
        found.append(f"the key of {unread:,} records could not be read")
    if not whole:
        found.append(f"the listing ended early, after {items:,} items")
    if partial:
        found.append("the snapshot is partial")
    return tuple(found)


def is_first_load(*, items: int, records: int) -> bool:
    """
    Tell whether the source has more than twice as many records as the collection has items.

    With fewer, records missing in the collection may as well have their key in another form.
    """
    return records > 2 * items


def most(kind: str, limits: Guard, items: int) -> int:
    """Return how many of *items* may be changed without approval."""
    half = max(limits.half_from, math.ceil(items / 2)) - 1
    if kind == OVERWRITTEN:
        return half
    return min(half, max(limits.at_most, math.floor(round(items * limits.percent / 100, 6))))


def rule(
    kind: str, wanted: int, guard_input: GuardInput, limits: Guard, approved: int | None
) -> GuardDecision:
    """Decide whether *wanted* items may be changed; *approved*: the operator's upper bound."""
    if wanted == 0:
        return GuardDecision(kind, wanted)
    if kind == RETIRED and guard_input.blockers:
        return GuardDecision(
            kind, wanted, False, f"nothing is retired: {'; '.join(guard_input.blockers)}"
        )
    words = f"{wanted:,} {_DONE[kind]}".format(
        items=guard_input.items, share=_share(wanted, guard_input.items)
    )
    if approved is not None:
        if wanted <= approved:
            return GuardDecision(kind, wanted)
        return GuardDecision(
            kind, wanted, False, f"{words}, and up to {approved:,} may be", asks=True
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
    already = (
        f", with {before:,} {kind} in the last {window_words(limits.window)}" if before else ""
    )
    return GuardDecision(kind, wanted, False, f"{words}{already}: {why}", asks=True, most=ceiling)


def _share(wanted: int, items: int) -> str:
    return f" ({100 * wanted / items:.1f} %)" if items else ""


def _why(kind: str, number: int, limits: Guard, items: int) -> str:
    share = number > limits.at_most and 100 * number > limits.percent * items
    if share and kind != OVERWRITTEN:
        return f"more than {limits.at_most:,} and more than {limits.percent:g} %"
    return "half of the collection or more"
