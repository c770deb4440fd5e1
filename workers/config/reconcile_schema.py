"""
The tables ``[collections.NAME.reconcile]`` and ``[collections.NAME.guard]``, and their checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from marshmallow import fields

from workers.config.schemas import Section, Value, made
from workers.config.settings import RETIREMENTS, Guard, Reconcile
from workers.config.value_checks import is_flag, is_slug, is_text, number, one_of, whole
from workers.errors import Problem

POLICIES = ("source wins", "cms wins", "report")
_EVERY = re.compile(r"([0-9]{1,5})([mhd])")
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
WINDOW_MOST = 7 * 86_400.0  # s: how long the guard's counts are kept (lua/lib/run_counts.lua)
DELAY_MOST = 300.0  # s: stored times further ahead count as now (lua/lib/step.lua)
GONE = {"retire_at_most": "at_most", "retire_percent": "percent"}  # old keys → keys of the guard
_POLICY = " or ".join(f'"{name}"' for name in POLICIES)


class Reading(Protocol):
    """The reader of the file, `workers.config.sections`."""

    file: str
    warnings: list[Problem]

    def check(self, section: Section, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the valid keys of *raw*, and record the problems of the others."""

    def add(self, problem: Problem) -> None:
        """Record a problem."""


def seconds(text: Any) -> float | None:
    """Return the seconds in ``"90m"``, ``"24h"`` or ``"7d"``; None if invalid or 0."""
    match = _EVERY.fullmatch(text) if isinstance(text, str) else None
    found = int(match[1]) * _SECONDS[match[2]] if match else 0.0
    return found or None


def is_clock(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value) is not None


def _are_policies(value: Any) -> bool:
    return isinstance(value, dict) and all(
        is_slug(slug) and policy in POLICIES for slug, policy in value.items()
    )


_REST: dict[str, fields.Field[Any]] = {
    "fields": Value(
        f"a table of slugs, each with {_POLICY}", _are_policies, do="choose one for each field"
    ),
    "partial": Value("true or false", is_flag),
}


_AT_MOST = Value("a whole number of items, 0 or more", whole(0))
_PERCENT = Value("a number, 0 or more", number(0))


class _Plain(Section):
    policy = Value(_POLICY, one_of(*POLICIES), do="choose one of them")
    orphans = Value(
        " or ".join(f'"{name}"' for name in ("report", *RETIREMENTS)),
        one_of("report", *RETIREMENTS),
        do="choose one of them",
    )
    retire_at_most = _AT_MOST
    retire_percent = _PERCENT
    every = Value(
        '"90m", "24h" or "7d": minutes, hours or days', lambda value: seconds(value) is not None
    )
    at = Value('a time of day in UTC, such as "03:30"', is_clock)
    file = Value("the name of a file", is_text)
    sql = Value(
        "the address of a database",
        is_text,
        secret=True,
        do='set it from the environment, as in "${DATABASE_URL}"',
    )
    query = Value("an SQL query", is_text)
    under = Value('the path to put each record under, such as "record"', is_text)


class GuardSection(Section):
    at_most = _AT_MOST
    percent = _PERCENT
    half_from = Value("a whole number of items, 1 or more", whole(1))
    window = Value(
        f'"90m", "24h" or "7d": minutes, hours or days, {WINDOW_MOST / 86_400:g} days at most',
        lambda value: (seconds(value) or WINDOW_MOST + 1) <= WINDOW_MOST,
    )
    delay = Value(
        f"seconds, from 0 to {DELAY_MOST:g}", lambda value: number(0)(value) and value <= DELAY_MOST
    )


# Not in the class body: "fields" and "partial" are attributes of marshmallow's Schema.
ReconcileSection = cast("type[Section]", _Plain.from_dict(_REST, name="ReconcileSection"))


def read(reader: Reading, name: str, table: Any, guard: Any) -> dict[str, Any]:
    """Return ``{"reconcile": …, "guard": …}`` of the collection *name*, from its tables, if any."""
    where = f"collections.{name}."
    limits = {} if guard is None else reader.check(made(GuardSection), guard, f"{where}guard.")
    if "window" in limits:
        limits["window"] = seconds(limits["window"])
    found: dict[str, Any] = {}
    if table is not None:
        values = reader.check(made(ReconcileSection), table, f"{where}reconcile.")
        for problem in _misfits(values, f"{reader.file}: {where}reconcile."):
            reader.add(problem)
        if "every" in values:
            values["every"] = seconds(values["every"])
        for old, new in GONE.items():
            if old in values:
                limits.setdefault(new, values.pop(old))
                reader.warnings.append(_moved(f"{reader.file}: {where}", old, new))
        found["reconcile"] = Reconcile(**values)
    return found | ({"guard": Guard(**limits)} if limits else {})


def _moved(where: str, old: str, new: str) -> Problem:
    return Problem(
        f"{where}reconcile.{old}",
        "a key that the next release will not read",
        f"{new} in [{where.rpartition(': ')[2]}guard]",
        "move its value there; it limits creations, too",
    )


def _misfits(values: Mapping[str, Any], where: str) -> Iterator[Problem]:
    timed = [key for key in ("every", "at") if key in values]
    sources = [key for key in ("file", "sql") if key in values]
    if len(timed) == 2:
        yield Problem(f"{where}at", "every as well", "either every or at", "remove one")
    if len(sources) == 2:
        yield Problem(f"{where}sql", "file as well", "either file or sql", "remove one")
    reading = [key for key in ("every", "at", "under") if key in values]
    if reading and not sources:
        do = "name what to read the snapshot from"
        yield Problem(f"{where}{reading[0]}", "nothing to read", "file or sql as well", do)
    if ("query" in values) != ("sql" in values):
        lone = "query" if "query" in values else "sql"
        other = "sql" if lone == "query" else "query"
        yield Problem(f"{where}{lone}", f"no {other}", f"{other} as well", f"add {other}")
