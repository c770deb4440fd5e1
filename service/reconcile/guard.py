"""
The guard against mass deletion: whether so many items may be retired. Pure.

Both limits must be passed for it to stop: a small collection may lose a large part of itself, and a
large one a number that is nothing to it. Approval is a ceiling, and no approval lifts a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.settings import Reconcile


@dataclass(frozen=True, slots=True)
class Ground:
    """
    What a run stands on.

    Args:
        records: Of the source.
        items: Of the collection.
        doubts: Why nothing may be retired, whatever is approved.
    """

    records: int
    items: int
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """
    Args:
        allowed: Items may be retired, as many as were asked for.
        words: Why not, or nothing.
        asks: An approval would allow it.
    """

    allowed: bool
    words: str = ""
    asks: bool = False


def doubts(*, records: int, unread: int, whole: bool, partial: bool, items: int) -> tuple[str, ...]:
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
        found.append(f"of {unread} records the key could not be read")
    if not whole:
        found.append(f"the listing ended after {items} items, before it had shown all")
    if partial:
        found.append("the snapshot is a partial one")
    return tuple(found)


def rule(wanted: int, ground: Ground, limits: Reconcile, approved: int | None) -> Ruling:
    """
    Tell whether *wanted* items may be retired.

    Args:
        approved: The ceiling that an operator has given.
    """
    if wanted == 0:
        return Ruling(allowed=True)
    if ground.doubts:
        return Ruling(False, f"nothing is retired: {'; '.join(ground.doubts)}")
    if approved is not None:
        if wanted <= approved:
            return Ruling(allowed=True)
        return Ruling(False, f"{wanted} items would be retired, and up to {approved} may be", True)
    share = 100 * wanted / max(1, ground.items)
    if wanted <= limits.retire_at_most or share <= limits.retire_percent:
        return Ruling(allowed=True)
    words = (
        f"{wanted} of {ground.items} items ({share:.1f} %) would be retired: more than "
        f"{limits.retire_at_most} and more than {limits.retire_percent:g} %"
    )
    return Ruling(False, words, asks=True)
