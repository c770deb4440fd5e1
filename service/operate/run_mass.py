"""
A mass: a run would create or overwrite so many items of a collection that an operator approves it
first (P12). The CMS is asked for the number of items only if those that are known are too few.

Who is shown it and confirms it, or says --yes, has approved it; a run that the API begins is held,
and goes on once it is approved (``held_runs.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from service.operate.patience import patient
from service.operate.undo_now import size_of
from service.operate.undo_reads import CmsItems, Later
from workers.config.settings import Collection
from workers.delivery.context import Context
from workers.errors import ReconcileFailed
from workers.policy import run_guard
from workers.policy.run_guard import CREATED, KINDS, GuardDecision, GuardInput
from workers.store.run_approval import HELD
from workers.store.run_counts import RunCounts

RECENT: Final = 600.0  # s for which a number that was told counts as the one of now

Sleep = Callable[[float], object]
# collection → kind → items that a run would change
Wanted = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Mass:
    """
    What of a run has to be approved.

    Args:
        why: Collection → the reason; empty: nothing has to.
        figures: As a held run has them (``workers/store/run_approval.py``).
    """

    why: dict[str, str] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The reasons of all collections; "": nothing has to be approved."""
        return "; ".join(self.why.values())


def mass_of(context: Context, wanted: Wanted, sleep: Sleep | None = None) -> Mass:
    """
    Return what of *wanted* has to be approved.

    Args:
        sleep: As of `CmsItems`; if it raises `Later`, the items that are known count. None: for a
            few seconds.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    why: dict[str, str] = {}
    figures: dict[str, int] = {}
    for name, numbers in wanted.items():
        collection = context.settings.collections.get(name)
        if collection is None:
            continue
        found = _asking(context, collection, numbers, sleep or patient())
        if found:
            why[name] = f"{name}: {'; '.join(each.words for each in found)}"
        for each in found:
            figures[HELD[each.kind]] = figures.get(HELD[each.kind], 0) + each.wanted
    return Mass(why, figures)


def _asking(
    context: Context, collection: Collection, numbers: Mapping[str, int], sleep: Sleep
) -> list[GuardDecision]:
    """Return the decisions of the guard that ask for an approval."""
    counted = RunCounts(context.steps, context.settings, collection).read()
    items, first = size_of(context, collection), counted.first or 0
    recent = {CREATED: counted.created}
    found = _decided(collection, numbers, GuardInput(items, recent, first=first))
    if not found:
        return []
    # Where items are looked up by filter, only those that events named are known.
    items = _total(context, collection, sleep, items)
    made = numbers.get(CREATED, 0)
    if counted.first is None and run_guard.is_first_load(items=items, records=made):
        first = made
    return _decided(collection, numbers, GuardInput(items, recent, first=first))


def _decided(
    collection: Collection, numbers: Mapping[str, int], guard_input: GuardInput
) -> list[GuardDecision]:
    limits = collection.guard
    kinds = (kind for kind in KINDS if kind in HELD)
    made = (run_guard.rule(kind, numbers.get(kind, 0), guard_input, limits, None) for kind in kinds)
    return [each for each in made if each.asks]


def _total(context: Context, collection: Collection, sleep: Sleep, known: int) -> int:
    """Return how many items the CMS has; *known*, if it cannot be asked now."""
    told = context.item_totals.read(collection, RECENT)
    if told is not None:
        return told
    items, at_ms = CmsItems(context, collection, sleep=sleep), context.item_totals.now_ms()
    try:
        total = items.total()
        # Held deletes of the same run need not ask again.
        context.item_totals.keep(collection, total, at_ms)
        return total
    except (Later, ReconcileFailed):
        return known
    finally:
        items.close()
