"""
From a request to the outbox: prove, split, map, accept, wake. No HTTP here.

A signed body that cannot be read or mapped becomes a dead letter instead of an error: senders
disable an endpoint that answers with errors.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_hex
from typing import Any, Literal

from service.ingest.delivery_router import DeliveryRouter
from service.ingest.entry import Entry
from service.ingest.event_log import log_unmapped, named
from service.ingest.event_mapper import FETCHER, WHOLE_BODY, Read, Reader, bounded
from service.ingest.receipt import Receipt
from service.mapping.registry import Mappings
from service.senders.configured_sender import ConfiguredSender
from workers import fibers
from workers.config.settings import Collection
from workers.errors import ConfigurationInvalid, Problem
from workers.model.changes import Change, Delivery, Fetch, FieldProblem, Incoming, Spooled
from workers.model.log_fields import bounded_names
from workers.store.acceptance import Accepted
from workers.store.dead_letters import Letter
from workers.store.outbox import Outbox
from workers.store.store_clock import StoreClock

LARGE = 262_144  # bytes of a body for which the store may take longer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What a payload would change or fetch, and why the rest would be left out.

    Args:
        partial: Those *changes* that create no item, because their event was only partly readable.
        topics: Of the events of *changes*, one for each.
    """

    changes: tuple[Change, ...]
    problems: tuple[FieldProblem, ...]
    fetches: tuple[Fetch, ...] = ()
    partial: tuple[Change, ...] = ()
    topics: tuple[str | None, ...] = ()


class Intake:
    """
    Takes the deliveries of every source.

    Args:
        senders: By name of the source.
        wake: Asks for a job on one destination.
        collections: By name; without them no event is recognised as one of our own items.
    """

    def __init__(
        self,
        senders: Mapping[str, ConfiguredSender],
        mappings: Mappings,
        outbox: Outbox,
        wake: Callable[[str], object],
        collections: Mapping[str, Collection] | None = None,
    ) -> None:
        self._senders = senders
        self._reader = Reader(senders, mappings, collections)
        self.outbox = self.patient = outbox  # the second has a longer timeout
        self._wake = wake
        self.router: DeliveryRouter | None = None  # keeps deliveries while the store cannot
        self.clock: StoreClock | None = None  # learns the time from the store's answers

    def receive(
        self, source: str, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Receipt:
        """
        Take one request of *source*; unless the outcome is "full", it is durable on return.

        Args:
            headers: With lower-case names.
            now: Aware.

        Raises:
            SignatureInvalid: The proof is bad.
            BodyTooLarge: It is too large when unpacked.
            StoreUnavailable: Nothing was kept.
        """
        received = self._sender(source).receive(headers, body, now=now)
        entry = Entry(
            source,
            token_hex(16),
            int(now.timestamp() * 1_000_000),
            secret=received.secret,
            headers=received.headers,
            body=received.body,
            read=received,
        )
        receipt = self.router.take(entry) if self.router else self.accept(entry)
        if receipt.outcome == "spooled":
            ids = bounded_names(event.id for event in received.events if event.id is not None)
            receipt = replace(receipt, events=len(received.events), ids=ids)
        return replace(receipt, answer=received.answer) if received.answer else receipt

    def checked(
        self, source: str, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> dict[str, Any]:
        """Return what the proof of a refused request of *source* looks at, without any value."""
        return self._sender(source).checked(headers, body, now=now)

    def accept(self, entry: Entry) -> Receipt:
        """
        Keep a proven delivery in the store; raises StoreUnavailable if it was not kept, or that is
        unknown.
        """
        read, delivery = self._mapped(entry)
        return self._receipt(read, self._sent(delivery, patiently=len(entry.body) > LARGE))

    def drain(self, entries: Sequence[tuple[Entry, Spooled]]) -> Sequence[Accepted]:
        """
        Keep the first of *entries*, which are consecutive in a spool, and as many of the others of
        its source as fit into the same step.

        Raises:
            ConfigurationInvalid: The source is no longer configured.
            StoreUnavailable: The first was not kept, or that is unknown.
        """
        self._sender(entries[0][0].source)
        mapped: list[Delivery] = []
        try:
            for entry, spooled in entries:
                mapped.append(replace(self._mapped(entry)[1], spooled=spooled))
        # Our bug, or that of a mapping: the entries before it go on.
        except Exception:
            if not mapped:
                raise
        found = self.patient.accept_in_order(mapped)
        for delivery, accepted in zip(mapped, found, strict=False):
            self._told(delivery, accepted)
        # One line for all: a line for each took as long as the rest of a drain.
        events = [event for delivery in mapped[: len(found)] for event in delivery.events]
        told = named(events)
        values = {
            "source": mapped[0].source,
            "deliveries": len(found),
            "outcomes": dict(Counter(accepted.outcome for accepted in found)),
            "events": len(events),
            "event_ids": told.pop("ids"),
        }
        _log.info("drained", extra=values | told)
        return found

    def _mapped(self, entry: Entry) -> tuple[Read, Delivery]:
        received = entry.read or self._sender(entry.source).split(entry.headers, entry.body)
        read = self._reader.delivered(entry.source, received)
        return read, Delivery(
            source=entry.source,
            token=entry.token,
            events=read.events,
            body=entry.body,
            headers=entry.headers,
            secret=entry.secret,
            slot=entry.slot,
        )

    def replay(self, letter: Letter, run: str | None = None) -> Receipt:
        """
        Map the event of an unmapped dead letter again in *run*, and keep what is readable now.

        The letter closes once all of it is kept. A fetch is made again. Without a source time the
        event keeps the place of its first arrival.

        Raises:
            ConfigurationInvalid: The source is no longer configured.
            StoreUnavailable: Nothing was changed.
        """
        source = letter.source or ""
        self._sender(source)
        if FETCHER in letter.headers:
            read = self._reader.again(source, letter.headers, letter.body)
        else:
            read = self._reader.read(source, letter.headers, letter.body)
        if letter.index == WHOLE_BODY:
            read = bounded(read)
        else:
            read = replace(read, events=tuple(e for e in read.events if e.index == letter.index))
        # A letter that no mapping wants any more is for the operator to discard.
        if not any(event.changes or event.fetches for event in read.events):
            outcome: Literal["unmapped", "unwanted"] = "unmapped" if read.problems else "unwanted"
            return Receipt(outcome, len(read.events), problems=read.problems)
        read = replace(read, events=tuple(_placed(event, letter) for event in read.events))
        delivery = Delivery(
            source=source,
            token=token_hex(16),
            events=read.events,
            body=letter.body,
            headers=letter.headers,
            mode="remap",
            closes=letter.id,
            run=run,
        )
        return self._receipt(read, self._sent(delivery))

    def preview(
        self,
        source: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        topic: str | None = None,
        *,
        fetched: bool = False,
    ) -> Preview:
        """
        Return what *body* would change; nothing is verified, fetched, kept or sent.

        Args:
            headers: From which the sender reads events.
            topic: Replaces the topic of every event.
            fetched: *body* is the result of a fetch, not a delivery.

        Raises:
            ConfigurationInvalid: There is no such source.
        """
        self._sender(source)
        if fetched:
            read = self._reader.previewed(source, body, topic)
        else:
            lower = {name.lower(): value for name, value in (headers or {}).items()}
            read = self._reader.read(source, lower, body, topic=topic)
        return Preview(
            tuple(change for event in read.events for change in event.changes),
            read.problems,
            tuple(fetch for event in read.events for fetch in event.fetches),
            tuple(change for event in read.events if event.problems for change in event.changes),
            tuple(event.topic for event in read.events for _ in event.changes),
        )

    def _sender(self, source: str) -> ConfiguredSender:
        if source not in self._senders:
            known = ", ".join(sorted(self._senders)) or "a source in instep.toml"
            problem = Problem("sources", repr(source), f"one of {known}", "use one of them")
            raise ConfigurationInvalid([problem])
        return self._senders[source]

    def _sent(self, delivery: Delivery, *, patiently: bool = False) -> Accepted:
        clock = self.clock
        began = clock.begin() if clock else 0
        outbox = self.patient if patiently else self.outbox
        accepted = outbox.accept(delivery)
        if clock and accepted.at_us is not None:
            clock.observe(began, accepted.at_us)
        return self._told(delivery, accepted)

    def _told(self, delivery: Delivery, accepted: Accepted) -> Accepted:
        for destination in accepted.wake:
            fibers.aside(self._ask, destination)
        if accepted.stalled:
            _log.warning("source stale", extra={"source": delivery.source, **accepted.stalled})
        log_unmapped(delivery, accepted)
        return accepted

    def _receipt(self, read: Read, accepted: Accepted) -> Receipt:
        outcome: Literal["kept", "duplicate", "unwanted", "full"]
        outcome = "duplicate" if accepted.outcome == "duplicate" else "kept"
        if accepted.outcome == "full":
            outcome = "full"
        elif not read.wanted:
            outcome = "unwanted"
        return Receipt(
            outcome,
            len(read.events),
            accepted.accepted,
            read.problems,
            mapped=outcome != "kept" or any(e.changes or e.fetches for e in read.events),
            **named(read.events),
        )

    def _ask(self, destination: str) -> None:
        try:
            self._wake(destination)
        # The changes are kept, so the answer stays 2xx; the sweeper wakes too.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            _log.warning("not woken", extra={"destination": destination, "reason": reason})


def _placed(event: Incoming, letter: Letter) -> Incoming:
    """Return *event* with the place of *letter*; an event of a whole body with its own."""
    again = letter.again
    if again is not None and letter.index == WHOLE_BODY:
        again = replace(again, place=event.index, taken=False, letters=(), whole=letter.id)
    return replace(event, again=again)
