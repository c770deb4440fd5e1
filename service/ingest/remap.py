"""
Maps stored deliveries again with the current mappings: read → map → accept, oldest first.

Each event gives its changes again at its own version: never over a newer one, nor over an equal one
of a later event (``version_order.lua``). Nothing is fetched again: results of fetches are stored,
and are mapped themselves. A field that the event no longer changes keeps its value: there is no
older one to put back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from service.ingest.event_mapper import (
    FETCHER,
    TOPICS,
    VERSION,
    WHOLE_BODY,
    Read,
    Reader,
    unreadable,
)
from service.ingest.remap_diff import RemapDiff
from service.senders.payload import parse_json
from workers.errors import PayloadInvalid
from workers.model.changes import Again, Change, FieldProblem, Incoming, time_version
from workers.store.delivery_log import Kept, KeptDelivery, Ran, Run
from workers.store.letter_ids import named, raw_letter
from workers.store.slicing import MOST, size_of

EVENTS: Final = 100  # in one step
PATHS: Final = 50  # paths of problems that are counted by name
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Tally:
    """
    The counts of a run, or of a dry run.

    Args:
        unreadable: Deliveries that cannot be unpacked.
        unwanted: Events of which no mapping takes anything.
        repeats: Events that were repeats when they came.
        notices: Objects that are not fetched again.
        taken: Field values that replaced others.
        same: Field values that their events had given already.
        stale: Field values that were overtaken.
        undone: Field values that were undone by hand, and stay so.
        problems: Path → number of events, and the first message.
    """

    deliveries: int = 0
    unreadable: int = 0
    events: int = 0
    unwanted: int = 0
    repeats: int = 0
    notices: int = 0
    taken: int = 0
    same: int = 0
    stale: int = 0
    undone: int = 0
    problems: dict[str, tuple[int, str]] = field(default_factory=dict)

    def refuse(self, problems: Iterable[FieldProblem]) -> None:
        for problem in problems:
            known = problem.path in self.problems or len(self.problems) < PATHS
            path = problem.path if known else "others"
            count, first = self.problems.get(path, (0, problem.message))
            self.problems[path] = (count + 1, first)


class Remap:
    """
    One run over the stored deliveries of one source.

    Args:
        kept: The deliveries, and the step that runs their events.
        dry: Write nothing, and collect the diff.
        wake: Asks for a job on one destination.
        collections: Only these change; None: all.
        run: The id of the run (`workers.store.runs`) that does it.
    """

    def __init__(
        self,
        kept: Kept,
        reader: Reader,
        source: str,
        *,
        dry: bool,
        wake: Callable[[str], object],
        collections: Collection[str] | None = None,
        run: str | None = None,
    ) -> None:
        self._kept = kept
        self._reader = reader
        self._source = source
        self.dry = dry
        self._wake = wake
        self._collections = collections
        self._run = run
        self.tally = Tally()
        self.diff = RemapDiff()

    def run(self, since: datetime, last: int, progress: Callable[[int, int], object]) -> None:
        """
        Run the deliveries from *since* on, up to the delivery number *last*.

        Args:
            progress: Called with the number of deliveries read, and of all.

        Raises:
            StoreUnavailable: What was done so far stays; the run can be repeated.
        """
        first: int | None = None

        def told(delivery: KeptDelivery) -> None:
            nonlocal first
            first = delivery.number if first is None else first
            progress(delivery.number - first + 1, last - first + 1)

        self.run_chosen(self._kept.read(self._source, since=since, last=last), told)

    def run_chosen(
        self, deliveries: Iterable[KeptDelivery], told: Callable[[KeptDelivery], object]
    ) -> None:
        """
        Run *deliveries* of the source, oldest first; *told* is called with each once it was read.

        Raises:
            StoreUnavailable: What was done so far stays; the run can be repeated.
        """
        waiting: list[Incoming] = []
        size = 0
        for delivery in deliveries:
            self.tally.deliveries += 1
            for event in self._events(delivery):
                more = size_of(len(change.fields) for change in event.changes)
                if waiting and (len(waiting) >= EVENTS or size + more > MOST):
                    self._step(waiting)
                    waiting, size = [], 0
                waiting.append(event)
                size += more
            told(delivery)
        if waiting:
            self._step(waiting)

    def _events(self, delivery: KeptDelivery) -> Iterator[Incoming]:
        """Yield the events of *delivery* that can be accepted; count the others."""
        if not delivery.readable:
            self.tally.unreadable += 1
            return
        for whole in events_of(self._reader, self._source, delivery):
            event = self._allowed(whole)
            self.tally.events += 1
            self.tally.notices += len(event.fetches)
            if event.again and event.again.place in delivery.repeats:
                self.tally.repeats += 1
            elif event.changes:
                yield replace(event, fetches=(), payload=None)
            elif event.problems:
                self.tally.refuse(event.problems)
            elif not event.fetches:
                self.tally.unwanted += 1

    def _allowed(self, event: Incoming) -> Incoming:
        """Return *event* with the changes that are allowed; in part it closes no dead letter."""
        allowed = self._collections
        if allowed is None or event.again is None:
            return event
        changes = tuple(each for each in event.changes if each.collection in allowed)
        if len(changes) == len(event.changes):
            return event
        return replace(event, changes=changes, again=replace(event.again, letters=()))

    def _step(self, events: list[Incoming]) -> None:
        how = Run(self.dry, id=self._run)
        if self.dry:
            places = {f"{c.collection}:{c.record}" for event in events for c in event.changes}
            how = Run(True, self.diff.assumed(places))
        ran = self._kept.run(self._source, events, how)
        self._note(ran)
        if not self.dry:
            for destination in ran.wake:
                self._wake(destination)

    def _note(self, ran: Ran) -> None:
        self.diff.add(ran.taken, ran.closed)
        self.tally.taken += len(ran.taken)
        self.tally.same += ran.same
        self.tally.stale += ran.stale
        self.tally.undone += ran.undone
        for problems in ran.problems:
            self.tally.refuse(problems)


def events_of(reader: Reader, source: str, delivery: KeptDelivery) -> list[Incoming]:
    """Return the events of *delivery* as the mappings have them now, each with its origin."""
    fetched = FETCHER in delivery.headers
    if fetched:
        read = _fetched(reader, source, delivery)
    else:
        read = reader.read(source, delivery.headers, delivery.body)
    came = time_version(_EPOCH + timedelta(microseconds=delivery.came))
    whole = raw_letter(source, delivery.body, WHOLE_BODY)
    run = [n for n, event in enumerate(read.events) if event.changes]
    last = run[-1] if run and not read.problems else None
    events = []
    for position, (event, letter) in enumerate(named(source, delivery.body, read.events)):
        place = position if fetched else event.index
        body = delivery.body if event.body is None else event.body.encode()
        # The second is the name that older releases gave it.
        names = dict.fromkeys((letter, raw_letter(source, body, event.index)))
        letters = (*names, whole) if position == last else tuple(names)
        taken, arrival = delivery.took(place), delivery.arrival
        again = Again(delivery.number, place, came, taken, letters, arrival, whole)
        changes = tuple(each for each in single(event) if each.fields or each.retire)
        # What the CMS said of its own items then may no longer hold.
        events.append(replace(event, changes=changes, gone=(), body=None, again=again))
    return events


def single(event: Incoming) -> tuple[Change, ...]:
    """
    Return the changes of *event* with one value for each field of an item.

    Of several it is the one that wins on arrival: the last; at a version of the source's own the
    first, because the others are repeats of its id.
    """
    best: dict[tuple[str, str, str], Change] = {}
    for change in event.changes:
        for value in change.fields:
            place = (change.collection, change.record, value.slug)
            if place not in best or _wins(event, change, best[place]):
                best[place] = change

    def chosen(change: Change) -> Change:
        record = (change.collection, change.record)
        fields = (value for value in change.fields if best[(*record, value.slug)] is change)
        return replace(change, fields=tuple(fields))

    return tuple(map(chosen, event.changes))


def _wins(event: Incoming, change: Change, other: Change) -> bool:
    if change.version is None or other.version is None:
        return True
    if change.version == other.version:
        return event.id is None
    return change.version > other.version


def _fetched(reader: Reader, source: str, delivery: KeptDelivery) -> Read:
    try:
        payloads = parse_json(delivery.body)
    except PayloadInvalid as error:
        return unreadable(str(error))
    headers = delivery.headers
    topics = tuple(json.loads(headers.get(TOPICS, "[]")))
    reads = [
        reader.fetched(source, headers[FETCHER], topics, payload, version=headers.get(VERSION))
        for payload in payloads
    ]
    events = tuple(event for read in reads for event in read.events)
    return Read(events, any(read.wanted for read in reads))
