"""From a body, or the result of a fetch, to mapped events. No store and no HTTP here."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from service.ingest import own_writes
from service.mapping.registry import Mapped, Mappings
from service.senders.base import Event
from service.senders.configured_sender import ConfiguredSender, Received
from service.senders.payload import canonical_text, parse_json
from workers.config.settings import Collection
from workers.errors import PayloadInvalid
from workers.model.changes import FieldProblem, Gone, Incoming, LeftOut
from workers.model.retirement import GONE
from workers.model.values import value_class

WHOLE_BODY: Final = -1  # the index of a dead letter whose body could not be split into events
LETTERS: Final = 200  # per delivery; more would use up the quota of its source, which then gets 503
# Stored among the headers of a dead letter, like service.senders.base.QUERY: no header has such a
# name.
FETCHER: Final = ":fetcher"  # name of the fetcher that read the body
TOPICS: Final = ":topics"  # JSON: topics of the notices that it was read for
VERSION: Final = ":version"  # version of the fetched record

_log = logging.getLogger(__name__)


@value_class
class Read:
    """The mapped events of a body."""

    events: tuple[Incoming, ...]
    wanted: bool

    @property
    def problems(self) -> tuple[FieldProblem, ...]:
        return tuple([problem for event in self.events for problem in event.problems])


class Reader:
    """
    Maps any input; raises nothing.

    Args:
        senders: By name of the source.
        collections: By name; without them no event is recognised as one of our own items.
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
        """Map a delivery; very many bad events become one dead letter of the whole body."""
        return bounded(self._read(source, received, None))

    def read(
        self,
        source: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        topic: str | None = None,
    ) -> Read:
        """Split and map *body*; *topic* replaces the topic of every event."""
        return self._read(source, self._senders[source].split(headers, body), topic)

    def _read(self, source: str, received: Received, topic: str | None) -> Read:
        if received.error is not None:
            _log.error("sender failed", extra={"source": source}, exc_info=received.error)
        if received.problem:
            return unreadable(received.problem)
        read: list[Incoming] = []
        wanted = False
        for event in received.events:
            mapped, taken = self._map(source, event, topic or event.topic)
            read.append(mapped)
            wanted |= taken
        return Read(tuple(read), wanted)

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
        Map one *payload* that *fetcher* has read for *source*; None: any fetcher, any topics. Its
        dead letter, if any, is listed under *topic*.
        """
        try:
            mapped = self._mappings.fetched(source, fetcher, topics, payload, version=version)
        except Exception as error:
            mapped = _failed(error, {"source": source, "fetcher": fetcher})
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
        """Map *body* as the result of any fetcher of *source*."""
        try:
            payload = parse_json(body)
        except PayloadInvalid as error:
            return unreadable(str(error))
        topics = None if topic is None else (topic,)
        return self.fetched(source, None, topics, payload, version=None)

    def again(self, source: str, headers: Mapping[str, str], body: bytes) -> Read:
        """Map a fetched body again, by the headers of its dead letter."""
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
            return Incoming(event.id, topic, event.index, log=event.log), False
        try:
            mapped = self._mappings.changes(
                source, topic, event.payload, version=event.version, placed=event.placed
            )
        except Exception as error:
            mapped = _failed(error, {"source": source, "event_id": event.id})
        # An event whose topic cannot be read may be wanted.
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
            log=event.log,
            nameless=mapped.nameless,
        )
        return incoming, wanted

    def _kept(self, source: str, payload: Any) -> Any:
        """Return *payload* without secrets, as it may be stored until its fetch."""
        return json.loads(self._senders[source].concealed(json.dumps(payload).encode()))


def _failed(error: Exception, about: Mapping[str, Any]) -> Mapped:
    """Return the result of a mapping, which is the user's code, that raised *error*."""
    _log.error("mapping failed", exc_info=error, extra=dict(about))
    message = f"the mapping failed on it: {type(error).__name__}"
    return Mapped(problems=(FieldProblem("mapping", message),), wanted=True)


def _left_out(mapped: Mapped, problems: tuple[FieldProblem, ...]) -> Mapped:
    """
    Return *mapped* without changes: the sender's problems name no field.

    A change without its version could overwrite newer values. A fetch reads the current record, so
    it goes on.
    """
    lost = (
        LeftOut(change.collection, change.record, change.by, slug, change.version)
        for change in mapped.changes
        for slug in ([GONE] if change.retire else [each.slug for each in change.fields])
    )
    left = tuple(dict.fromkeys((*mapped.left, *lost)))
    return replace(mapped, changes=(), problems=(*problems, *mapped.problems), left=left)


def unreadable(message: str) -> Read:
    """Return the result for a body that cannot be split into events."""
    return Read((_letter(message),), wanted=True)


def _letter(message: str) -> Incoming:
    return Incoming(None, None, WHOLE_BODY, problems=(FieldProblem("body", message),))


def bounded(read: Read) -> Read:
    """
    Return *read*; more than `LETTERS` bad events become one dead letter of the whole body.

    The readable part of each such event is kept; the one letter reports the problems.
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
