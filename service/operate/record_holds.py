"""Which values of a record wait for a source or a lane to be resumed (``lua/lib/pauses.lua``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from service.operate.destination_waits import Wait, until_resumed
from service.operate.moments import moment
from service.operate.need_titles import LANES as LANE_TITLES
from workers.model.changes import Lane
from workers.model.retirement import shown_slug
from workers.store.pauses import HandPause
from workers.store.record_facts import RecordFacts

LANES: Final[tuple[Lane, ...]] = get_args(Lane)


def held_slugs(facts: RecordFacts) -> dict[str, str]:
    """Return what holds each of the unsent values: ``source:NAME`` or ``lane:NAME``."""
    if not facts.hand_pauses:
        return {}
    found = {slug: name for slug in facts.unsent if (name := _held_by(facts, slug))}
    if found and facts.schedule.make is not None:
        # No item is made without what is held.
        first = next(iter(found.values()))
        found = {slug: found.get(slug, first) for slug in facts.unsent}
    return found


def _held_by(facts: RecordFacts, slug: str) -> str | None:
    each = facts.fields[slug]
    source, lane = f"source:{each.source}", f"lane:{LANES[each.lane - 1]}"
    if source in facts.hand_pauses and not each.undone:
        return source
    return lane if lane in facts.hand_pauses else None


def pause_waits(facts: RecordFacts, held: dict[str, str]) -> Iterator[Wait]:
    """Yield what *held*, of `held_slugs`, waits for."""
    for name in dict.fromkeys(held.values()):
        slugs = tuple(sorted(shown_slug(slug) for slug, by in held.items() if by == name))
        yield _wait(name, facts.hand_pauses[name], slugs)


def _wait(name: str, pause: HandPause, slugs: tuple[str, ...]) -> Wait:
    kind, _, own = name.partition(":")
    what = LANE_TITLES[own].lower() if kind == "lane" else f"the {kind} {own}"
    says = f"{what}, paused by {pause.by} since {moment(pause.since)}: {pause.reason}"
    return until_resumed(says, name, pause.till, slugs=slugs)
