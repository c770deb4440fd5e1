"""Reads id, topic and time of events, from configurable places in a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Final

from service.senders.base import Event, Origin
from service.senders.expressions import Expression
from service.senders.payload import pluck
from service.senders.timestamps import EXPECTED, in_zone, moment
from workers.errors import PayloadInvalid
from workers.model.changes import FieldProblem, time_version
from workers.model.versions import with_time

MAX_EVENTS: Final = 5_000  # per delivery: all are accepted in one step, which blocks the store

_INDEX: Final = re.compile(r"\d{1,19}", re.ASCII)
FORM: Final = "form:"  # a field of the form whose other field holds the payload
_HEADER: Final = "header:"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a request, as the user wrote it: a header, or a path in the payload."""

    text: str
    header: str | None = None  # lower case
    search: Callable[[Any], Any] | None = None  # in the payload

    @classmethod
    def parse(cls, text: str) -> Place:
        """
        Return the place that *text* names: ``header:Name``, ``form:name``, else JMESPath; raises
        ValueError if it is invalid.
        """
        if text.startswith(_HEADER):
            name = text.removeprefix(_HEADER).strip().lower()
            if not name:
                raise ValueError("no header is named")
            return cls(text, header=name)
        if text.startswith(FORM) and text != FORM:
            return cls(text, header=f":{text}")  # no header has such a name
        return cls(text, search=Expression(text).search)  # its errors are ValueErrors

    @property
    def is_form(self) -> bool:
        return self.header is not None and self.header.startswith(f":{FORM}")

    @classmethod
    def computed(cls, text: str, search: Callable[[Any], Any]) -> Place:
        """Return the place whose value *search* computes; *text* names it in messages."""
        return cls(text, search=search)

    @classmethod
    def joined(cls, *paths: str) -> Place:
        """Return the texts at dotted *paths* in a payload, with dots between them."""
        text = f"{', '.join(paths[:-1])} and {paths[-1]}"
        return cls.computed(text, lambda found: ".".join(pluck(found, path, str) for path in paths))

    def find(self, headers: Mapping[str, str], payload: Any) -> Any:
        """Return the value here, or None; raises ValueError if the path cannot be evaluated."""
        if self.search is None:
            return headers.get(self.header or "")
        try:
            return self.search(payload)
        except PayloadInvalid as error:
            raise ValueError(str(error)) from None
        # Any exception: functions and comparisons get values of any type.
        except Exception as error:
            raise ValueError(f"cannot be evaluated: {error}") from error


def version(value: Any) -> str:
    """
    Return the version of a change made at the time *value*; raises ValueError if it is no time, or
    not between 1970 and 2286.
    """
    try:
        return time_version(moment(value))
    except (ValueError, OverflowError):
        raise ValueError(f"found {shown(value)}, expected {EXPECTED}, from 1970 on") from None


def places(*texts: str) -> tuple[Place, ...]:
    return tuple(map(Place.parse, texts))


@dataclass(frozen=True, slots=True)
class EventReader:
    """
    Reads the events in a payload.

    Args:
        id: Places of the event id. Without one, nothing is deduplicated.
        topic: Places of the topic.
        occurred_at: Places of the time of the change. Here as above, the first with a value
            counts.
        each: Place of a list in the payload: its elements are the events, and the other places
            are read from each of them.
        needed: Which of ``id``, ``topic`` and ``occurred_at`` every event of this sender has.
            An event without one is a dead letter.
        order: Makes a version of the value of *occurred_at*, or None; raises ValueError.
        tie: Places of a time that breaks ties between equal versions.
        origin: Returns the CMS item of an event, if the sender is the CMS itself.
        zone: Of times without an offset; None: *order* decides.
    """

    id: tuple[Place, ...] = ()
    topic: tuple[Place, ...] = ()
    occurred_at: tuple[Place, ...] = ()
    each: Place | None = None
    needed: frozenset[str] = frozenset()
    order: Callable[[Any], str | None] = version
    tie: tuple[Place, ...] = ()
    origin: Callable[[Any], Origin | None] = lambda _: None
    zone: tzinfo | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Lower-case names of the headers that are read."""
        places = (*self.id, *self.topic, *self.occurred_at, *self.tie)
        return tuple(dict.fromkeys(place.header for place in places if place.header is not None))

    def events(self, headers: Mapping[str, str], payload: Any) -> Iterator[Event]:
        """
        Return the events of *payload*, the parsed body; raises PayloadInvalid if *each* finds no
        list.
        """
        if self.each is None:
            return iter((self._event(headers, payload, 0),))
        elements = self._elements(self.each, payload)
        return (self._event(headers, element, n) for n, element in enumerate(elements))

    def _elements(self, each: Place, payload: Any) -> list[Any]:
        try:
            found = each.find({}, payload)
        except ValueError as error:
            raise PayloadInvalid(f"events: {each.text} {error}") from None
        found = as_list(found)
        if not isinstance(found, list):
            raise PayloadInvalid(f"events: {each.text} is {shown(found)}, expected a list")
        if len(found) > MAX_EVENTS:
            raise PayloadInvalid(
                f"events: {each.text} has {len(found)} elements, expected {MAX_EVENTS} at most"
            )
        return found

    def _event(self, headers: Mapping[str, str], payload: Any, index: int) -> Event:
        problems: list[FieldProblem] = []
        name = self._read("id", self.id, _name, headers, payload, problems)
        if name is not None and self.each and any(place.header for place in self.id):
            name = f"{name}#{index}"  # one header for all of them: it names the delivery
        topic = self._read("topic", self.topic, _name, headers, payload, problems)
        at = self._read("occurred_at", self.occurred_at, self._version, headers, payload, problems)
        return Event(
            id=name,
            topic=topic,
            version=self._told_apart(at, headers, payload) if at and self.tie else at,
            payload=payload,
            index=index,
            problems=tuple(problems),
            origin=self.origin(payload),
            # A source with times is not ordered by arrival.
            placed="held" if self.occurred_at else "arrival",
        )

    def _read(
        self,
        key: str,
        places: Sequence[Place],
        convert: Callable[[Any], str | None],
        headers: Mapping[str, str],
        payload: Any,
        problems: list[FieldProblem],
    ) -> str | None:
        """Return the first value at *places*, or None; add to *problems* why there is none."""
        for place in places:
            try:
                found = place.find(headers, payload)
                value = None if found is None else convert(found)
            # ArithmeticError: NaN and infinities are values like any other.
            except (ValueError, ArithmeticError, TypeError) as error:
                problems.append(FieldProblem(place.text, str(error)))
                return None
            if value is not None:
                return value
        if key in self.needed:
            problems.append(FieldProblem(places[0].text, "is missing"))
        return None

    def _version(self, found: Any) -> str | None:
        if found == "":
            return None
        return self.order(found if self.zone is None else in_zone(found, self.zone))

    def _told_apart(self, at: str, headers: Mapping[str, str], payload: Any) -> str:
        """Return the version *at* with its tie-breaker, if readable."""
        for place in self.tie:
            try:
                found = place.find(headers, payload)
                tie = None if found is None else moment(found)
                if tie and time_version(tie) != at:
                    return with_time(at, tie)
            except (ValueError, OverflowError):
                return at
        return at


def utc_version(value: Any) -> str:
    """Return the version of a change made at *value*, without an offset in UTC; see `version`."""
    return version(in_zone(value, UTC))


def as_list(value: Any) -> Any:
    """Return *value*; an object with only numeric keys, PHP's form of a sparse list, as a list."""
    if not isinstance(value, dict) or not value or not all(map(_INDEX.fullmatch, value)):
        return value
    return [value[key] for key in sorted(value, key=int)]


def shown(value: Any) -> str:
    """Return *value* for a message: as JSON, shortened."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _name(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None  # else all events without an id would be one
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"found {shown(value)}, expected text or an integer")


def composite(*parts: Any) -> str:
    """
    Return one event id for *parts*, unique to them.

    Parts are text or integers (else ValueError); None counts as an empty text.
    """
    # The parts are joined by blanks, so none may stay in a part.
    return " ".join(
        (_name(part) or "" if part is not None else "").replace("%", "%25").replace(" ", "%20")
        for part in parts
    )
