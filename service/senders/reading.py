"""Where an event's id, topic and time stand, for senders that are told by settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jmespath

from service.senders.base import Event
from service.senders.moments import EXPECTED, moment
from workers.changes import FieldProblem, time_version
from workers.errors import PayloadInvalid

MAX_EVENTS: Final = 5_000  # of one delivery: all are accepted in one step, which others wait for

_HEADER: Final = "header:"


class _Expression(Protocol):
    def search(self, value: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a request, as the user wrote it: a header, or a path in the payload."""

    text: str
    header: str | None = None  # lower case
    path: _Expression | None = None

    @classmethod
    def parse(cls, text: str) -> Place:
        """
        Return the place that *text* names: ``header:Name``, else JMESPath.

        Raises:
            ValueError: It is neither.
        """
        if text.startswith(_HEADER):
            name = text.removeprefix(_HEADER).strip().lower()
            if not name:
                raise ValueError("no header is named")
            return cls(text, header=name)
        return cls(text, path=jmespath.compile(text))  # its errors are ValueErrors

    def find(self, headers: Mapping[str, str], payload: Any) -> Any:
        """
        Return what stands here, or None.

        Raises:
            ValueError: The path cannot be evaluated on this payload.
        """
        if self.path is None:
            return headers.get(self.header or "")
        try:
            return self.path.search(payload)
        # Anything: functions and comparisons meet whatever types the payload has.
        except Exception as error:
            raise ValueError(f"cannot be evaluated: {error}") from error


@dataclass(frozen=True, slots=True)
class Reading:
    """
    How a body becomes events.

    Args:
        id: Place of the event id. Without one, nothing is de-duplicated.
        topic: Place of the topic.
        occurred_at: Places of the time of the change; the first that holds anything counts.
        each: Place of a list in the payload: its elements are the events, and the other places
            are read in each of them.
    """

    id: Place | None = None
    topic: Place | None = None
    occurred_at: tuple[Place, ...] = ()
    each: Place | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Lower-case names of the headers that are read."""
        places = (self.id, self.topic, *self.occurred_at)
        return tuple(
            dict.fromkeys(place.header for place in places if place and place.header is not None)
        )

    def events(self, headers: Mapping[str, str], payload: Any) -> Iterator[Event]:
        """
        Yield the events of *payload*, the parsed body.

        Raises:
            PayloadInvalid: There is no list where *each* looks for one.
        """
        for index, element in enumerate(self._elements(payload)):
            yield self._event(headers, element, index)

    def _elements(self, payload: Any) -> list[Any]:
        if self.each is None:
            return [payload]
        try:
            found = self.each.find({}, payload)
        except ValueError as error:
            raise PayloadInvalid(f"events: {self.each.text} {error}") from None
        if not isinstance(found, list):
            raise PayloadInvalid(f"events: {self.each.text} is {shown(found)}, expected a list")
        if len(found) > MAX_EVENTS:
            raise PayloadInvalid(
                f"events: {self.each.text} has {len(found)} elements, expected {MAX_EVENTS} at most"
            )
        return found

    def _event(self, headers: Mapping[str, str], payload: Any, index: int) -> Event:
        problems: list[FieldProblem] = []

        def read(place: Place | None, convert: Callable[[Any], str | None]) -> str | None:
            if place is None:
                return None
            try:
                found = place.find(headers, payload)
                return None if found is None else convert(found)
            except ValueError as error:
                problems.append(FieldProblem(place.text, str(error)))
                return None

        name = read(self.id, _name)
        if name is not None and self.each and self.id and self.id.header:
            name = f"{name}#{index}"  # one header for all of them: it names the delivery
        return Event(
            id=name,
            topic=read(self.topic, _name),
            version=next((at for place in self.occurred_at if (at := read(place, version))), None),
            payload=payload,
            index=index,
            problems=tuple(problems),
        )


def version(value: Any) -> str:
    """
    Return the version of a change made at the time *value*.

    Raises:
        ValueError: It is no time, or not between 1970 and 2286.
    """
    try:
        return time_version(moment(value))
    except (ValueError, OverflowError):
        raise ValueError(f"found {shown(value)}, expected {EXPECTED}, from 1970 on") from None


def shown(value: Any) -> str:
    """Return *value* for a message: as JSON, and not all of it if it is long."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _name(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None  # all events without an id would else be one
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"found {shown(value)}, expected text or an integer")
