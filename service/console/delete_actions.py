"""Approving and dropping pending deletes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from service.console.actions import Action, Chosen, Estimate
from service.operate import held_deletes
from service.operate.access import Caller
from service.operate.held_delete_choice import ChosenDeletes, DeleteSelection, choose, newest
from service.operate.page import FilterInvalid
from workers.delivery.context import Context

# `oldest`: at most so many; `till`: those that had come as the estimate was shown.
FILTERS: Final = ("collection", "oldest", "till")
SAMPLES: Final = 10  # rows of the page of an estimate
_DELAYED: Final = "{} of them would go out by themselves after their delay: approved, they go now."
_NOTES: Final[Mapping[str, str]] = {
    "approve": "They go out at once, as far as the CMS takes them.",
    "drop": "Their items stay as they are. No delete of them is asked for again, by an event or a "
    "reconcile, until the source has shown the record once more.",
}


def delete_actions(context: Context) -> list[Action]:
    """Return the actions on rows of the list."""

    def fix(chosen: Chosen) -> Chosen:
        till = str(newest(context))
        return replace(chosen, filters={**chosen.filters, "till": till})

    def action(name: held_deletes.Action, label: str, title: str, *, final: bool) -> Action:
        start, estimate = _start(context, name), _estimate(context, name)
        return Action(
            *("deletes", name, label, title, estimate, start),
            final=final,
            fix=fix,
            kept=("collection",),
        )

    return [
        action("drop", "Drop", "Drop pending deletes", final=False),
        action("approve", "Approve", "Approve pending deletes", final=True),
    ]


def _start(context: Context, name: held_deletes.Action) -> Callable[[Caller, Chosen], str]:
    def start(who: Caller, chosen: Chosen) -> str:
        return held_deletes.start(context, name, _chosen(context, who, chosen), who.name)

    return start


def _estimate(context: Context, name: held_deletes.Action) -> Callable[[Caller, Chosen], Estimate]:
    def estimate(who: Caller, chosen: Chosen) -> Estimate:
        waiting = _chosen(context, who, chosen)
        told = held_deletes.estimate(context, name, waiting)
        return delete_estimate(name, told, waiting.delayed)

    return estimate


def delete_estimate(name: str, found: Mapping[str, Any], delayed: int = 0) -> Estimate:
    """
    Return *found*, of `service.operate.held_deletes.estimate`, for the page.

    Args:
        name: approve or drop.
        delayed: How many of them wait for their delay alone.
    """
    notes = [_NOTES[name]]
    if delayed and name == "approve":
        notes.append(_DELAYED.format(f"{delayed:,}"))
    samples = [_sample(each) for each in found["examples"][:SAMPLES]]
    return Estimate(found["deletes"], "delete", _figures(found), samples, notes=notes)


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    several = {"collections": found["collections"]} if len(found["collections"]) > 1 else {}
    more = {"more_that_wait": found["left"]} if found["left"] else {}
    gone = {"wait_no_longer": len(found["unknown"])} if found["unknown"] else {}
    return {**several, "oldest": found["oldest"], "newest": found["newest"], **more, **gone}


def _sample(delete: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Record": delete["key"],
        "Collection": delete["collection"],
        "Action": delete["action"],
        "Asked for by": f"run {delete['run']}" if delete["run"] else delete["source"],
        "Since": delete["since"],
    }


def _chosen(context: Context, who: Caller, chosen: Chosen) -> ChosenDeletes:
    """Return the deletes that are meant; raises FilterInvalid."""
    asked = chosen.filters
    till = _number(asked, "till")
    if chosen.ids:
        selection = DeleteSelection(ids=chosen.ids, till=till, scope=who.scope)
    else:
        oldest = _number(asked, "oldest")
        selection = DeleteSelection(
            asked.get("collection"), up_to=oldest, till=till, scope=who.scope
        )
    return choose(context, selection)


def _number(filters: Mapping[str, str], name: str) -> int | None:
    text = filters.get(name)
    if text is None:
        return None
    plain = text.replace(",", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 15):
        raise FilterInvalid(f"{name} {text!r}", "a whole number, such as 50", "go back, correct it")
    return int(plain)
