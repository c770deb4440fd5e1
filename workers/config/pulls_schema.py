"""The tables ``[pulls.NAME]``, and their checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol, cast

from marshmallow import fields

from workers.config import json_template
from workers.config.pull import AUTHS, FORMATS, PAGES, Pull
from workers.config.reconcile_schema import is_clock, seconds
from workers.config.schemas import Section, Value, made
from workers.config.times import is_zone
from workers.config.value_checks import is_flag, is_text, is_url, one_of, whole
from workers.errors import Problem

_FROM_ENVIRONMENT: Final = 'set it from the environment, as in "${FEED_TOKEN}"'
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "basic": ("token",),
    "bearer": ("token",),
    "client-credentials": ("token_url", "client_id", "client_secret"),
}
_CREDENTIALS: Final = ("token", "token_url", "client_id", "client_secret", "scope")

_COUNT: Final = whole(1)  # not in the class below, in which "whole" is a key


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _is_text_or_empty(value: Any) -> bool:
    return value == "" or is_text(value)


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_text(each) and each.isascii() and each.isprintable() and name.isascii()
        for name, each in value.items()
    )


def _is_template(value: Any) -> bool:
    try:
        json_template.parse(value)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


class Reading(Protocol):
    """The reader of the file, `workers.config.sections`."""

    file: str
    top: dict[str, Any]

    def check(self, section: Section, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the valid keys of *raw*, and record the problems of the others."""

    def add(self, problem: Problem) -> None:
        """Record a problem."""

    def tables(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the tables ``[kind.NAME]``."""


class _Plain(Section):
    url = Value(
        "an http(s) address without user and password",
        is_url,
        required=True,
        secret=True,
        do="correct it; credentials go into auth, headers or the query",
    )
    method = Value('"GET" or "POST"', one_of("GET", "POST"), do="choose one of them")
    body = Value(
        "JSON text, in which {cursor}, {since} and {page} may stand",
        _is_template,
        secret=True,
        do="correct the JSON",
    )
    format = Value(_quoted(FORMATS), one_of(*FORMATS), do="choose one of them")
    headers = Value(
        "a table of texts, each of printable ASCII", _are_headers, secret=True, do=_FROM_ENVIRONMENT
    )
    auth = Value(_quoted(AUTHS), one_of(*AUTHS), do="choose one of them")
    token = Value("a text", is_text, secret=True, do=_FROM_ENVIRONMENT)
    token_url = Value("an http(s) address", is_url)
    client_id = Value("a text", is_text)
    client_secret = Value("a text", is_text, secret=True, do=_FROM_ENVIRONMENT)
    scope = Value("a text", is_text)
    page = Value(_quoted(PAGES), one_of(*PAGES), do="choose one of them")
    cursor = Value("JMESPath, or an empty text", _is_text_or_empty)
    parameter = Value("the name of a parameter, or an empty text", _is_text_or_empty)
    size = Value("a whole number of records, 1 or more", _COUNT)
    since = Value("the name of a parameter, or an empty text", _is_text_or_empty)
    whole = Value("true or false", is_flag)
    requests_per_minute = Value("a whole number of requests, 1 or more", _COUNT)
    every = Value(
        '"15m", "2h" or "1d": minutes, hours or days', lambda value: seconds(value) is not None
    )
    at = Value('a time of day, such as "03:30"', is_clock)
    timezone = Value(
        'the name of a time zone, such as "Europe/Berlin"',
        is_zone,
        do="correct it; if it is right, this system lacks time zones: pip install tzdata",
    )


# Not in the class body: "items" is looked up on dictionaries by name.
_REST: dict[str, fields.Field[Any]] = {
    "items": Value("JMESPath to the list, or of xml the name of an element", _is_text_or_empty)
}
PullSection = cast("type[Section]", _Plain.from_dict(_REST, name="PullSection"))


def read(reader: Reading) -> dict[str, Pull]:
    """Return the pulls by name."""
    built = {}
    for name, table in reader.tables("pulls").items():
        where = f"pulls.{name}."
        values = reader.check(made(PullSection), table, where)
        pull = Pull(name, **(values | {"every": seconds(values.get("every"))}))
        for key, found, expected, do in _misfits(pull):
            reader.add(Problem(f"{reader.file}: {where}{key}", found, expected, do))
        if name in reader.top.get("sources", {}):
            do = "rename one of them"
            found = f"[sources.{name}] as well"
            reader.add(Problem(f"{reader.file}: pulls.{name}", found, "one source of a name", do))
        built[name] = pull
    return built


Misfit = tuple[str, str, str, str]  # the key, what was found and expected, and what to do


def _misfits(pull: Pull) -> Iterator[Misfit]:
    yield from _request(pull)
    yield from _reading(pull)
    yield from _credentials(pull)
    yield from _paging(pull)
    if pull.every is not None and pull.at is not None:
        yield "at", "every as well", "either every or at", "remove one"
    if pull.whole and pull.asks_since:
        do = "remove one: what did not change since is missing, and not gone"
        yield "whole", "true, although it asks for changes since a time", "false", do


def _request(pull: Pull) -> Iterator[Misfit]:
    if pull.method == "POST" and pull.body is None:
        yield "method", '"POST" without a body', "body as well", "add body, or remove method"
    if pull.method == "GET" and pull.body is not None:
        yield "body", 'a body of "GET"', 'method = "POST"', "set it, or remove body"


def _reading(pull: Pull) -> Iterator[Misfit]:
    if pull.format == "xml" and not pull.items:
        yield "items", "nothing", "the name of the element of a record", "name it"
    if pull.items and pull.format not in ("json", "xml"):
        yield "items", f"items of {pull.format}", "no such key", "remove it"


def _credentials(pull: Pull) -> Iterator[Misfit]:
    needed = _NEEDS.get(pull.auth, ())
    for key in needed:
        if getattr(pull, key) is None:
            do = f"add the key {key}, from the environment"
            yield key, "nothing", f'{key}, because of auth = "{pull.auth}"', do
    if pull.auth == "basic" and pull.token and ":" not in pull.token:
        yield "token", "a text without a colon", '"user:password"', _FROM_ENVIRONMENT
    for key in _CREDENTIALS:
        used = key in needed or (key == "scope" and pull.auth == "client-credentials")
        if getattr(pull, key) is not None and not used:
            expected = "an auth that uses it" if pull.auth else "auth as well"
            yield key, f'auth = "{pull.auth}"', expected, "set auth, or remove this"
    if pull.auth and any(name.lower() == "authorization" for name in pull.headers):
        yield "auth", "a header Authorization as well", "one of them", "remove one"


def _paging(pull: Pull) -> Iterator[Misfit]:
    in_body = json_template.names_in(pull.body or "") & {"cursor", "page"}
    if pull.page == "cursor" and not pull.cursor:
        yield "cursor", "nothing", "JMESPath to the cursor of the next page", "add it"
    if pull.cursor and pull.page not in ("cursor", "link"):
        yield "cursor", f'page = "{pull.page}"', 'page = "cursor" or "link"', "set it"
    if pull.cursor and pull.format != "json":
        yield "cursor", f"a path in {pull.format}", 'format = "json"', "page another way"
    if pull.page in ("cursor", "number", "offset") and not (pull.parameter or in_body):
        do = "name the parameter of the URL, or put {cursor} or {page} into body"
        yield "parameter", "nothing", "where the next page is asked for", do
    if (pull.parameter or pull.size) and not pull.page:
        yield "page", "nothing", f"one of {_quoted(PAGES[1:])}", "set it, or remove what needs it"
