"""Addresses of databases: their drivers, and a form without the password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from workers.config.environment import Substitution
from workers.errors import ConfigurationInvalid, Problem

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

EXPECTED: Final = "as postgresql://user:password@host/database, mysql://…, or sqlite:///file"
SECONDS: Final = 300  # that a database may take for the next thousand rows
_QUOTE: Final = "correct it; in a password, write @ as %40, / as %2F and : as %3A"
_PASSWORD = re.compile(r"(password|passwd|pwd)(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s&;,]+)", re.I)
_SHORT: Final = 4  # a shorter password occurs by chance in any message


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    One kind of database.

    Args:
        driver: For SQLAlchemy, if the URL names none.
        extra: Of the distribution, which installs it.
        options: Of the connection: one snapshot for the whole transaction, read-only.
        first: Sent before the transaction begins.
        limit: Sent within the transaction, so that the database ends a hanging query.
        connect: Arguments of the driver; times are in s.
        waits: Only for our own driver.
    """

    driver: str = ""
    extra: str = "sql"
    options: Mapping[str, Any] = field(default_factory=dict)
    first: str = ""
    limit: str = ""
    connect: Mapping[str, Any] = field(default_factory=dict)
    waits: Mapping[str, Any] = field(default_factory=dict)


_POSTGRESQL = Dialect(
    driver="psycopg",
    extra="postgresql",
    options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    # Not a connection argument: poolers in between refuse it.
    limit=f"SET LOCAL statement_timeout = '{SECONDS}s'",
    connect={"connect_timeout": 10},
    # A server that disappears silently does not block it either.
    waits={"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
)
# PyMySQL, not mysqlclient: that has no wheels for Linux and needs a compiler and MySQL's headers.
_MYSQL = Dialect(
    driver="pymysql",
    extra="mysql",
    options={"isolation_level": "REPEATABLE READ"},
    first="SET SESSION TRANSACTION READ ONLY",
    connect={"connect_timeout": 10},
    waits={"read_timeout": SECONDS, "write_timeout": SECONDS},
)
DIALECTS: Final = MappingProxyType(
    {
        "postgresql": _POSTGRESQL,
        "postgres": _POSTGRESQL,  # some hosts write it so; SQLAlchemy no longer knows it
        "mysql": _MYSQL,
        "mariadb": _MYSQL,
        "sqlite": Dialect(first="PRAGMA query_only = ON"),
    }
)
_ANY: Final = Dialect()  # anything that SQLAlchemy reads with a driver of the user's


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is, and how it is read; shown without user and password."""

    url: URL = field(repr=False)
    dialect: Dialect
    where: str = "--sql"  # that gave it, for errors

    def __str__(self) -> str:
        url = self.url
        place = f"{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"
        return f"{url.get_backend_name()}://{place}"

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of the driver; those in the address win."""
        ours = self.url.get_driver_name() == self.dialect.driver
        given = {**self.dialect.connect, **(self.dialect.waits if ours else {})}
        return {name: value for name, value in given.items() if name not in self.url.query}

    @property
    def limit(self) -> str:
        """The statement that limits a query's time, unless the address sets that itself."""
        own = "statement_timeout" in str(self.url.query.get("options", ""))
        return "" if own else self.dialect.limit

    def without_driver(self, name: str) -> ConfigurationInvalid:
        """Return the error for a driver that is not installed; *name* is its module."""
        ours, named = self.dialect.driver, self.url.drivername.partition("+")[2]
        if ours and named != ours:
            ready = (
                f"{self.url.get_backend_name()}:// and pip install 'instep[{self.dialect.extra}]'"
            )
            do = f"install {name}, or use {ready}"
            return invalid(f"the driver {name} not installed", f"the driver {name}", do, self.where)
        return missing(f"the driver {name}", self.dialect.extra, self.where)

    def scrubbed(self, error: BaseException) -> str:
        """Return the first line of a driver's *error*, without the password."""
        message = str(getattr(error, "orig", None) or error).strip().splitlines()
        text = _PASSWORD.sub(r"\1\2***", message[0] if message else "")
        for secret in self._secrets():
            if len(secret) < _SHORT:
                return type(error).__name__
            text = text.replace(secret, "***")
        return text or type(error).__name__

    def _secrets(self) -> set[str]:
        url = self.url
        given = [str(url.password)] if url.password else []
        given += [str(value) for name, value in url.query.items() if "pass" in name.lower()]
        return {form for each in given for form in (each, quote(each, safe=""), quote_plus(each))}


def address(text: str, environ: Mapping[str, str], where: str = "--sql") -> Address:
    """
    Return the database URL *text*; ``${NAME}`` is a variable of *environ*.

    Args:
        where: What gives it, for errors.

    Raises:
        ConfigurationInvalid: It is invalid, or a variable or SQLAlchemy is missing.
    """
    substitution = Substitution(environ, where)
    filled = substitution.apply(text, "URL")
    if substitution.problems:
        raise ConfigurationInvalid(substitution.problems)
    try:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
    except ModuleNotFoundError:
        backend = re.split("[+:]", filled)[0]
        raise missing("SQLAlchemy", DIALECTS.get(backend, _ANY).extra, where) from None
    try:
        url = make_url(filled)
    except (ArgumentError, ValueError):  # shown by no message: it may quote a password
        raise invalid("something that is not a database address", EXPECTED, _QUOTE, where) from None
    backend, _, driver = url.drivername.partition("+")
    if backend != "sqlite" and "@" in f"{url.host}{url.database}":
        # It contains part of a password: it must not be tried or shown.
        raise invalid("an @ in the host or the database name", EXPECTED, _QUOTE, where)
    dialect = DIALECTS.get(backend, _ANY)
    if not driver and dialect.driver:
        known = "postgresql" if backend == "postgres" else backend
        url = url.set(drivername=f"{known}+{dialect.driver}")
    if backend == "sqlite":
        _require_file(url.database, where)
    return Address(url, dialect, where)


def missing(what: str, extra: str, where: str = "--sql") -> ConfigurationInvalid:
    """Return the error for a package that is not installed."""
    return invalid(f"{what} not installed", what, f"run pip install 'instep[{extra}]'", where)


def invalid(found: str, expected: str, do: str, where: str = "--sql") -> ConfigurationInvalid:
    return ConfigurationInvalid([Problem(where, found, expected, do)])


def engine_of(where: Address) -> Engine:
    """
    Return an engine for the database at *where* that keeps no connection.

    Raises:
        ConfigurationInvalid: Its driver is not installed, or the address is invalid.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    from sqlalchemy.pool import NullPool

    try:
        return create_engine(
            where.url, poolclass=NullPool, connect_args=where.arguments, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise where.without_driver(error.name or "") from None
    except NoSuchModuleError:
        found = f"{where.url.drivername}://, for which no driver is installed"
        do, expected = "correct the URL", "postgresql, mysql or sqlite"
        raise invalid(found, expected, do, where.where) from None
    except ArgumentError as error:
        found = where.scrubbed(error)
        raise invalid(found, "an address", "correct the URL", where.where) from None


def _require_file(database: str | None, where: str) -> None:
    # SQLite would create an empty one, without tables.
    name = database or ":memory:"
    if name != ":memory:" and not name.startswith("file:") and not Path(name).is_file():
        do = "correct the path in the URL"
        raise invalid(f"no file {name}", "a database", do, where)
