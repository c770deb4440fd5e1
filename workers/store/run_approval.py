"""The approval of a held run: figures of it, that the next run of the same reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from workers.model.runs import COMPARISONS
from workers.store import run_plan
from workers.store.runs import Runs

CREATED, OVERWRITTEN = "created", "overwritten"  # as in `workers.policy.run_guard`
# kind → figure of a run: items for which it is held
HELD: Final[Mapping[str, str]] = MappingProxyType(
    {CREATED: "held_created", OVERWRITTEN: "held_overwritten"}
)
# kind → figure of a held run: items that the next run may change
MAY: Final[Mapping[str, str]] = MappingProxyType(
    {CREATED: "may_create", OVERWRITTEN: "may_overwrite"}
)


MOST: Final = 200  # held runs that are looked through


@dataclass(frozen=True, slots=True)
class Approved:
    """
    What an operator has approved of one kind.

    Args:
        number: So many items at most.
        run: The held run that has shown them.
        plan: Digests of those that it has shown, in order (``run_plan.py``); None: any so many.
    """

    number: int
    run: str
    plan: tuple[str, ...] | None = None


def approved(
    runs: Runs, collection: str, source: str, before: str | None
) -> Mapping[str, Approved]:
    """
    Return what a run may change beyond the guard, by kind; kinds without an approval are left out.

    Args:
        before: Its id; None: it is a check or a dry run.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    for run in runs.list(state="held", before=before, limit=MOST):
        if run.kind in COMPARISONS and (run.collection, run.source) == (collection, source):
            numbers = {kind: int(run.figures.get(name, 0)) for kind, name in MAY.items()}
            return {
                kind: Approved(number, run.id, run_plan.read(runs, run.id, kind))
                for kind, number in numbers.items()
                if number
            }
    return {}
