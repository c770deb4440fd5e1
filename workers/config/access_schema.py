"""The tables ``[access.NAME]``, and their checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from workers.config.schemas import Section, Value, made
from workers.config.settings import Access
from workers.config.value_checks import is_token, one_of, texts
from workers.errors import Problem

TOKEN_LEAST: Final = 16  # characters
ADMIN: Final = "admin"  # who the audit list names for INSTEP_ADMIN_TOKEN
_CHOOSE: Final = "choose a long random text, for example: openssl rand -hex 24"


class AccessSection(Section):
    token = Value(
        f"a token of {TOKEN_LEAST} characters or more, as an Authorization header carries it",
        lambda value: is_token(value) and len(value) >= TOKEN_LEAST,
        required=True,
        secret=True,
        do=_CHOOSE,
    )
    role = Value('"view" or "operate"', one_of("view", "operate"), do="choose one of them")
    destinations = Value("a list of names of destinations; [] for all", texts(0))


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


def read(reader: Reading, admin_token: str | None) -> dict[str, Access]:
    """Return the entries by name; *admin_token*: that of the environment, which no entry may be."""
    built = {}
    known: dict[str, str] = {} if admin_token is None else {admin_token: "INSTEP_ADMIN_TOKEN"}
    for name, table in reader.tables("access").items():
        where = f"access.{name}."
        values = reader.check(made(AccessSection), table, where)
        if name == ADMIN:
            expected = "another name: the audit list calls INSTEP_ADMIN_TOKEN so"
            reader.add(Problem(f"{reader.file}: access.{name}", name, expected, "rename it"))
        token = values.get("token")
        if token is not None:
            first = known.setdefault(token, f"access.{name}")
            if first != f"access.{name}":
                found, expected = f"the token of {first}", "a token that nothing else has"
                reader.add(Problem(f"{reader.file}: {where}token", found, expected, _CHOOSE))
        _check_destinations(reader, f"{reader.file}: {where}destinations", values)
        values["destinations"] = tuple(values.get("destinations", ()))
        built[name] = Access(name, **({"token": ""} | values))
    return built


def _check_destinations(reader: Reading, where: str, values: Mapping[str, Any]) -> None:
    known = reader.top.get("destinations", {})
    for destination in values.get("destinations", ()):
        if destination not in known:
            names = ", ".join(sorted(known)) or "none yet"
            expected = f"names of [destinations.NAME] ({names})"
            reader.add(Problem(where, f'"{destination}"', expected, "use one, or add it"))
