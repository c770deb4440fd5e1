"""The tables ``[writeback.NAME]``, and their checks."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from workers.config.alerts_schema import SECRET, is_secret, make_secret
from workers.config.schemas import Section, Value, made
from workers.config.value_checks import is_text, is_url, one_of, texts, whole
from workers.config.writeback import WriteBack
from workers.errors import Problem
from workers.model import writeback as template
from workers.model.writeback import EVENTS, PLACEHOLDERS

METHODS: Final = ("POST", "PUT", "PATCH")
_DATABASE: Final = re.compile(
    r"(postgresql|postgres|mysql|mariadb|sqlite)(\+[a-z0-9_]+)?:///?\S", re.IGNORECASE
)
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS: Final = frozenset({"content-length", "host", "transfer-encoding", "connection"})
_OF_URL: Final = ("method", "headers", "secret", "body")
_NAMES: Final = ", ".join(PLACEHOLDERS)


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    sample = re.sub(r"\{[A-Za-z_]\w*\}", "x", value)
    return is_url(sample) and template.has_fixed_host(value)


def _is_database(value: Any) -> bool:
    return isinstance(value, str) and _DATABASE.match(value) is not None


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_header, value.items()))


def _is_header(pair: tuple[str, Any]) -> bool:
    name, value = pair
    known = _HEADER.fullmatch(name) and name.lower() not in _OWN_HEADERS
    return bool(known) and is_text(value) and value.isascii() and value.isprintable()


def _are_events(value: Any) -> bool:
    return texts(1)(value) and set(value) <= set(EVENTS)


class WriteBackSection(Section):
    collection = Value(
        "the name of a [collections.NAME]", is_text, required=True, do="name one of them"
    )
    on = Value(f"a list of {', '.join(EVENTS)}", _are_events, do="name at least one of them")
    url = Value(
        "an http(s) address without user and password, with placeholders only behind its host",
        _is_url,
        secret=True,
        do="correct it; credentials go into headers, a host that came from a record could be any",
    )
    method = Value('"POST", "PUT" or "PATCH"', one_of(*METHODS), do="choose one of them")
    headers = Value("a table of header names and texts", _are_headers, secret=True)
    secret = Value(SECRET, is_secret, secret=True, do=make_secret())
    body = Value("JSON text with placeholders", is_text)
    sql = Value(
        "a database, as postgresql://user:password@host/database, mysql://… or sqlite:///file",
        _is_database,
        secret=True,
        do='set it from the environment, as in "${SHOP_DATABASE}"',
    )
    statement = Value("an SQL statement with :parameters", is_text)
    attempts = Value("a whole number, 1 or more", whole(1))


class Reading(Protocol):
    """The reader of the file, `workers.config.sections`."""

    file: str
    top: dict[str, Any]

    def check(self, section: Section, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the valid keys of *raw*, and record the problems of the others."""

    def add(self, problem: Problem) -> None:
        """Record a problem."""

    def tables(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the tables of *kind* by name, and record the problems of the names."""


def read(reader: Reading) -> dict[str, WriteBack]:
    """Return the write-backs by name."""
    built = {}
    for name, table in reader.tables("writeback").items():
        values = reader.check(made(WriteBackSection), table, f"writeback.{name}.")
        where = f"{reader.file}: writeback.{name}"
        for problem in _problems(where, table, values, reader.top.get("collections", {})):
            reader.add(problem)
        if "on" in values:
            values["on"] = tuple(each for each in EVENTS if each in values["on"])
        built[name] = WriteBack(name, **({"collection": ""} | values))
    return built


def _problems(
    where: str, table: Mapping[str, Any], values: Mapping[str, Any], collections: Iterable[str]
) -> Iterator[Problem]:
    collection = values.get("collection")
    if collection is not None and collection not in collections:
        names = ", ".join(sorted(collections)) or "none yet"
        expected = f"the name of a [collections.NAME] ({names})"
        yield Problem(f"{where}.collection", f'"{collection}"', expected, "use one, or add it")
    yield from _target(where, table)
    yield from _unknown(f"{where}.url", template.names_in(values.get("url", "")))
    if body := values.get("body"):
        yield from _body(f"{where}.body", body)
    yield from _parameters(f"{where}.statement", values.get("statement"))


def _target(where: str, table: Mapping[str, Any]) -> Iterator[Problem]:
    """Refuse what has no target or two, and keys of the other kind of target."""
    if ("url" in table) == ("sql" in table):
        found = "url and sql" if "url" in table else "neither url nor sql"
        yield Problem(where, found, "one of url and sql", "set the one where it is to be told")
        return
    kind, others = ("url", ("statement",)) if "url" in table else ("sql", _OF_URL)
    for key in others:
        if key in table:
            expected = f"no {key} beside {kind}"
            yield Problem(f"{where}.{key}", key, expected, f"remove it: {kind} has no use for it")
    if kind == "sql" and "statement" not in table:
        expected = "a statement, as UPDATE products SET webflow_id = :item WHERE sku = :key"
        yield Problem(f"{where}.statement", "nothing", expected, "add the key statement")


def _body(where: str, body: str) -> Iterator[Problem]:
    unknown = list(_unknown(where, template.names_in(body)))
    yield from unknown
    if not unknown and not template.is_json(body):
        expected = "JSON text once its placeholders are filled"
        do = 'correct it; a placeholder stands for a whole value, as in {"id": {item}}'
        yield Problem(where, "a text that is no JSON", expected, do)


def _unknown(where: str, names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        if name not in PLACEHOLDERS:
            do = _nearest(name, "{{{}}}", f"write {{ {name} }} with spaces if it is none")
            yield Problem(where, f"{{{name}}}", f"one of {_NAMES}, in braces", do)


def _parameters(where: str, statement: str | None) -> Iterator[Problem]:
    if statement is None:
        return
    names = template.parameters_of(statement)
    for name in names:
        if name not in PLACEHOLDERS:
            do = _nearest(name, ":{}", f"write \\:{name} if it is no parameter")
            yield Problem(where, f":{name}", f"one of {_NAMES}, behind a colon", do)
    if not {"key", "item"} & {*names}:
        expected = "a statement that names the record by :key or :item"
        yield Problem(where, "neither :key nor :item", expected, "add WHERE … = :key")


def _nearest(name: str, form: str, otherwise: str) -> str:
    near = difflib.get_close_matches(name.lower(), PLACEHOLDERS, n=1)
    return f"write {form.format(near[0])}" if near else otherwise
