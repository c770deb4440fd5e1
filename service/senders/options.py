"""The settings of senders, as marshmallow schemas whose messages say what was expected."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final, Protocol

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from service.senders.base import Given
from service.senders.event_fields import FORM, Place, Reading
from workers.errors import ConfigurationInvalid, Problem

# What every sender for a system of one's own says of itself.
OWN: Final[Mapping[str, Any]] = {
    "dedupe": "`id`; without it nothing is",
    "order": "`occurred_at`; without it arrival",
    "retries": "that system's own",
}

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


class Table(Protocol):
    """A table of instep.toml whose own keys are still to be loaded."""

    @property
    def kind(self) -> str:
        """The name of what has these keys."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The keys as they were read."""

    @property
    def common(self) -> Collection[str]:
        """The keys that all tables of this sort have."""

    def problem(self, key: str, found: str, expected: str, do: str) -> Problem:
        """Return a problem with *key*."""


class Options(Schema):
    """Settings of a sender. An unknown one is an error, and so is one that is null."""

    class Meta:
        unknown = RAISE


class Text(fields.String):
    """Any text."""

    default_error_messages = dict.fromkeys(("invalid", "null", "required"), "text")


class HeaderName(fields.Field[str]):
    """The name of a header; loaded in lower case."""

    default_error_messages = dict.fromkeys(("invalid", "null", "required"), "the name of a header")

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or not _HEADER_NAME.fullmatch(value):
            raise self.make_error("invalid")
        return value.lower()


class PlaceField(fields.Field[Place]):
    """A place in the request: ``header:Name`` or JMESPath in the payload."""

    default_error_messages = dict.fromkeys(
        ("invalid", "null"), 'JMESPath in the payload, or "header:Name"'
    )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Place:
        try:
            return Place.parse(value)
        except (AttributeError, ValueError):
            raise self.make_error("invalid") from None


class PlacesField(fields.Field[tuple[Place, ...]]):
    """A place in the request, or a list of them; loaded as a tuple."""

    default_error_messages = dict.fromkeys(
        ("invalid", "null"),
        'JMESPath in the payload, or "header:Name"; or a list of these, of which the first that '
        "holds anything counts",
    )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[Place, ...]:
        try:
            found = tuple(map(Place.parse, value if isinstance(value, list) else [value]))
        except (AttributeError, TypeError, ValueError):
            found = ()
        if not found:
            raise self.make_error("invalid")
        return found


class PayloadPlace(PlaceField):
    """A place in the payload, and in no header."""

    default_error_messages = dict.fromkeys(
        ("invalid", "null", "required"), "JMESPath in the payload"
    )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Place:
        place = super()._deserialize(value, attr, data, **kwargs)
        if place.header is not None:
            raise self.make_error("invalid")
        return place


class ListField(PayloadPlace):
    """A place in the payload that holds the list of events."""

    default_error_messages = dict.fromkeys(("invalid", "null"), "JMESPath to a list in the payload")


class FormField(fields.Field[str]):
    """The field of a form that holds the payload as JSON; loaded as its name."""

    default_error_messages = dict.fromkeys(
        ("invalid", "null"), '"form:NAME", the field of a form that holds the payload as JSON'
    )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = value.removeprefix(FORM) if isinstance(value, str) else value
        if not name or name == value:
            raise self.make_error("invalid")
        return str(name)


class OwnOptions(Options):
    """What every sender for a system of one's own takes."""

    events = ListField(load_default=None)
    id = PlaceField(load_default=None)
    topic = PlaceField(load_default=None)
    occurred_at = PlacesField(load_default=())
    body = FormField(load_default=None)


def choice(*words: str) -> Text:
    """Return a field that takes one of *words*, the first by default."""
    return _one_of(words, words[0])


def optional_choice(*words: str) -> Text:
    """Return a field that takes one of *words*, None by default."""
    return _one_of(words, None)


def _one_of(words: tuple[str, ...], default: str | None) -> Text:
    expected = f"one of {', '.join(words)}"
    return Text(
        load_default=default,
        validate=validate.OneOf(words, error=expected),
        error_messages={"invalid": expected, "null": expected},
    )


def seconds(default: float) -> fields.Float:
    """Return a field that takes a positive number of seconds."""
    expected = "a number of seconds, above 0"
    return fields.Float(
        load_default=default,
        validate=validate.Range(min=0, min_inclusive=False, error=expected),
        error_messages=dict.fromkeys(("invalid", "null", "special", "too_large"), expected),
    )


def reading(given: Given, *proofs: str) -> Reading:
    """
    Return the reading that the OwnOptions of *given* describe.

    Args:
        given: With the options loaded.
        proofs: Lower-case names of the headers that carry the proof.

    Raises:
        ConfigurationInvalid: A place is one of *proofs*: it would be kept with dead letters.
    """
    options = given.options
    id, topic = ((options[key],) if options[key] else () for key in ("id", "topic"))
    at: tuple[Place, ...] = options["occurred_at"]
    problems = []
    for key, places in (("id", id), ("topic", topic), ("occurred_at", at)):
        if any(place.header in proofs for place in places):
            problems.append(
                given.problem(
                    key,
                    f"header {', '.join(place.header or '' for place in places)}, "
                    "which carries the proof",
                    "another header",
                    "choose another: this one would be stored with dead letters",
                )
            )
        if any(place.is_form for place in places) and not options.get("body"):
            expected = 'body = "form:NAME" beside it: else the form is the payload itself'
            do = "leave out form:, or add that"
            problems.append(given.problem(key, "a field of a form", expected, do))
    if problems:
        raise ConfigurationInvalid(problems)
    return Reading(id, topic, at, options.get("events"))


def load(schema: Schema, given: Table) -> Mapping[str, Any]:
    """
    Return the options of *given* as *schema* loads them.

    Raises:
        ConfigurationInvalid: With one problem for each key.
    """
    try:
        loaded: Mapping[str, Any] = schema.load(dict(given.options))
    except ValidationError as error:
        messages: Any = error.messages  # by key
        raise ConfigurationInvalid(
            [_problem(schema, given, key, messages[key]) for key in sorted(messages)]
        ) from None
    return loaded


def _problem(schema: Schema, given: Table, key: str, messages: Any) -> Problem:
    if key in schema.fields:
        expected = messages[0] if isinstance(messages, list) else str(messages)
        found = _shown(given.options[key]) if key in given.options else "nothing"
        do = "correct the value" if key in given.options else f"add the key {key}"
        return given.problem(key, found, expected, do)
    # Its value is not shown: it may be a secret under a misspelt name.
    keys = {*schema.fields, *given.common}
    known = f"one of {', '.join(sorted(keys))}"
    near = get_close_matches(key, sorted(keys), n=1)
    do = f"write {near[0]}" if near else "remove it"
    return given.problem(key, f"a key that {given.kind} does not have", known, do)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
