"""
A change, its version, and a delivery as the outbox takes it. Pure: no I/O, no clock.

What a version is stands in ``workers.model.versions``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workers.model.run_limits import RunLease, RunLimit
from workers.model.versions import MAX_SEQUENCE as MAX_SEQUENCE
from workers.model.versions import MAX_TIME_US as MAX_TIME_US
from workers.model.versions import sequence_version as sequence_version
from workers.model.versions import time_version as time_version

Lane = Literal["live", "replay", "reconcile"]  # in the order of urgency
# Of a change without a version, where it stands among the values that are held:
# arrival: its source has no times: after all that came before it;
# held: at the version that is held, as the later delivery; nothing is held: before everything;
# first: right after a tombstone in force, else before everything;
# after: its version stands right after the row that it replaces. A snapshot that showed that row
# gave it the time of the reading: it is replaced, too.
Placed = Literal["arrival", "held", "first", "after"]
HOLD_MOST = 60.0  # s

# Made once: json.dumps makes a new encoder for every call that has an option.
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(value: Any) -> str:
    """
    Return *value* as JSON text: one text for equal values, so that text can be compared.

    Raises:
        ValueError: *value* holds NaN or an infinity, which JSON does not have.
    """
    return _encode(value)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value for one CMS field: *value* is canonical JSON text, opaque to the store."""

    slug: str
    value: str
    type: str  # a name of workers.fields.types.TYPES: how it is sent and how its answer is compared
    on_create: bool = False  # an item that is there never gets it
    seen: str | None = None  # in an echo: what the CMS shows, where that is not the value as sent


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    When a snapshot was taken.

    Args:
        as_of_ms: ms since 1970.
        before_ms: At an equal version it wins over what had come before this.
    """

    as_of_ms: int
    before_ms: int


@dataclass(frozen=True, slots=True)
class LogPosition:
    """
    Where an event stands in a log that may begin anew, lower (``lua/lib/source_logs.lua``).

    Args:
        name: Of the server whose log it is.
        version: Of the event as if there were one log: the changes that have it get its log.
        at_us: When, by the server's clock, µs since 1970; None: it does not say.
        far: Positions by which no event comes before another one that is older.
        overlaps: Positions are those of writes, and events come in the order of the commits.
    """

    name: str
    version: str
    at_us: int | None
    far: int
    overlaps: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Field data for one item; partial: a field that is not named here is not touched."""

    mapping: str
    collection: str
    record: str  # the key as text, or the CMS item id
    by: Literal["key", "item"]
    fields: tuple[FieldValue, ...]  # may be empty where the item is retired
    version: str | None  # None, or "after": see *placed*
    # The CMS itself says that this very item held these values at that time (a time version): no
    # news where we wrote them.
    echo: str | None = None
    shown: str | None = None  # the key as it came, where that is not the record
    # Its record is gone at its source: what becomes of the item.
    retire: Literal["archive", "draft", "unpublish", "delete", "keep"] | None = None
    placed: Placed = "arrival"
    snapshot: Snapshot | None = None  # a row of one, in mode reconcile
    locale: str | None = None  # cmsLocaleId: the CMS says so of this variant of the very item
    # A row of a snapshot that the item, as listed, shows already: its lastUpdated then.
    stands: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The CMS says that an item was deleted, or is no longer published."""

    collection: str
    item: str  # the CMS item id
    deleted: bool
    locale: str | None = None  # cmsLocaleId of the one variant that is meant, where it is known


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What keeps an event from being mapped: *path* as the user wrote it, and why."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One field of one record that an event was to write, and whose value could not be read."""

    collection: str
    record: str  # as in `Change`
    by: Literal["key", "item"]
    slug: str
    version: str | None  # that its value would have had; None: arrival decides


@dataclass(frozen=True, slots=True)
class Fetch:
    """An object that an event names, to be read by a fetcher before it can be mapped."""

    fetcher: str
    object: str


@dataclass(frozen=True, slots=True)
class Again:
    """Where an event that runs again came from: a delivery that was kept, or a dead letter."""

    number: int  # of the delivery: a later one of its source has a higher one; 0: it was not kept
    place: int  # in it
    came: str  # when, as a version
    taken: bool = True  # False: nothing of it could be read then, or nothing wanted it
    letters: tuple[str, ...] = ()  # dead letters that close once all of it can be read
    arrival: int | None = None  # the newest arrival number when it first came; None: not known
    whole: str | None = None  # the letter that its whole body has, or would have


@dataclass(frozen=True, slots=True)
class Incoming:
    """
    One event of a delivery, mapped: what of it could be read, and the problems of what could not.

    With problems it becomes a dead letter too, which holds what was left out.
    """

    id: str | None
    topic: str | None
    index: int  # its place in the delivery, from 0
    changes: tuple[Change, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    gone: tuple[Gone, ...] = ()
    fetches: tuple[Fetch, ...] = ()
    payload: Any = None  # what the fetchers are given; kept where there are fetches
    body: str | None = None  # its own, where it is not the delivery's: kept if it has problems
    again: Again | None = None
    log: LogPosition | None = None
    left: tuple[LeftOut, ...] = ()  # what the problems kept out, as far as it can be named
    nameless: bool = False  # some problems keep out what names no field of a record
    part: bool = (
        False  # its problems are told by the letter of its whole body, or it is that letter
    )


@dataclass(frozen=True, slots=True)
class Landing:
    """The fetch whose result a delivery is: accepted only while its claim is still held."""

    fetcher: str
    object: str
    token: str  # of the claim
    n: int  # of the notice that it was made for
    cursor: str | None = None  # to keep; None: unchanged
    more: bool = False  # the object is due again at once
    last: bool = True  # False: further parts of the result follow, and the claim goes on


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the store notes the token of the last delivery that one thread had accepted."""

    file: str  # of the spool of its process
    name: str


@dataclass(frozen=True, slots=True)
class Spooled:
    """
    Where a delivery stands in the spool that kept it while the store was away.

    Args:
        file: Of the spool.
        number: In the file.
        after: Number of the last delivery of its source that was drained from the file; 0: none.
        came_us: When it came, µs since 1970 by the store's clock.
    """

    file: str
    number: int
    after: int
    came_us: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a source, proven and mapped, as the outbox accepts it."""

    source: str
    token: str  # new for every call of accept: a repeat of the call returns the first result
    events: tuple[Incoming, ...]
    body: bytes = b""  # raw; kept in the dead letter of an event that has problems
    headers: Mapping[str, str] = field(
        default_factory=dict
    )  # what the sender needs to read it again
    mode: Literal["live", "fetched", "remap", "reconcile"] = "live"
    closes: str | None = None  # the unmapped dead letter that this delivery is the replay of
    secret: str | None = None  # mark of the one under which it was proven: counted
    landing: Landing | None = None  # mode fetched
    limit: RunLimit | None = None  # mode reconcile: how many records it may take
    lease: RunLease | None = None  # mode reconcile: the lock of the run
    spooled: Spooled | None = None  # where it was kept until the store came back
    slot: Slot | None = None  # where the store notes its token
    # mode reconcile: s until what it changes is due, so that a whole hand-over becomes due at one
    # time and goes in full batches; at most HOLD_MOST. What was due earlier stays so.
    hold: float = 0.0

    @property
    def retires(self) -> bool:
        """Whether it retires records and does no more: that makes room, in the end."""
        return all(
            event.changes
            and not (event.problems or event.fetches)
            and all(change.retire and not change.fields for change in event.changes)
            for event in self.events
        )
