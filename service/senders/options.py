"""The settings of senders, as marshmallow schemas whose messages say what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

from service.senders.base import SenderConfig, Table
from service.senders.event_fields import FORM, EventReader, Place, places
from workers.errors import ConfigurationInvalid, Problem
from workers.model.nearest import nearest

# The descriptions shared by all generic senders.
OWN: Final[Mapping[str, Any]] = {
    "dedupe": "`id`; without it nothing is",
    "order": "`occurred_at`; without it arrival",
    "retries": "that system's own",
}

_PLACE: Final = 'JMESPath in the payload, or "header:Name"'
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


class Parsed(fields.Field[Any]):
    """A setting read by *parse*; an exception there means that it is not as *expected*."""

    def __init__(self, parse: Callable[[Any], Any], expected: str, **kwargs: Any) -> None:
        messages: dict[str, Any] = dict.fromkeys(("invalid", "null", "required"), expected)
        super().__init__(error_messages=messages, **kwargs)
        self._parse = parse

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        try:
            return self._parse(value)
        except (AttributeError, IndexError, TypeError, ValueError):
            raise self.make_error("invalid") from None


def text(
    expected: str = "text", accept: Callable[[str], Any] | None = None, **kwargs: Any
) -> fields.String:
    """Return a field for text that the validator *accept* allows."""
    messages: dict[str, Any] = dict.fromkeys(("invalid", "null", "required"), expected)
    return fields.String(error_messages=messages, validate=accept, **kwargs)


def matching(pattern: str, expected: str, **kwargs: Any) -> fields.String:
    """Return a field for text that matches *pattern* as a whole, described by *expected*."""
    whole = validate.Regexp(rf"(?:{pattern})\Z", re.ASCII, error=expected)
    return text(expected, whole, **kwargs)


def choice(*words: str) -> fields.String:
    """Return a field for one of *words*, the first by default."""
    return _one_of(words, words[0])


def optional_choice(*words: str) -> fields.String:
    """Return a field for one of *words*, None by default."""
    return _one_of(words, None)


def _one_of(words: tuple[str, ...], default: str | None) -> fields.String:
    expected = f"one of {', '.join(words)}"
    return text(expected, validate.OneOf(words, error=expected), load_default=default)


def header_name(**kwargs: Any) -> Parsed:
    """Return a field for the name of a header, loaded in lower case."""
    return Parsed(_header, "the name of a header", **kwargs)


def place(default: str | None = None) -> Parsed:
    """Return a field for one place in the request."""
    return Parsed(Place.parse, _PLACE, load_default=default and Place.parse(default))


def several_places(*default: str) -> Parsed:
    """Return a field for a place in the request or a list of them, loaded as a tuple."""
    expected = f"{_PLACE}; or a list of these, of which the first that holds anything counts"
    return Parsed(_places, expected, load_default=places(*default))


def payload_place(expected: str = "JMESPath in the payload", **kwargs: Any) -> Parsed:
    """Return a field for a place in the payload; headers are refused."""
    return Parsed(_payload_place, expected, **kwargs)


def _header(value: Any) -> str:
    if not _HEADER_NAME.fullmatch(value):
        raise ValueError(value)
    return str(value).lower()


def _places(value: Any) -> tuple[Place, ...]:
    if value == []:
        raise ValueError(value)
    return tuple(map(Place.parse, value if isinstance(value, list) else [value]))


def _payload_place(value: Any) -> Place:
    found = Place.parse(value)
    if found.header is not None:
        raise ValueError(value)
    return found


def _form_field(value: Any) -> str:
    name = str(value.removeprefix(FORM))
    if not name or name == value:
        raise ValueError(value)
    return name


class OwnOptions(Schema):
    """The settings of every generic sender."""

    events = payload_place("JMESPath to a list in the payload", load_default=None)
    id = place()
    topic = place()
    occurred_at = several_places()
    body = Parsed(
        _form_field,
        '"form:NAME", the field of a form that holds the payload as JSON',
        load_default=None,
    )


def seconds(default: float) -> fields.Float:
    """Return a field for a positive number of seconds."""
    expected = "a number of seconds, above 0"
    return fields.Float(
        load_default=default,
        validate=validate.Range(min=0, min_inclusive=False, error=expected),
        error_messages=dict.fromkeys(("invalid", "null", "special", "too_large"), expected),
    )


def event_reader(config: SenderConfig, *proofs: str) -> EventReader:
    """
    Return the reader that the OwnOptions of *config* describe.

    Args:
        config: With the options loaded.
        proofs: Lower-case names of the headers with the proof.

    Raises:
        ConfigurationInvalid: A place is one of *proofs*, which would be stored with dead letters.
    """
    options = config.options
    id, topic = ((options[key],) if options[key] else () for key in ("id", "topic"))
    at: tuple[Place, ...] = options["occurred_at"]
    problems = []
    for key, found in (("id", id), ("topic", topic), ("occurred_at", at)):
        if any(each.header in proofs for each in found):
            names = ", ".join(each.header or "" for each in found)
            shown = f"header {names}, which carries the proof"
            do = "choose another: this one would be stored with dead letters"
            problems.append(config.problem(key, shown, "another header", do))
        if any(each.is_form for each in found) and not options.get("body"):
            expected = 'body = "form:NAME" beside it: else the form is the payload itself'
            do = "leave out form:, or add that"
            problems.append(config.problem(key, "a field of a form", expected, do))
    if problems:
        raise ConfigurationInvalid(problems)
    return EventReader(id, topic, at, options.get("events"))


def load(schema: Schema, config: Table) -> Mapping[str, Any]:
    """Return the options of *config* as *schema* loads them; raises ConfigurationInvalid."""
    try:
        loaded: Mapping[str, Any] = schema.load(dict(config.options))
    except ValidationError as error:
        messages: Any = error.messages  # by key
        raise ConfigurationInvalid(
            [_problem(schema, config, key, messages[key]) for key in sorted(messages)]
        ) from None
    return loaded


def _problem(schema: Schema, config: Table, key: str, messages: Any) -> Problem:
    if key in schema.fields:
        expected = messages[0] if isinstance(messages, list) else str(messages)
        found = _shown(config.options[key]) if key in config.options else "nothing"
        do = "correct the value" if key in config.options else f"add the key {key}"
        return config.problem(key, found, expected, do)
    # Its value is not shown: it may be a secret under a misspelt name.
    keys = {*schema.fields, *config.common}
    known = f"one of {', '.join(sorted(keys))}"
    near = nearest(key, sorted(keys))
    do = f"write {near}" if near else "remove it"
    return config.problem(key, f"a key that {config.kind} does not have", known, do)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
