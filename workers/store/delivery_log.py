"""
Kept deliveries: reading them, and the step that runs their events again.

Reads the keys of ``delivery_log.lua``; ``accept`` writes them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, Final

from redis.client import NEVER_DECODE

from workers.model.changes import Delivery, FieldProblem, Incoming
from workers.store import keys
from workers.store.compression import parted, unpacked
from workers.store.connection import guarded
from workers.store.outbox import LETTERS_MOST, RAW_BYTES, Outbox

PAGE: Final = 20  # deliveries per read; each may be as large as max_body
WORDS: Final = 64  # dictionaries cached while reading


@dataclass(frozen=True, slots=True)
class Window:
    """The kept deliveries of one source; times are on the store's clock."""

    count: int  # deliveries
    bytes: int  # compressed size
    now: datetime
    since: datetime | None = None  # time of the oldest; None: there is none
    fell: datetime | None = None  # time of the newest one no longer kept; None: all are
    dropped: int = 0  # number dropped for lack of room
    last: int = 0  # number of the newest


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """One delivery as it came, without signature headers."""

    number: int  # grows with each delivery of the source
    came: int  # µs on the store's clock
    headers: Mapping[str, str]
    body: bytes
    repeats: frozenset[int] = frozenset()  # positions of repeated events
    left: frozenset[int] = frozenset()  # positions of events not accepted
    rest: frozenset[int] | None = None  # positions of the accepted ones; None: all others
    readable: bool = True  # False: its dictionary is lost
    arrival: int | None = None  # newest arrival number then; None: kept by an older release

    def took(self, place: int) -> bool:
        """Tell whether the event at *place* was accepted."""
        return place not in self.left if self.rest is None else place in self.rest


@dataclass(frozen=True, slots=True)
class Taken:
    """One field value that replaced another; texts are canonical JSON."""

    collection: str
    record: str
    slug: str
    old: str | None  # None: the field held none
    new: str
    stored: str | None = None  # dry run: the field as it would be stored

    @property
    def values(self) -> tuple[Any, Any]:
        """The old value, or None, and the new one, parsed."""
        return None if self.old is None else json.loads(self.old), json.loads(self.new)


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of one step."""

    taken: tuple[Taken, ...]
    same: int  # field values that their events had given before
    stale: int  # field values overtaken by newer ones
    closed: tuple[str, ...] = ()  # ids of dead letters closed, since their events could be mapped
    problems: tuple[tuple[FieldProblem, ...], ...] = ()  # of events that were refused
    wake: tuple[str, ...] = ()  # destinations for which the caller enqueues a job
    undone: int = 0  # field values that were undone by hand


@dataclass(frozen=True, slots=True)
class Run:
    """How a step runs events."""

    dry: bool = False  # write nothing
    # What earlier dry steps would have stored: {item: {slug: field}}.
    assumed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    id: str | None = None  # of the run (``runs.py``) that does it


class Kept:
    """Every method raises StoreUnavailable if the store does not answer or has no room."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._steps = outbox.steps
        self._known_words = lru_cache(WORDS)(self._words)

    def window(self, source: str) -> Window:
        with guarded(), self._steps.client.pipeline(transaction=True) as pipeline:
            pipeline.time()
            pipeline.hgetall(keys.kept(source, "state"))
            pipeline.xlen(keys.kept(source))
            (seconds, micros), state, count = pipeline.execute()
        now = datetime.fromtimestamp(seconds + micros / 1e6 + self._offset, UTC)
        return window_of(state, count, now)

    def read(self, source: str, *, since: datetime, last: int) -> Iterator[KeptDelivery]:
        """Yield the deliveries of *source* from *since* to number *last*, oldest first."""
        key = keys.kept(source)
        words = lru_cache(WORDS)(lambda name: self._words(source, name))
        start = str(max(0, int(since.timestamp() * 1000)))
        while page := self._range(key, start, PAGE):
            for id, entry in page:
                places = self._places(source, id) if entry[b"x"] == b"|" else None
                delivery = _delivery(id, entry, words, places)
                if delivery.number > last:
                    return
                yield delivery
            start = f"({page[-1][0].decode()}"

    def find(self, source: str, number: int, *, since: datetime) -> KeptDelivery | None:
        """Return the delivery *number* of *source*, received at *since*; None: it is gone."""
        early = since - timedelta(seconds=1)  # it may be stored some ms before its letter
        found = (each for each in self.read(source, since=early, last=number))
        return next((each for each in found if each.number == number and each.readable), None)

    def unpack(self, source: str, id: bytes, entry: Mapping[bytes, bytes]) -> KeptDelivery:
        """Return the delivery of one stored *entry*."""
        words = partial(self._known_words, source)
        places = self._places(source, id) if entry[b"x"] == b"|" else None
        return _delivery(id, entry, words, places)

    def run(self, source: str, events: Sequence[Incoming], how: Run) -> Ran:
        """Run *events* of kept deliveries again, in one step."""
        self._outbox.check_room()
        delivery = Delivery(source, uuid.uuid4().hex, tuple(events), mode="remap")
        request = {
            **self._outbox.requests.again(delivery),
            "run": how.id,
            "letters_most": LETTERS_MOST,
            "raw_bytes": RAW_BYTES,
            "again": True,
            "assumed": dict(how.assumed),
        }
        answer = self._steps.run("accept", request, "", "", "", "dry" if how.dry else "")
        return _ran(answer)

    @property
    def _offset(self) -> float:
        return self._steps.clock_offset_ms / 1000

    def _places(self, source: str, id: bytes) -> str | None:
        """Return the event positions of a delivery that was accepted in slices."""
        number = id.partition(b"-")[2].decode()
        with guarded():
            found = self._steps.client.hget(keys.kept(source, "places"), number)
        return None if found is None else str(found)

    def _words(self, source: str, name: str) -> bytes | None:
        found = self._range(keys.kept(source, "words"), name, 1)
        if not found or found[0][0].decode() != name:
            return None
        return unpacked(found[0][1][b"b"], b"")

    def _range(self, key: str, start: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        with guarded():
            command = ("XRANGE", key, start, "+", "COUNT", count)
            run: Any = self._steps.client.execute_command
            return list(run(*command, **{NEVER_DECODE: True}))


def window_of(state: Mapping[str, str], count: int, now: datetime) -> Window:
    """Build a Window from the store's *state* and number of deliveries."""

    def moment(name: str) -> datetime | None:
        return datetime.fromtimestamp(int(state[name]) / 1000, UTC) if name in state else None

    return Window(
        count,
        int(state.get("bytes", 0)) if count else 0,
        now,
        moment("oldest") if count else None,
        moment("fell"),
        int(state.get("dropped", 0)),
        int(state.get("number", 0)),
    )


def _delivery(
    id: bytes, entry: Mapping[bytes, bytes], words: Any, places: str | None = None
) -> KeptDelivery:
    number = int(id.partition(b"-")[2])
    came = int(entry[b"t"])
    texts = (places or entry[b"x"].decode()).split("|")
    repeats, left, *rest = (frozenset(int(n) for n in text.split(",") if n) for text in texts)
    words_of = words(entry[b"w"].decode()) or b""
    known = True
    try:
        headers, body = parted(unpacked(entry[b"b"], words_of))
    except ValueError:
        headers, body, known = {}, b"", False
    arrival = int(entry[b"a"]) if b"a" in entry else None
    return KeptDelivery(
        number, came, headers, body, repeats, left, rest[0] if rest else None, known, arrival
    )


def _ran(answer: Mapping[str, Any]) -> Ran:
    tally = answer["tally"]
    taken = tuple(
        Taken(collection, record, slug, old or None, new, stored or None)
        for collection, record, slug, old, new, stored in answer["taken"] or ()
    )
    problems = tuple(
        tuple(FieldProblem(p["path"], p["message"]) for p in problems)
        for _, problems in answer["refused"] or ()
    )
    closed, wake = tuple(answer["closed"] or ()), tuple(answer["wake"] or ())
    stale, undone = tally["stale"], tally["undone"]
    return Ran(taken, tally["same"], stale, closed, problems, wake, undone)
