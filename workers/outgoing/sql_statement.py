"""
One SQL statement with bound values, at a database of the operator's.

Each is a transaction of its own: what is answered is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from workers.errors import OutgoingDenied, OutgoingError, OutgoingRefused
from workers.outgoing.sql_address import Address, engine_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

SECONDS: Final = 10  # that a database may take for one statement, and to connect
# Arguments of our own drivers, by the kind of database; SQLite waits so long for a lock.
_CONNECT: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "postgresql": {"connect_timeout": 5, "tcp_user_timeout": SECONDS * 1000},
        "mysql": {"connect_timeout": 5, "read_timeout": SECONDS, "write_timeout": SECONDS},
        "mariadb": {"connect_timeout": 5, "read_timeout": SECONDS, "write_timeout": SECONDS},
        "sqlite": {"timeout": SECONDS / 2},
    }
)
_LIMIT: Final = f"SET LOCAL statement_timeout = '{SECONDS}s'"  # PostgreSQL; poolers take it
# The user, its password or its rights are refused, whatever the record is.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
# https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
_DENIED_STATES: Final = ("28", "42501")
_DENIED_CODES: Final = frozenset({1044, 1045, 1142, 1143, 1698})


class SqlTarget:
    """
    Carries out *statement* at *where*; for one thread.

    Args:
        statement: With ``:name`` for each value.

    Raises:
        ConfigurationInvalid: The driver is not installed.
    """

    def __init__(self, where: Address, statement: str) -> None:
        from sqlalchemy import DateTime, bindparam, text

        kind = where.url.get_backend_name()
        dialect = replace(where.dialect, connect=_CONNECT.get(kind, {}))
        self._where = replace(where, dialect=dialect)
        self._limit = _LIMIT if kind == "postgresql" else ""
        self._engine = engine_of(self._where)
        self._statement = text(statement)
        self._names = frozenset(self._statement.compile().params)
        if "at" in self._names:
            self._statement = self._statement.bindparams(
                bindparam("at", type_=DateTime(timezone=True))
            )

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """
        Connect for some statements.

        Raises:
            OutgoingError: The database does not answer.
            OutgoingDenied: It refuses the user.
        """
        with self._told(sent=False):
            connection = self._engine.connect()
        with connection:
            yield connection

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """
        Return how many rows the statement has changed with *values*; -1: unknown.

        Raises:
            OutgoingError: The database does not answer.
            OutgoingDenied: It refuses the user.
            OutgoingRefused: It refuses the statement.
        """
        with self._told(), connection.begin():
            if self._limit:
                connection.exec_driver_sql(self._limit)
            own = {name: values[name] for name in self._names}
            return connection.execute(self._statement, own).rowcount

    @contextmanager
    def _told(self, *, sent: bool = True) -> Iterator[None]:
        """Raise the errors of a driver as our own: their texts may quote the password."""
        try:
            yield
        except Exception as error:
            raise _error(error, self._where, sent=sent) from None


def _error(error: Exception, where: Address, *, sent: bool) -> OutgoingError:
    from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

    message, code = f"{where}: {where.scrubbed(error)}", _code(error)
    if _is_denied(code):
        return OutgoingDenied(message)
    away = (OperationalError, InterfaceError, InternalError)
    if isinstance(error, DBAPIError) and not isinstance(error, away):
        return OutgoingRefused(message, code or None)
    return OutgoingError(message, sent=sent)


def _is_denied(code: str) -> bool:
    if len(code) == len("28P01"):
        return code.startswith(_DENIED_STATES)
    return code.isdigit() and int(code) in _DENIED_CODES


def _code(error: Exception) -> str:
    """Return the SQLSTATE of PostgreSQL, the number of MySQL, or the name of SQLite."""
    inner = getattr(error, "orig", None)
    state = getattr(inner, "sqlstate", None) or getattr(inner, "sqlite_errorname", None)
    if state:
        return str(state)
    first = (getattr(inner, "args", None) or ("",))[0]
    return str(first) if isinstance(first, int) else ""
