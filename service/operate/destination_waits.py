"""What all records of a destination, or of a collection, wait for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from service.operate.moments import moment
from service.operate.remedies import Remedy, advised
from workers.store.circuit_breaker import OPERATOR
from workers.store.record_facts import RecordFacts
from workers.store.waits import Pause

_RESUMED: Final = "nothing until it is resumed"


@dataclass(frozen=True, slots=True)
class Wait:
    cause: str  # of the table in service/docs/commands.md
    says: str  # what it waits for
    next: str  # what happens next; a `Remedy` where a person can do it
    at: float | None = None  # ms since 1970; None: there is no such time
    fields: tuple[str, ...] = ()  # that wait for it; empty: all that wait


def destination_waits(facts: RecordFacts) -> list[Wait]:
    """Return what holds up the whole destination or collection, in the order of a claim."""
    found = (_paused(facts), _collection_paused(facts), _outage(facts), _unpublished(facts))
    return [each for each in found if each]


def _paused(facts: RecordFacts) -> Wait | None:
    pause, name = facts.pause, facts.destination.name
    if pause is None:
        return None
    renewed = pause.by == facts.destination.budget
    why, words = advised(pause.reason)
    until = _RESUMED + ", or started again with another token" * renewed
    until = f"nothing by itself: {words}" if words else until
    says = f"the destination {name}, paused{_by(pause)} since {moment(pause.since)}: {why}"
    return until_resumed(says, f"destination:{name}", pause.till, until)


def _collection_paused(facts: RecordFacts) -> Wait | None:
    pause, name = facts.collection_pause, facts.collection.name
    if pause is None:
        return None
    says = f"the collection {name}, paused{_by(pause)} since {moment(pause.since)}: {pause.reason}"
    return until_resumed(says, f"collection:{name}", pause.till)


def _by(pause: Pause) -> str:
    return f" by {pause.who or 'an operator'}" if pause.by == OPERATOR else ""


def until_resumed(
    says: str,
    name: str,
    till: float | None,
    until: str = _RESUMED,
    slugs: tuple[str, ...] = (),
) -> Wait:
    """Return the wait for the end of a pause of *name*, which is KIND:NAME."""
    words = until if till is None else "it goes on by itself, or once it is resumed"
    return Wait("pause", says, Remedy(words, "resume", name), till, slugs)


def _outage(facts: RecordFacts) -> Wait | None:
    outage, name = facts.outage, facts.destination.name
    if outage is None or outage.trial == "ready":
        return None
    since = moment(outage.since)
    says = f"the end of an outage: {name} has not answered well since {since}: {outage.failure}"
    if outage.trial == "out":
        return Wait("outage", says, "the answer to a trial request", outage.trial_until)
    attempt = "one request tries whether it is back"
    if outage.trial == "fresh" and facts.schedule.failed is None:
        return Wait("outage", says, attempt, facts.now)
    probe = f"a GET of a collection asks whether {name} is back"
    asks = attempt if outage.trial == "blind" else probe
    return Wait("outage", says, asks, max(facts.now, outage.probe_at))


def _unpublished(facts: RecordFacts) -> Wait | None:
    wait, name = facts.publish, facts.collection.name
    if wait is None:
        return None
    since = f" since {moment(wait.since)}" if wait.since else ""
    says = f"a publish of the site: the CMS takes nothing of {name}{since}: {wait.message}"
    words = f"one item of {name} tries whether the site is published; to try at once, resume it"
    return Wait("publish", says, Remedy(words, "resume", f"collection:{name}"), wait.next_try)
