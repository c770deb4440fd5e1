"""What a remap or a replay did, or would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from service.ingest.remap import Remap
from workers.model.retirement import shown_slug

LISTED: Final = 1000  # fields that are listed
_OF_RUN: Final = ("deliveries", "events", "taken", "items", "same", "stale", "letters")


def figures_of(runs: Sequence[Remap]) -> dict[str, Any]:
    """Return the sums of *runs*, one for each source."""
    tallies, changed = [run.tally for run in runs], [run.diff.changed() for run in runs]
    rows = chain.from_iterable(run.diff.rows(LISTED) for run in runs)

    def total(name: str) -> int:
        return sum(getattr(tally, name) for tally in tallies)

    return {
        "deliveries": total("deliveries"),
        "events": total("events"),
        "changed": sum(fields for fields, _ in changed),
        "items": sum(items for _, items in changed),
        "taken": total("taken"),
        "same": total("same"),
        "stale": total("stale"),
        "undone": total("undone"),
        "unwanted": total("unwanted"),
        "repeats": total("repeats"),
        "not_fetched": total("notices"),
        "unreadable": total("unreadable"),
        "letters": sum(run.diff.letters() for run in runs),
        "problems": [
            {"path": path, "events": count, "message": message}
            for tally in tallies
            for path, (count, message) in tally.problems.items()
        ],
        "changes": [
            {"collection": r.collection, "record": r.record, "field": shown_slug(r.slug)}
            | dict(zip(("old", "new"), r.values, strict=True))
            for r in islice(rows, LISTED)
        ],
    }


def run_figures(figures: Mapping[str, Any]) -> dict[str, int]:
    """Return what the list of runs shows of the *figures* of a remap."""
    problems = sum(each["events"] for each in figures["problems"])
    return {name: figures[name] for name in _OF_RUN} | {"unmapped": problems}


def figures_so_far(run: Remap) -> dict[str, int]:
    """Return what the list of runs shows of a remap that goes on."""
    return {name: getattr(run.tally, name) for name in _OF_RUN if hasattr(run.tally, name)}
