"""
Changes and deliveries, as the outbox accepts them. For versions see ``workers.model.versions``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workers.model.run_limits import RunLease, RunLimit
from workers.model.values import value_class
from workers.model.versions import MAX_SEQUENCE as MAX_SEQUENCE
from workers.model.versions import MAX_TIME_US as MAX_TIME_US
from workers.model.versions import sequence_version as sequence_version
from workers.model.versions import time_version as time_version

Lane = Literal["live", "replay", "reconcile"]  # most urgent first
# The position of a change without a version among the stored values: arrival: after all earlier
# arrivals, since its source has no times; held: at the stored version, as the later delivery;
# before everything if nothing is stored; first: right after a tombstone in force, otherwise before
# everything; after: right after the version of the row it replaces, including the read time that a
# snapshot with that row gave it.
Placed = Literal["arrival", "held", "first", "after"]
HOLD_MOST = 60.0  # s

# Made once: json.dumps makes a new encoder for every call that has an option.
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(value: Any) -> str:
    """
    Return *value* as JSON text that is equal for equal values.

    Raises:
        ValueError: *value* contains NaN or an infinity.
    """
    # As the encoder writes them, which makes itself anew for each number.
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return repr(value)
    return _encode(value)


@value_class
class FieldValue:
    """One value of one field; *value* is canonical JSON text."""

    slug: str
    value: str
    type: str  # one of workers.fields.types.TYPES: how it is sent and compared
    on_create: bool = False  # for new items only
    seen: str | None = None  # echo: what the CMS shows, unless it is the value as sent
    before: str | None = None  # JSON text: what a listing showed of it; None: none did
    before_type: str = ""  # of that; "": as *type*
    # Mode undo: the arrival number of the value that it takes back. It is accepted only while the
    # field holds that one.
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The time of a snapshot, ms since 1970."""

    as_of_ms: int
    before_ms: int  # at an equal version it wins over values that came earlier


@dataclass(frozen=True, slots=True)
class LogPosition:
    """The position of an event in a log that may restart lower (``lua/lib/source_logs.lua``)."""

    name: str  # of the log's server
    version: str  # as if there were one log: changes with it get their log
    at_us: int | None  # µs since 1970 on the server's clock, if known
    far: int  # how many positions early an event may come
    overlaps: bool = False  # positions of writes, but events come in commit order


@value_class
class Change:
    """Field data for one item; fields that are not named stay untouched."""

    mapping: str
    collection: str
    record: str  # the key as text, or the CMS item id
    by: Literal["key", "item"]
    fields: tuple[FieldValue, ...]  # may be empty for a retirement
    version: str | None  # None, or "after": see *placed*
    # Reported by the CMS: the item held these values at this time (a time version). No news if we
    # wrote them.
    echo: str | None = None
    shown: str | None = None  # the key as it came, if not the record
    # The record is gone at its source: what to do with the item.
    retire: Literal["archive", "draft", "unpublish", "delete", "keep"] | None = None
    placed: Placed = "arrival"
    snapshot: Snapshot | None = None  # its snapshot, in mode reconcile
    locale: str | None = None  # cmsLocaleId of the variant, in an echo
    # A snapshot row that the listed item already shows: the item's lastUpdated.
    stands: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The CMS reports that an item was deleted or unpublished."""

    collection: str
    item: str  # the CMS item id
    deleted: bool
    locale: str | None = None  # cmsLocaleId of the variant, if known


@value_class
class FieldProblem:
    """Why an event or value is invalid, and the *path* as the user wrote it."""

    path: str
    message: str


@value_class
class LeftOut:
    """A field of a record that an event could not write because its value is invalid."""

    collection: str
    record: str  # as in `Change`
    by: Literal["key", "item"]
    slug: str
    version: str | None  # of the missing value; None: arrival decides


@value_class
class Fetch:
    """An object named by an event, to be read by a fetcher before mapping."""

    fetcher: str
    object: str


@dataclass(frozen=True, slots=True)
class Again:
    """The origin of an event that runs again: a kept delivery or a dead letter."""

    number: int  # of the delivery, growing per source; 0: not kept
    place: int  # position in the delivery
    came: str  # arrival time, as a version
    taken: bool = True  # False: it was unreadable or unwanted at the time
    letters: tuple[str, ...] = ()  # dead letters to close once all of it is readable
    arrival: int | None = None  # newest arrival number at the time, if known
    whole: str | None = None  # id of the letter for its whole body


@value_class
class Incoming:
    """
    One mapped event of a delivery: its readable changes, and the problems of the rest.

    With problems it also becomes a dead letter, which records what was left out.
    """

    id: str | None
    topic: str | None
    index: int  # position in the delivery, from 0
    changes: tuple[Change, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    gone: tuple[Gone, ...] = ()
    fetches: tuple[Fetch, ...] = ()
    payload: Any = None  # for the fetchers; stored if there are fetches
    body: str | None = None  # its own body, if not the delivery's; stored if it has problems
    again: Again | None = None
    log: LogPosition | None = None
    left: tuple[LeftOut, ...] = ()  # fields left out because of problems, as far as known
    nameless: bool = False  # some problems concern no known field
    part: bool = False  # the letter of the whole body has its problems, or this is that letter


@dataclass(frozen=True, slots=True)
class Landing:
    """The fetch that a delivery results from: accepted only while its claim is held."""

    fetcher: str
    object: str
    token: str  # of the claim
    n: int  # number of its notice
    cursor: str | None = None  # to store; None: unchanged
    more: bool = False  # the object is due again at once
    last: bool = True  # False: further parts follow, and the claim continues


@value_class
class Slot:
    """Where the store records the token of a thread's last accepted delivery."""

    file: str  # spool file of the process
    name: str


@dataclass(frozen=True, slots=True)
class Spooled:
    """The position of a delivery in the spool that kept it while the store was away."""

    file: str  # of the spool
    number: int  # in the file
    after: int  # number of the source's last delivery drained from the file; 0: none
    came_us: int  # µs since 1970 on the store's clock


@value_class
class Delivery:
    """One verified and mapped request of a source, as the outbox accepts it."""

    source: str
    token: str  # per call of accept: a repeated call returns the first result
    events: tuple[Incoming, ...]
    body: bytes = b""  # raw; stored in dead letters of events with problems
    headers: Mapping[str, str] = field(default_factory=dict)  # needed to parse it again
    mode: Literal["live", "fetched", "remap", "reconcile", "undo"] = "live"
    closes: str | None = None  # the unmapped dead letter that this replays
    secret: str | None = None  # mark of the secret that verified it, to count its uses
    landing: Landing | None = None  # mode fetched
    limit: RunLimit | None = None  # mode reconcile: how many records it may change
    lease: RunLease | None = None  # mode reconcile: the lock of the run
    run: str | None = None  # id of the run (``runs.py``) that does this; None: no run does
    spooled: Spooled | None = None  # its position in a spool
    slot: Slot | None = None  # where the store records its token
    # mode reconcile: s until its changes are due, so that all become due at once and fill batches;
    # at most HOLD_MOST. Changes due earlier stay so.
    hold: float = 0.0
    # mode reconcile: how many records the run has yet to retire, those of this delivery included:
    # if the guard does not allow as many, all of them are held. None: they were approved, or the
    # limit says how many.
    retiring: int | None = None

    @property
    def retires(self) -> bool:
        """Whether it only retires records, which makes room in the end."""
        for event in self.events:
            if not event.changes or event.problems or event.fetches:
                return False
            for change in event.changes:
                if not change.retire or change.fields:
                    return False
        return True
