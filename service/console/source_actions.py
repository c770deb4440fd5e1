"""What can be done about a source: pause it, resume it, and replay its deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from flask import url_for

from service.console.actions import Action, Chosen, Estimate
from service.console.pause_actions import pause_actions
from service.console.plurals import many
from service.console.query import Query
from service.operate import names
from service.operate.access import Caller
from service.operate.deliveries import DeliverySelection, replay_deliveries, start_replay
from service.operate.parts import Parts
from workers.errors import RequestRefused

FILTERS: Final = ("outcome", "key", "since")  # of the list of deliveries
MOST: Final = 2000  # deliveries of one replay by filter, the newest
SAMPLES: Final = 5
_NAMED: Final = 5  # reasons that are told, each of problems and of what cannot be replayed


def source_actions(parts: Parts) -> tuple[Action, Action]:
    """Return pause and resume; both lead back to the page of the source, or to that of all."""

    def page(target: str) -> str:
        name = target.partition(":")[2]
        if name not in parts.context.settings.sources:  # it was paused, and removed since
            return url_for("sources.show")
        return url_for("sources.source", name=name)

    pause, resume = pause_actions(parts, "sources")
    return replace(pause, back="source", leads_to=page), replace(
        resume, back="source", leads_to=page
    )


def replay_action(parts: Parts) -> Action:
    """Return the replay of deliveries of the source that the route names."""
    context, configuration = parts.context, parts.configuration

    def estimate(who: Caller, chosen: Chosen) -> Estimate:
        selection = _selection(who, chosen)
        found = replay_deliveries(
            context, selection, dry_run=True, scope=who.scope, configuration=configuration
        )
        return _estimate(found, by_filter=not chosen.ids)

    def start(who: Caller, chosen: Chosen) -> str:
        selection = _selection(who, chosen)
        return start_replay(
            context, selection, who.name, scope=who.scope, configuration=configuration
        )

    return Action(
        "sources",
        "replay",
        "Replay",
        "Replay deliveries",
        estimate,
        start,
        back="source",
        kept=FILTERS,
    )


def _selection(who: Caller, chosen: Chosen) -> DeliverySelection:
    name = chosen.place["name"]
    names.check(name, "a source", who.scope.sources)
    if chosen.ids:
        others = [id for id in chosen.ids if id.rpartition("-")[0] != name]
        if others:
            raise RequestRefused(
                repr(others[0]), f"a delivery of {name}", "select it on the page of its source"
            )
        return DeliverySelection(chosen.ids)
    asked = Query(chosen.filters)
    outcome, key = asked.text("outcome"), asked.text("key")
    return DeliverySelection((), name, outcome, key, asked.since(), limit=MOST)


def _estimate(found: Mapping[str, Any], *, by_filter: bool) -> Estimate:
    figures = {
        "events": found["events"],
        "records_that_change": found["items"],
        "values_that_change": found["changed"],
        "values_that_stay": found["same"],
        "older_than_what_is_held": found["stale"],
        "problems_that_close": found["letters"],
    }
    samples = [
        {
            "Record": each["record"],
            "Collection": each["collection"],
            "Field": each["field"],
            "Before": each["old"],
            "After": each["new"],
        }
        for each in found["changes"][:SAMPLES]
    ]
    notes = [*_notes(found)]
    if by_filter and found["matched"] >= MOST:
        notes.append(
            f"These are the newest {MOST:,} that match. For more, choose a time, or use "
            "instep remap."
        )
    return Estimate(found["deliveries"], "delivery", figures, samples, found["held"], notes)


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    left = Counter(each["reason"] for each in found["left"])
    for reason, times in left.most_common(_NAMED):
        yield f"{times:,} cannot be replayed: {reason}."
    others = found["more_left"] + sum(left.values()) - _sum_of(left.most_common(_NAMED))
    if others:
        yield f"{others:,} more cannot be replayed."
    for each in found["problems"][:_NAMED]:
        why = f"{each['path']}: {each['message']}"
        yield f"{many(each['events'], 'event')} can still not be mapped: {why}"
    if not found["changed"] and found["deliveries"]:
        yield "Nothing on the site would change."


def _sum_of(pairs: Sequence[tuple[str, int]]) -> int:
    return sum(times for _, times in pairs)
