"""The figures of a run: how far it is, and what it counted, by their names on the page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

Run = Mapping[str, Any]  # as `Run.as_dict` has it

# What a run is for, by figure; `done` counts it.
_ALL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deliveries": "deliveries",
        "letters": "failures",
        "deletes": "deletes",
        "records": "records",
    }
)
# Figure → its name on the page, in the order of the page.
_FIGURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "records": "Records of the source",
        "deliveries": "Deliveries",
        "deletes": "Deletes",
        "letters": "Failures",
        "items": "Items",
        "read_rows": "Rows read",
        "read_bytes": "Bytes read",
        "read_records": "Records read",
        "matched": "Deliveries that matched",
        "events": "Events",
        "differences": "Differences found",
        "repaired": "Differences repaired",
        "settled": "Records written",
        "created": "Items created",
        "overwritten": "Items overwritten",
        "retired": "Items deleted or archived",
        "held": "Items held for an approval",
        "held_created": "Creations held",
        "held_overwritten": "Overwrites held",
        "may_create": "Creations approved",
        "may_overwrite": "Overwrites approved",
        "fields": "Fields put back",
        "taken": "Values accepted",
        "same": "Values unchanged",
        "stale": "Values older than the current ones",
        "undone": "Values that stay undone",
        "replayed": "Sent again",
        "discarded": "Discarded",
        "closed": "Closed before",
        "groups": "Problems marked",
        "approved": "Deletes approved",
        "dropped": "Deletes dropped",
        "deletes_dropped": "Waiting deletes dropped",
        "more": "More that match and were not chosen",
        "unwanted": "Events that no mapping uses",
        "repeats": "Repeated events",
        "not_fetched": "Notices not fetched again",
        "unmapped": "Not mapped",
        "left": "Left as they were",
        "calls": "Calls of the CMS",
        "source_calls": "Requests to the source",
    }
)
# Cause of a difference → its words.
_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missed event": "missed events",
        "write lost": "lost writes",
        "edited in the CMS": "edited in the CMS",
        "deleted in the CMS": "deleted in the CMS",
        "missing": "missing on the site",
        "orphan": "not in the source",
        "no key": "without a key",
        "duplicate key": "with a duplicate key",
        "undecided": "undecided which is newer",
    }
)


@dataclass(frozen=True, slots=True)
class RunProgress:
    """
    Args:
        all: None: unknown.
        noun: In the plural.
    """

    done: int
    all: int | None
    noun: str

    @property
    def words(self) -> str:
        if self.all is None:
            return f"{self.done:,} {self.noun} so far"
        return f"{self.done:,} of {self.all:,} {self.noun}"


def progress(run: Run) -> RunProgress | None:
    """Return how far it is; None: it has not told yet."""
    figures = run["figures"]
    for name, noun in _ALL.items():
        if name in figures and "done" in figures:
            return RunProgress(figures["done"], figures[name], noun)
    # The stages of a reconcile or remap, in order: the last one goes on.
    stages = [name for name, value in figures.items() if _is_stage(name, value)]
    if not stages:
        return None
    noun = _FIGURES.get(stages[-1], stages[-1].replace("_", " ")).lower()
    return RunProgress(figures[stages[-1]], figures.get(f"{stages[-1]}_of"), noun)


def _is_stage(name: str, value: Any) -> bool:
    return isinstance(value, int) and not name.endswith("_of")


def rows(run: Run) -> list[tuple[str, int]]:
    """Return the figures that are not 0, by their names on the page."""
    figures = run["figures"]
    known = [name for name in _FIGURES if name in figures]
    others = [name for name in figures if name not in _FIGURES and _is_stage(name, figures[name])]
    found = ((name, figures[name]) for name in (*known, *others) if name != "done")
    return [(_name(run, name), value) for name, value in found if value]


def _name(run: Run, figure: str) -> str:
    if figure == "records" and run["kind"] == "undo":
        return "Records"
    return _FIGURES.get(figure, capital(figure.replace("_", " ")))


def differences(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return what differed in a reconcile, by cause in words, the most first."""
    found = [(_CAUSES.get(name, name), number) for name, number in counts.items() if number]
    return sorted(found, key=lambda each: -each[1])


def capital(text: str) -> str:
    """Return *text* with a capital first letter."""
    return text[:1].upper() + text[1:]
