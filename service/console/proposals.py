"""What a proposal would do by now, as the page before its approval shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.console.actions import Estimate
from service.console.delete_actions import delete_estimate
from service.console.plurals import many
from service.console.undo_estimate import undo_estimate

SAMPLES: Final = 10  # rows


def proposal_estimate(proposal: Mapping[str, Any]) -> Estimate:
    """Return the ``proposal`` of `service.operate.held_runs.approve_run` for the page."""
    kind, would = proposal["kind"], proposal["would"]
    if kind == "undo":
        return undo_estimate(would)
    if "matched" in would:
        return _replay(would)
    if "deletes" in would:
        return delete_estimate(kind, would)
    if "letters" in would:
        return _failures(would)
    figures = {"of_the_run": would["run"], "created": would["created"]}
    figures |= {"overwritten": would["overwritten"]}
    return Estimate(would["created"] + would["overwritten"], "item", figures)


def _replay(would: Mapping[str, Any]) -> Estimate:
    figures = {name: would[name] for name in ("events", "changed", "items") if would[name]}
    rows = [
        {
            "Record": each["record"],
            "Collection": each["collection"],
            "Field": each["field"],
            "Now": each["old"],
            "Afterwards": each["new"],
        }
        for each in would["changes"][:SAMPLES]
    ]
    notes = [
        f"{many(each['events'], 'event')} cannot be mapped: {each['message']}."
        for each in would["problems"]
    ]
    return Estimate(would["matched"], "delivery", figures, rows, notes=notes)


def _failures(would: Mapping[str, Any]) -> Estimate:
    figures = {name: would[name] for name in ("records", "values", "oldest", "newest")}
    return Estimate(would["letters"], "failure", figures, notes=[*_why_not(would)])


def _why_not(would: Mapping[str, Any]) -> Iterator[str]:
    for each in would["cannot"]:
        yield f"{each['letters']:,} cannot be sent again: {each['why']}."
