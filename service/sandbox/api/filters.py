"""
Filters and sorting by field: ``filter[<slug>][<operator>]=value`` and ``sort[<slug>]=asc``.

In Webflow's API description since mid 2026: up to TERMS filters, TEXTS of them text searches,
IN_VALUES values in a list, SORTS fields to sort by; anything else is a BadArgument. So is an
operator that its public table does not allow for the type of the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from service.sandbox.fields.values import parse_time
from service.sandbox.model.records import Copy, Item
from service.sandbox.model.refusals import Refused
from service.sandbox.model.schema import Field

TERMS, TEXTS, IN_VALUES, SORTS = 10, 2, 100, 3

Row = tuple[Item, Copy]  # an item, and the copy of it that the list shows
Test = Callable[[Row], bool]

_FILTER = re.compile(r"filter\[([^\[\]]+)\]\[([^\[\]]+)\]")
_SORT = re.compile(r"sort\[([^\[\]]+)\]")

_ID = "id"  # the item's own, beside the fields
_SAME = ("eq", "ne", "in", "nin")
_ORDER = ("gt", "gte", "lt", "lte")
_SEARCH = ("contains", "ncontains")
_EXISTS = ("exists",)

_TEXT = (*_SAME, *_SEARCH, *_EXISTS)
_AMOUNT = ("eq", "ne", *_ORDER, "in", "nin", *_EXISTS)
_CHOICE = (*_SAME, *_EXISTS)

# type: its operators; any other type has only "exists"
_OPERATORS: dict[str, tuple[str, ...]] = {
    _ID: _SAME,
    "PlainText": _TEXT,
    "Email": _TEXT,
    "Phone": _TEXT,
    "Link": _TEXT,
    "Number": _AMOUNT,
    "DateTime": _AMOUNT,
    "Switch": _CHOICE,
    "Color": _CHOICE,
    "Reference": _CHOICE,
    "Option": _SAME,
}
_SORTED = ("PlainText", "Email", "Phone", "Number", "DateTime", "Switch")
_READ = {"Number": "a number", "DateTime": "a time in ISO 8601", "Switch": "true or false"}

_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda held, asked: bool(held == asked),
    "ne": lambda held, asked: bool(held != asked),
    "gt": lambda held, asked: held is not None and held > asked,
    "gte": lambda held, asked: held is not None and held >= asked,
    "lt": lambda held, asked: held is not None and held < asked,
    "lte": lambda held, asked: held is not None and held <= asked,
    "in": lambda held, asked: held in asked,
    "nin": lambda held, asked: held not in asked,
    "contains": lambda held, asked: held is not None and asked.lower() in held.lower(),
    "ncontains": lambda held, asked: held is None or asked.lower() not in held.lower(),
    "exists": lambda held, asked: (held is not None) is asked,
}


def is_looked_up(query: Mapping[str, str]) -> bool:
    """Tell whether *query* selects items by their values."""
    return any(name in ("name", "slug") or _is_of(name, "filter") for name in query)


def known(query: Mapping[str, str], filters: str) -> Mapping[str, str]:
    """
    Return the parts of *query* that the site knows, by ``Rules.filters``; raises Refused if the
    site refuses unknown ones.
    """
    if filters == "answered":
        return query
    unknown = [name for name in query if _is_of(name, "filter") or _is_of(name, "sort")]
    if unknown and filters == "refused":
        raise _bad(f"'{unknown[0]}' is not known")
    return {name: value for name, value in query.items() if name not in unknown}


def field_tests(query: Mapping[str, str], fields: Mapping[str, Field]) -> list[Test]:
    """
    Return a test for each ``filter`` in *query*; raises Refused if the field, operator or value
    does not fit, or there are too many.
    """
    terms = _matching(query, "filter", _FILTER)
    if len(terms) > TERMS:
        raise _bad(f"found {len(terms)} filters, expected at most {TERMS}")
    searches = [op for _, op in terms if op in _SEARCH]
    if len(searches) > TEXTS:
        raise _bad(f"found {len(searches)} text searches, expected at most {TEXTS}")
    return [
        _test(slug, kind := _kind(fields, slug), op, _asked(slug, kind, op, query))
        for slug, op in terms
    ]


def field_orders(
    query: Mapping[str, str], fields: Mapping[str, Field]
) -> list[tuple[Callable[[Row], Any], bool]]:
    """
    Return a key, and whether it is descending, for each ``sort`` in *query*; the first weighs most.
    Raises Refused if the field or direction does not fit, or there are too many.
    """
    orders = []
    for (slug,) in (terms := _matching(query, "sort", _SORT)):
        kind, direction = _kind(fields, slug), query[f"sort[{slug}]"]
        if kind not in _SORTED:
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
        if _is_of(name, word):
            match = form.fullmatch(name)
            if match is None:
                raise _bad(f"'{name}' cannot be read")
            found.append(match.groups())
    return found


def _is_of(name: str, word: str) -> bool:
    return name == word or name.startswith(f"{word}[")


def _kind(fields: Mapping[str, Field], slug: str) -> str:
    if slug == _ID:
        return _ID
    if slug not in fields:
        raise _bad(f"the collection has no field '{slug}'")
    return fields[slug].type


def _asked(slug: str, kind: str, op: str, query: Mapping[str, str]) -> Any:
    known, text = _OPERATORS.get(kind, _EXISTS), query[f"filter[{slug}][{op}]"]
    if op not in known:
        raise _bad(f"found the operator '{op}' for '{slug}', expected one of {', '.join(known)}")
    if op == "exists":
        return _value(slug, "Switch", text)
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
        raise _bad(f"found '{text}' for '{slug}', expected {_READ[kind]}") from None


def _read(kind: str, text: str) -> Any:
    if kind == "Number":
        return float(text)
    if kind == "DateTime":
        return parse_time(text)
    if kind == "Switch":
        return {"true": True, "false": False}[text]
    return text


def _held(row: Row, slug: str, kind: str) -> Any:
    item, copy = row
    if kind == _ID:
        return item.id
    value = copy.fields.get(slug)
    if kind == "Switch":
        return bool(value)  # a switch that was never set is off
    return parse_time(value) if kind == "DateTime" and value is not None else value


def _test(slug: str, kind: str, op: str, asked: Any) -> Test:
    test = _TESTS[op]
    if op == "exists":
        return lambda row: test(row[1].fields.get(slug), asked)
    return lambda row: test(_held(row, slug, kind), asked)


def _key(slug: str, kind: str) -> Callable[[Row], Any]:
    def key(row: Row) -> tuple[bool, Any]:
        value: str | float | datetime | None = _held(row, slug, kind)
        return (value is not None, "" if value is None else value)

    return key


def _bad(text: str) -> Refused:
    return Refused("argument", text)
