"""The estimate of an undo, as the page before it shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.console.actions import Estimate
from service.console.plurals import many

SAMPLES: Final = 10  # fields put back, and fields left
_FIRST: Final = (
    "First correct what was wrong, such as the mapping, and reload: else the next event writes it "
    "again."
)


def undo_estimate(found: Mapping[str, Any]) -> Estimate:
    """Return *found*, of `service.operate.undo.estimate`, for the page."""
    count, noun = _count(found)
    figures = {**found.get("scope", {}), **_figures(found)}
    return Estimate(count, noun, figures, _samples(found), found["held"], [*_notes(found)])


def _count(found: Mapping[str, Any]) -> tuple[int, str]:
    """Return what an undo is for; 0: nothing of it would be put back."""
    if found["fields"]:
        return found["fields"], "field"
    if found["unseen"]:
        return found["unseen"], "record"
    return found["deletes_dropped"], "waiting delete"


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    figures = {
        "items": found["items"],
        "shown_already": found["same"],
        "fields_left": found["left"],
        "waiting_deletes_dropped": found["deletes_dropped"],
        "records_not_looked_at": found["unseen"],
    }
    return {name: number for name, number in figures.items() if number}


def _samples(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    back = [_row(each, each["back"], "") for each in found["changes"][:SAMPLES]]
    left = [_row(each, "as it is", f"left: {each['why']}") for each in found["kept"][:SAMPLES]]
    return back + left


def _row(each: Mapping[str, Any], after: Any, note: str) -> dict[str, Any]:
    return {
        "Record": each["key"],
        "Collection": each["collection"],
        "Field": each["field"],
        "Now": each["now"],
        "Afterwards": after,
        "Note": note or "put back",
    }


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    for why, number in found["reasons"].items():
        yield f"{many(number, 'field')} {'is' if number == 1 else 'are'} left: {why}."
    if found["unseen"]:
        yield (
            f"Not looked at: {many(found['unseen'], 'record')}. The budget of CMS calls left no "
            "time. They are undone as well, as far as they can be."
        )
    if found["whole_since"]:
        yield f"What was written before {found['whole_since']} is not kept in whole."
    if found["fields"]:
        yield _FIRST
