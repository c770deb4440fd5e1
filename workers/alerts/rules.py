"""
Which messages are due: what is observed, compared with what the receiver has been told.

There is no queue of messages: as long as none could be sent, the comparison stays open, and the
next message says what is true then. A process that dies after it has sent a message, and before
that is stored, has its successor send that one again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from workers.alerts.cause import Cause

SETTLE: Final = 60.0  # s that a cause must be gone before it is over
GAP: Final = 30.0  # s between two messages: what comes meanwhile is in the next one
MANY: Final = 10  # messages in an hour, after which `every` lies between two
HOUR: Final = 3600.0  # s
LONGEST: Final = 86_400.0  # s: the wait for an update doubles up to this
MUCH: Final = 2  # a figure that has grown so many times is news
STILL: Final = 60.0  # s without a change, after which figures are at rest
MOVING: Final = 1800.0  # s since the last message, after which figures are told that still change
PARTS: Final = 1000  # that are remembered of one cause

State = Literal["began", "update", "ended"]
_ORDER: Final[tuple[State, ...]] = ("began", "update", "ended")


@dataclass(frozen=True, slots=True)
class Tracked:
    """
    What is remembered of one cause. Times are seconds since 1970.

    Args:
        first: When it was first observed; *since*: when it began.
        seen: When it was last observed.
        told: When the newest message about it was sent; None: there was none.
        open: The receiver was told that it began, and not that it is over.
        updates: Messages since the one that said that it began.
        times: How often it came back after an end that was told.
        figures, parts: As they were told.
        latest: The figures as they were last seen, which is so since *moved*.
    """

    kind: str
    name: str
    first: float
    since: float
    seen: float
    told: float | None = None
    open: bool = False
    updates: int = 0
    times: int = 0
    figures: Mapping[str, int] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()
    latest: Mapping[str, int] = field(default_factory=dict)
    moved: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A cause in a message.

    Args:
        times: How often it had come back before.
        number: Of the update.
        until: When it was last seen, if it has ended; *cause* then has its name alone.
    """

    state: State
    cause: Cause
    since: float
    times: int = 0
    number: int = 0
    until: float | None = None


Causes = Mapping[str, Tracked]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered: causes by id, and when the messages of the last hour were sent."""

    causes: Causes = field(default_factory=dict)
    sent: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What to do now.

    Args:
        entries: Of the message to send; empty: none is due.
        memory: What is remembered if nothing is sent; *told*: if the message is.
    """

    entries: tuple[Entry, ...]
    memory: Memory
    told: Memory


def plan(
    observed: Sequence[Cause], memory: Memory, now: float, *, every: float, kinds: Sequence[str]
) -> Plan:
    """
    Return what is due at *now*.

    Args:
        every: Seconds between two messages about one cause.
        kinds: Causes of other kinds are left out, and forgotten without a word.
    """
    found = {id_of(cause): cause for cause in observed if cause.kind in kinds}
    known = {id: _clamped(each, now) for id, each in memory.causes.items() if each.kind in kinds}
    causes = _tracked(found, known, now, every)
    sent = tuple(at for at in memory.sent if 0 <= now - at < HOUR)
    kept = Memory(causes, sent)
    if sent and now - sent[-1] < (GAP if len(sent) < MANY else every):
        return Plan((), kept, kept)
    entries = tuple(_due(found, causes, now, every))
    if not entries:
        return Plan((), kept, kept)
    told = dict(causes)
    for entry in entries:
        id = id_of(entry.cause)
        told[id] = _told(causes[id], entry, now)
    ordered = tuple(sorted(entries, key=lambda entry: _ORDER.index(entry.state)))
    return Plan(ordered, kept, Memory(told, (*sent, now)))


def id_of(cause: Cause | Tracked) -> str:
    return f"{cause.kind} {cause.name}"


def _tracked(found: Mapping[str, Cause], known: Causes, now: float, every: float) -> Causes:
    """Return *known* with what is observed now, and without what can be forgotten."""
    causes = {}
    for id, each in known.items():
        if id in found:
            causes[id] = _again(each, found[id], now)
        elif not _is_past(each, now, every):
            causes[id] = each
    for id, cause in found.items():
        if id not in known:
            begun = Tracked(cause.kind, cause.name, now, _since(cause, now), now)
            causes[id] = replace(begun, latest=dict(cause.figures), moved=now)
    return causes


def _clamped(known: Tracked, now: float) -> Tracked:
    """Return *known* without times ahead of *now*: the clock may have been set back."""
    times = (known.first, known.since, known.seen, known.moved)
    first, since, seen, moved = (min(each, now) for each in times)
    told = None if known.told is None else min(known.told, now)
    return replace(known, first=first, since=since, seen=seen, told=told, moved=moved)


def _since(cause: Cause, now: float) -> float:
    # A clock of another machine may be ahead.
    return min(cause.since.timestamp(), now) if cause.since else now


def _again(known: Tracked, cause: Cause, now: float) -> Tracked:
    if cause.figures != known.latest:
        known = replace(known, latest=dict(cause.figures), moved=now)
    came_back = known.told is not None and not known.open and known.seen <= known.told
    if came_back:
        since, times = _since(cause, now), known.times + 1
        return replace(known, first=now, since=since, seen=now, times=times)
    return replace(known, seen=max(known.seen, now))


def _is_past(known: Tracked, now: float, every: float) -> bool:
    """Tell whether a cause that is gone can be forgotten."""
    if known.open:
        return False
    if known.told is None:
        return now - known.seen >= SETTLE
    # Remembered for a while: a cause that comes and goes is not told each time.
    return now - max(known.told, known.seen) >= max(every, HOUR)


def _due(found: Mapping[str, Cause], causes: Causes, now: float, every: float) -> Iterator[Entry]:
    for id, known in causes.items():
        cause = found.get(id)
        if cause is None:
            if _has_ended(known, now, every):
                gone = Cause(known.kind, known.name, figures=known.figures)
                yield Entry("ended", gone, known.since, known.times, until=known.seen)
        elif not known.open:
            if _has_begun(known, cause, now, every):
                yield Entry("began", cause, known.since, known.times)
        elif _is_news(known, cause, now, every):
            yield Entry("update", cause, known.since, known.times, known.updates + 1)


def _has_begun(known: Tracked, cause: Cause, now: float, every: float) -> bool:
    rested = known.told is None or now - known.told >= every
    return rested and now - known.first >= cause.after


def _is_news(known: Tracked, cause: Cause, now: float, every: float) -> bool:
    waited = now - (known.told or now)
    if waited < every:
        return False
    if cause.parts - known.parts:
        return True
    old, new = dict(known.figures), dict(cause.figures)
    if old == new:
        return False
    if now - known.moved < STILL and waited < MOVING:
        return False  # not half of a mass, and then its end
    grown = any(number >= MUCH * max(old.get(name, 0), 1) for name, number in new.items())
    return grown or waited >= min(every * 2.0**known.updates, LONGEST)


def _has_ended(known: Tracked, now: float, every: float) -> bool:
    # One that comes and goes must be gone for longer.
    settle = max(SETTLE, every) if known.times else SETTLE
    return known.open and now - known.seen >= settle


def _told(known: Tracked, entry: Entry, now: float) -> Tracked:
    """Return *known* after a message with *entry*."""
    if entry.state == "ended":
        return replace(known, told=now, open=False, updates=0, figures={}, parts=frozenset())
    parts = frozenset(sorted(entry.cause.parts)[:PARTS])
    figures, updates = dict(entry.cause.figures), entry.number
    return replace(known, told=now, open=True, updates=updates, figures=figures, parts=parts)
