"""From a body, or from what a fetch has read, to mapped events. No store and no HTTP here."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from service.ingest import own_writes
from service.mapping.registry import Mapped, Mappings
from service.senders.base import Event
from service.senders.payload import canonical_text, parse_json
from service.senders.secret_rotation import ConfiguredSender, Received
from workers.config.settings import Collection
from workers.errors import PayloadInvalid
from workers.model.changes import FieldProblem, Gone, Incoming, LeftOut
from workers.model.retirement import GONE

WHOLE_BODY: Final = -1  # the index of a dead letter whose body could not be split into events
LETTERS: Final = 200  # of one delivery; more would fill the room of its source, and then get 503
# Beside the headers of a dead letter, like service.senders.base.QUERY: no header has such a name.
FETCHER: Final = ":fetcher"  # its body is what this fetcher has read
TOPICS: Final = ":topics"  # JSON: of the notices that it was read for
VERSION: Final = ":version"  # of what was read

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A body, read and mapped."""

    events: tuple[Incoming, ...]
    wanted: bool

    @property
    def problems(self) -> tuple[FieldProblem, ...]:
        return tuple(problem for event in self.events for problem in event.problems)


class Reader:
    """
    Maps whatever comes; raises nothing.

    Args:
        senders: By name of the source.
        mappings: Of all sources.
        collections: By name; without them no event tells of one of their items.
    """

    def __init__(
        self,
        senders: Mapping[str, ConfiguredSender],
        mappings: Mappings,
        collections: Mapping[str, Collection] | None = None,
    ) -> None:
        self._senders = senders
        self._mappings = mappings
        self._collections = collections or {}

    def delivered(self, source: str, received: Received) -> Read:
        """Map a delivery; with one letter of the whole body for its bad events if they are many."""
        return bounded(self._read(source, received, None))

    def read(
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        topic: str | None = None,
    ) -> Read:
        """
        Split and map *body*, which *source* sent.

        Args:
            topic: Of every event, instead of what the sender reads.
        """
        return self._read(source, self._senders[source].split(headers, body), topic)

    def _read(self, source: str, received: Received, topic: str | None) -> Read:
        if received.error is not None:
            _log.error("sender failed", extra={"source": source}, exc_info=received.error)
        if received.problem:
            return unreadable(received.problem)
        events = received.events
        read = [self._map(source, event, topic or event.topic) for event in events]
        placed = (_placed(mapped, event) for (mapped, _), event in zip(read, events, strict=True))
        return Read(tuple(placed), any(wanted for _, wanted in read))

    def fetched(
        self,
        source: str,
        fetcher: str | None,
        topics: Sequence[str] | None,
        payload: Any,
        *,
        version: str | None,
        topic: str | None = None,
    ) -> Read:
        """
        Map one *payload* that *fetcher* has read for *source*; None: any fetcher, any topics.

        Args:
            topic: What its dead letter, if it becomes one, is listed under.
        """
        mapped = self._mapped(
            lambda: self._mappings.fetched(source, fetcher, topics, payload, version=version),
            {"source": source, "fetcher": fetcher},
        )
        event = Incoming(
            None,
            topic,
            0,
            mapped.changes,
            mapped.problems,
            body=canonical_text(payload),
            left=mapped.left,
            nameless=mapped.nameless,
        )
        return Read((event,), mapped.wanted)

    def previewed(self, source: str, body: bytes, topic: str | None) -> Read:
        """Map *body* as what any fetcher of *source* has read."""
        try:
            payload = parse_json(body)
        except PayloadInvalid as error:
            return unreadable(str(error))
        topics = None if topic is None else (topic,)
        return self.fetched(source, None, topics, payload, version=None)

    def again(self, source: str, headers: Mapping[str, str], body: bytes) -> Read:
        """Map what a fetch had read once more, by the headers of its dead letter."""
        try:
            payload = parse_json(body)
        except PayloadInvalid as error:
            return unreadable(str(error))
        topics = tuple(json.loads(headers.get(TOPICS, "[]")))
        version = headers.get(VERSION)
        return self.fetched(source, headers[FETCHER], topics, payload, version=version)

    def _map(self, source: str, event: Event, topic: str | None) -> tuple[Incoming, bool]:
        """Return *event* mapped, and whether any mapping wants it."""
        if event.ping:
            return Incoming(event.id, topic, event.index), False
        mapped = self._mapped(
            lambda: self._mappings.changes(source, topic, event.payload, version=event.version),
            {"source": source, "event_id": event.id},
        )
        # Without its topic nobody can tell whether an event is wanted.
        wanted = mapped.wanted or (topic is None and bool(event.problems))
        if event.problems and wanted:
            mapped = _left_out(mapped, event.problems)
        changes, fetches = mapped.changes, mapped.fetches
        gone: tuple[Gone, ...] = ()
        if event.origin:
            gone = own_writes.gone(event.origin, self._collections)
            changes = own_writes.told(changes, event.origin, event.origin.at, self._collections)
        incoming = Incoming(
            event.id,
            topic,
            event.index,
            changes,
            mapped.problems,
            gone,
            fetches,
            self._kept(source, event.payload) if fetches else None,
            left=mapped.left,
            nameless=mapped.nameless,
        )
        return incoming, wanted

    def _kept(self, source: str, payload: Any) -> Any:
        """Return *payload* as it may wait for its fetch: without a secret that proved it."""
        return json.loads(self._senders[source].concealed(json.dumps(payload).encode()))

    def _mapped(self, run: Callable[[], Mapped], about: Mapping[str, Any]) -> Mapped:
        """Return what the mappings say; where they failed, that."""
        try:
            return run()
        # Mappings are the user's code.
        except Exception as error:
            _log.exception("mapping failed", extra=dict(about))
            message = f"the mapping failed on it: {type(error).__name__}"
            return Mapped(problems=(FieldProblem("mapping", message),), wanted=True)


def _left_out(mapped: Mapped, problems: tuple[FieldProblem, ...]) -> Mapped:
    """
    Return *mapped* without changes: what the sender cannot read names no field.

    A version that was not read would let them win over what is newer. A fetch reads what is true
    now, and goes on.
    """
    lost = (
        LeftOut(change.collection, change.record, change.by, slug, change.version)
        for change in mapped.changes
        for slug in ([GONE] if change.retire else [each.slug for each in change.fields])
    )
    left = tuple(dict.fromkeys((*mapped.left, *lost)))
    return replace(mapped, changes=(), problems=(*problems, *mapped.problems), left=left)


def _placed(mapped: Incoming, event: Event) -> Incoming:
    """Return *mapped* with what orders it beside its version."""
    if event.placed == "arrival" and event.log is None:
        return mapped
    changes = tuple(
        # A version that its mapping gives has nothing to do with the row before.
        replace(change, placed=event.placed)
        if event.placed != "after" or change.version == event.version
        else change
        for change in mapped.changes
    )
    return replace(mapped, changes=changes, log=event.log)


def unreadable(message: str) -> Read:
    """Return what is read of a body that cannot be split into events."""
    return Read((_letter(message),), wanted=True)


def _letter(message: str) -> Incoming:
    """Return the dead letter of a whole body."""
    return Incoming(None, None, WHOLE_BODY, problems=(FieldProblem("body", message),))


def bounded(read: Read) -> Read:
    """
    Return *read*, with one letter of the whole body for its bad events if they are very many.

    What can be read of such an event goes on; its problems are told by that letter.
    """
    bad = [event for event in read.events if event.problems]
    if len(bad) <= LETTERS:
        return read
    first = bad[0].problems[0]
    words = f"{len(bad)} of {len(read.events)} events have problems; the first: {first.path}"
    events = (_part(event) if event.problems else event for event in read.events)
    letter = replace(_letter(f"{words} {first.message}"), part=True)
    return Read((*events, letter), read.wanted)


def _part(event: Incoming) -> Incoming:
    nameless = event.nameless or not event.left
    return replace(event, problems=(), nameless=nameless, part=True)
