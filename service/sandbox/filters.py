"""
Lists by field: ``filter[<slug>][<operator>]=value`` and ``sort[<slug>]=asc``.

In Webflow's API description since mid 2026: up to TERMS filters, TEXTS of them searches in texts,
IN_VALUES values in a list, SORTS fields to sort by; anything else is a BadArgument. Which operators
go with which type is inferred from the values that the type holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from service.sandbox.refusals import Refused
from service.sandbox.schema import Field
from service.sandbox.values import parse_time

TERMS, TEXTS, IN_VALUES, SORTS = 10, 2, 100, 3

Fields = Mapping[str, Any]  # slug: value, of one copy

_FILTER = re.compile(r"filter\[([^\[\]]+)\]\[([^\[\]]+)\]")
_SORT = re.compile(r"sort\[([^\[\]]+)\]")

_SAME = ("eq", "ne", "in", "nin")
_ORDER = ("gt", "gte", "lt", "lte")
_SEARCH = ("contains", "ncontains")

# kind of value: the operators that it knows, besides "exists"
_OPERATORS: dict[str, tuple[str, ...]] = {
    "text": (*_SAME, *_SEARCH),
    "number": (*_SAME, *_ORDER),
    "time": (*_SAME, *_ORDER),
    "switch": ("eq", "ne"),
    "id": _SAME,
    "ids": ("in", "nin", *_SEARCH),
    "file": (),
}

_KINDS = {
    "PlainText": "text",
    "RichText": "text",
    "Email": "text",
    "Phone": "text",
    "Link": "text",
    "Color": "text",
    "Number": "number",
    "DateTime": "time",
    "Switch": "switch",
    "Option": "id",
    "Reference": "id",
    "MultiReference": "ids",
}

_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda held, asked: bool(held == asked),
    "ne": lambda held, asked: bool(held != asked),
    "gt": lambda held, asked: held is not None and held > asked,
    "gte": lambda held, asked: held is not None and held >= asked,
    "lt": lambda held, asked: held is not None and held < asked,
    "lte": lambda held, asked: held is not None and held <= asked,
    "in": lambda held, asked: not _parts(held).isdisjoint(asked),
    "nin": lambda held, asked: _parts(held).isdisjoint(asked),
    "contains": lambda held, asked: held is not None and asked in held,
    "ncontains": lambda held, asked: held is None or asked not in held,
    "exists": lambda held, asked: (held is not None) is asked,
}


def field_tests(
    query: Mapping[str, str], fields: Mapping[str, Field]
) -> list[Callable[[Fields], bool]]:
    """
    Return a test of a copy's fields for each ``filter`` in *query*.

    Raises:
        Refused: the field, the operator or the value does not fit, or there are too many.
    """
    terms = _matching(query, "filter", _FILTER)
    if len(terms) > TERMS:
        raise _bad(f"found {len(terms)} filters, expected at most {TERMS}")
    kinds = [_kind(fields, slug) for slug, _ in terms]
    searches = [
        op for (_, op), kind in zip(terms, kinds, strict=True) if kind == "text" and op in _SEARCH
    ]
    if len(searches) > TEXTS:
        raise _bad(f"found {len(searches)} text searches, expected at most {TEXTS}")
    return [
        _test(slug, op, _asked(slug, kind, op, query[f"filter[{slug}][{op}]"]), kind)
        for (slug, op), kind in zip(terms, kinds, strict=True)
    ]


def field_orders(
    query: Mapping[str, str], fields: Mapping[str, Field]
) -> list[tuple[Callable[[Fields], Any], bool]]:
    """
    Return a key and whether it is descending for each ``sort`` in *query*; the first weighs most.

    Raises:
        Refused: the field or the direction does not fit, or there are too many.
    """
    orders = []
    for (slug,) in (terms := _matching(query, "sort", _SORT)):
        kind, direction = _kind(fields, slug), query[f"sort[{slug}]"]
        if kind in ("ids", "file"):
            raise _bad(f"items cannot be sorted by '{slug}'")
        if direction not in ("asc", "desc"):
            raise _bad(f"found sort[{slug}]={direction}, expected asc or desc")
        orders.append((_key(slug, kind), direction == "desc"))
    if len(terms) > SORTS:
        raise _bad(f"found {len(terms)} fields to sort by, expected at most {SORTS}")
    return orders


def _matching(query: Mapping[str, str], word: str, form: re.Pattern[str]) -> list[tuple[str, ...]]:
    found = []
    for name in query:
        if name == word or name.startswith(f"{word}["):
            match = form.fullmatch(name)
            if match is None:
                raise _bad(f"'{name}' cannot be read")
            found.append(match.groups())
    return found


def _kind(fields: Mapping[str, Field], slug: str) -> str:
    if slug not in fields:
        raise _bad(f"the collection has no field '{slug}'")
    return _KINDS.get(fields[slug].type, "file")


def _asked(slug: str, kind: str, op: str, text: str) -> Any:
    """Return what a held value is compared with."""
    if op == "exists":
        return _value(slug, "switch", text)
    if op not in _OPERATORS[kind]:
        known = ", ".join((*_OPERATORS[kind], "exists"))
        raise _bad(f"found the operator '{op}' for '{slug}', expected one of {known}")
    if op not in ("in", "nin"):
        return _value(slug, kind, text)
    values = text.split(",")
    if len(values) > IN_VALUES:
        raise _bad(f"found {len(values)} values for '{slug}', expected at most {IN_VALUES}")
    return {_value(slug, kind, one) for one in values}


def _value(slug: str, kind: str, text: str) -> Any:
    try:
        return _read(kind, text)
    except (KeyError, OverflowError, ValueError):
        raise _bad(f"found '{text}' for '{slug}', expected a {kind}") from None


def _read(kind: str, text: str) -> Any:
    if kind == "number":
        return float(text)
    if kind == "time":
        return parse_time(text)
    if kind == "switch":
        return {"true": True, "false": False}[text]
    return text


def _held(fields: Fields, slug: str, kind: str) -> Any:
    value = fields.get(slug)
    if kind == "switch":
        return bool(value)  # a switch that was never set is off
    return parse_time(value) if kind == "time" and value is not None else value


def _test(slug: str, op: str, asked: Any, kind: str) -> Callable[[Fields], bool]:
    test = _TESTS[op]
    if op == "exists":
        return lambda fields: test(fields.get(slug), asked)
    return lambda fields: test(_held(fields, slug, kind), asked)


def _key(slug: str, kind: str) -> Callable[[Fields], Any]:
    def key(fields: Fields) -> tuple[bool, Any]:
        value: str | float | datetime | None = _held(fields, slug, kind)
        return (value is not None, "" if value is None else value)

    return key


def _parts(held: Any) -> set[Any]:
    return set(held) if isinstance(held, list) else {held}


def _bad(text: str) -> Refused:
    return Refused("argument", text)
