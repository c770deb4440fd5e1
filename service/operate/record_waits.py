"""
What a record waits for, and what happens next: what the next claim would do, told in words.

Each function below looks at one cause. The order of `_CAUSES` is that in which a claim meets them
(``workers/store/lua/steps/claim.lua``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from service.operate.destination_waits import Wait, destination_waits
from service.operate.moments import moment
from service.operate.record_holds import held_slugs, pause_waits
from service.operate.remedies import Remedy
from workers.model.retirement import shown_slug
from workers.store.record_facts import RecordFacts, Referred

SEND_MS: Final = 15_000  # of a claim: its request starts and ends within
PATIENCE_MS: Final = 600_000  # for a referred record that is to be created, ``references.lua``
_MISSING: Final = {
    "dead-letter": "its values become a dead letter",
    "ignore": "its values are ignored",
    "create": "the item is created",
}


def waits(facts: RecordFacts, *, workers: int, spooled: int) -> list[Wait]:
    """
    Return what the unsent values wait for, the one that counts first; empty: there are none.

    Args:
        workers: Workers that are alive.
        spooled: Deliveries in spools.
    """
    found = list(_in_claim(facts))
    blocked = {each.slug for each in facts.referred}
    held = held_slugs(facts)
    free = [slug for slug in facts.unsent if slug not in blocked and slug not in held]
    if facts.unsent:
        found += destination_waits(facts)
    if free and not found:
        found += _own(facts) or _queue(facts, workers)
    elif free:
        found += _own(facts)
    found += pause_waits(facts, held)
    found += _references(facts.referred, facts)
    if facts.slicing:
        found.append(_sliced(facts))
    if spooled:
        found.append(_spooled(spooled))
    return found


def _in_claim(facts: RecordFacts) -> Iterator[Wait]:
    claim = facts.schedule.claim
    if claim is None or claim.till <= facts.now:
        return
    ends = claim.at + SEND_MS
    after = "its answer settles the values; without one they are sent again"
    yield Wait(
        "request",
        f"the answer to a request ({claim.kind}) that is on its way since {moment(claim.at)}",
        after,
        max(ends, facts.now) if ends > facts.now else claim.till,
        tuple(sorted(shown_slug(slug) for slug in claim.slugs)),
    )


# Of the item itself -----------------------------------------------------------------------------


def _own(facts: RecordFacts) -> list[Wait]:
    return [each for each in (look(facts) for look in _CAUSES) if each][:1]


def _lookup(facts: RecordFacts) -> Wait | None:
    lookup, name = facts.lookup, facts.collection.name
    if lookup is None:
        return None
    says = f"the look-up of its item id: {name} has no known item with the key {facts.key}"
    doubt = facts.schedule.doubt
    if doubt and doubt > facts.now:
        says += f" (until {moment(doubt)} a request may land that creates it)"
    how = "a filter asks the CMS for the key"
    if lookup.way == "listing":
        how = f"the items of {name} are listed"
        how += f", now at {lookup.offset}" if lookup.offset else ""
    busy = "; that request is on its way" if lookup.busy else ""
    none = _MISSING[facts.collection.missing]
    return Wait("lookup", says, f"{how}{busy}; if no item has it, {none}", lookup.at)


def _room(facts: RecordFacts) -> Wait | None:
    if not facts.schedule.roomless:
        return None
    room = facts.room
    message = f": {room.message}" if room else ""
    says = f"room in the plan (plan limit): the CMS takes no new item{message}"
    mine = room is None or room.tries == facts.record
    who = "it is tried once more" if mine else "one of the records that wait is tried"
    words = f"{who}, sooner if an item is deleted; to try at once, resume it"
    after = Remedy(words, "resume", f"collection:{facts.collection.name}")
    return Wait("room", says, after, room.next_try if room else facts.now)


def _held(facts: RecordFacts) -> Wait | None:
    hold = facts.schedule.hold
    if not hold or hold <= facts.now or facts.gone:
        return None
    says = f"the end of a request that may take its item away until {moment(hold)}"
    return Wait("hold", says, "its values are sent", hold)


def _closed(facts: RecordFacts) -> Wait | None:
    gate, name = facts.gate, facts.destination.name
    if gate.closed <= facts.now:
        return None
    says = f"the budget of the token of {name}: the CMS answered 429 (too many requests)"
    return Wait("budget", says, f"requests go on{_turn(facts)}", gate.closed)


def _backoff(facts: RecordFacts) -> Wait | None:
    schedule = facts.schedule
    if schedule.due is None or schedule.due <= facts.now:
        return None
    gate = facts.gate
    said = f", the last answer: {gate.last_failure}" if gate.failures and gate.last_failure else ""
    most = facts.destination.attempts
    if schedule.attempts:
        says = f"its next attempt (backoff): attempt {schedule.attempts} of {most} failed{said}"
        return Wait("backoff", says, f"attempt {schedule.attempts + 1} of {most}", schedule.due)
    if gate.failures or schedule.failed:
        says = f"its next attempt (backoff) after a request that failed{said}"
        return Wait("backoff", says, "the next attempt; none is counted so far", schedule.due)
    says = f"its time: its values are not to be sent before {moment(schedule.due)}"
    return Wait("later", says, "its values are sent", schedule.due)


def _repair(facts: RecordFacts) -> Wait | None:
    """Nothing is new: an outcome is unknown, and the values are written once more."""
    marks = [facts.fields[slug].repair_at for slug in facts.unsent]
    first = min((mark for mark in marks if mark is not None), default=None)
    if first is None or any(facts.fields[slug].state == "pending" for slug in facts.unsent):
        return None
    if first <= facts.now:
        return None
    says = "a repair: the outcome of a request is unknown, and it may still land"
    return Wait("repair", says, "its newest values are written once more", first)


def _locales(facts: RecordFacts) -> Wait | None:
    # Where all are written, the primary variant needs no locales.
    needed = not isinstance(facts.collection.locales, str)
    needed = needed or any("@" in slug for slug in facts.unsent)
    if not facts.unread or facts.locales or not needed:
        return None
    says = f"the locales of its site, which could not be read: {facts.unread}"
    again = max(facts.now, facts.read_next or facts.now)
    return Wait("locales", says, "they are asked for again", again)


def _budget(facts: RecordFacts) -> Wait | None:
    gate, destination = facts.gate, facts.destination
    until = gate.until
    if facts.schedule.lane in ("replay", "reconcile"):
        until = max(until, gate.lower_until)
    elif gate.reason != "budget":
        return None
    if until <= facts.now or gate.reason in ("linger", "breaker"):
        return None
    says = (
        f"the budget of the token of {destination.name}: at most "
        f"{destination.requests_per_minute} requests a minute"
    )
    return Wait("budget", says, f"the next request may be sent{_turn(facts)}", until)


def _linger(facts: RecordFacts) -> Wait | None:
    if facts.gate.reason != "linger":
        return None
    seconds = f"{facts.destination.linger:g}"
    says = f"more items for its batch (linger): for {seconds} s at most while the site is busy"
    return Wait("linger", says, "the batch is sent", facts.gate.until)


def _look(facts: RecordFacts) -> Wait | None:
    if not facts.schedule.look:
        return None
    says = "the status of its item, which is read before anything is sent"
    return Wait("status", says, "a GET reads the status of the item", facts.now)


# As a claim meets them.
_CAUSES: Final[tuple[Callable[[RecordFacts], Wait | None], ...]] = (
    _lookup,
    _room,
    _held,
    _closed,
    _locales,
    _backoff,
    _repair,
    _budget,
    _linger,
    _look,
)


def _turn(facts: RecordFacts) -> str:
    return f"; {facts.ahead:,} items are due before it" if facts.ahead else ""


def _queue(facts: RecordFacts, workers: int) -> list[Wait]:
    if not workers:
        nothing = "nothing until `instep worker` or `instep up` runs"
        return [Wait("worker", "a worker: none is alive", nothing)]
    name = facts.destination.name
    if facts.gate.flights:
        says = f"its turn: {facts.gate.flights} requests to {name} are on their way"
    else:
        says = f"its turn: it is due for the next request to {name}"
    return [Wait("turn", says, f"the next request carries it{_turn(facts)}", facts.now)]


def _references(referred: tuple[Referred, ...], facts: RecordFacts) -> Iterator[Wait]:
    for each in referred:
        to = each.collection
        says = f"the reference {each.slug}: {to} has no known item with the key {each.key}"
        if each.roomless:
            says += "; that record waits for room in the plan"
        elif not each.known:
            says += ", and no event has named that record"
        what = (
            f"a look-up of it in {to}, sooner if its source sends it; if it is not there, "
            f"{each.slug} becomes a dead letter"
        )
        at = each.next_at if each.next_at is not None else each.since + PATIENCE_MS
        yield Wait("reference", says, what, max(facts.now, at), (each.slug,))


def _sliced(facts: RecordFacts) -> Wait:
    says = f"{facts.slicing:,} large deliveries that are being accepted, and may name it"
    return Wait("delivery", says, "they are accepted in slices", facts.now)


def _spooled(spooled: int) -> Wait:
    says = f"the spool: {spooled:,} deliveries in it are not accepted yet, and may name it"
    return Wait("spool", says, "they are accepted once the store takes them")
