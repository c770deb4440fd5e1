"""
SQL: the rows of one query, read by SQLAlchemy in one read-only transaction.

Rows are fetched a thousand at a time with a server-side cursor: drivers otherwise hold the whole
result in memory.

https://docs.sqlalchemy.org/en/21/core/connections.html#using-server-side-cursors-a-k-a-stream-results
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from service.mapping.display import plain
from service.reconcile.snapshot import sql_columns
from service.reconcile.snapshot.columns import Columns, under
from service.reconcile.snapshot.records import Complete, Record, Shape
from service.reconcile.snapshot.snapshot_time import MARGIN
from service.reconcile.snapshot.sql_columns import from_bits
from service.reconcile.snapshot.sql_values import payload_value
from workers.errors import SnapshotInvalid
from workers.outgoing.sql_address import address, engine_of

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import CursorResult

AT_ONCE: Final = 1000  # rows
_STEPS: Final = 100_000  # of SQLite's virtual machine, some ms


class SqlRecords(Complete):
    """
    The rows of *query*.

    Args:
        url: Of the database; ``${NAME}`` is a variable of *environ*.
        query: Returns a row per record; columns are named as paths.
        now: Aware, read before the transaction begins: the snapshot's time, since no row can be
            older.

    Raises:
        ConfigurationInvalid: *url* is invalid, or its driver is not installed.
    """

    word = "row"
    unit = "rows"
    size: int | None = None
    margin = MARGIN

    def __init__(
        self,
        url: str,
        query: str,
        *,
        now: datetime,
        environ: Mapping[str, str],
        shape: Shape | None = None,
    ) -> None:
        self._address = address(url, environ)
        self._query = query
        self._under = shape.under if shape else None
        self._engine = engine_of(self._address)
        self.name = str(self._address)
        self.as_of = now
        self.read = 0

    def __iter__(self) -> Iterator[Record]:
        try:
            for values in self._rows():
                self.read += 1
                yield self.read, values
        except SnapshotInvalid:
            raise
        # Any driver exception: its message, and so its traceback, may quote the password.
        except Exception as error:
            place = f"{self.name}: row {self.read + 1}" if self.read else self.name
            found = plain(self._address.scrubbed(error))
            do = "correct the query or the URL, or try again when the database answers"
            raise SnapshotInvalid(place, found, "all rows of the query", do) from None

    def _rows(self) -> Iterator[dict[str, Any]]:
        with ExitStack() as stack:
            connection = stack.enter_context(self._engine.connect())
            result = stack.enter_context(closing(self._ask(connection)))
            if not result.returns_rows:
                do = "write a SELECT that returns one row per record"
                raise SnapshotInvalid(self.name, "a statement without rows", "a query", do)
            columns = Columns(list(result.keys()), f"{self.name}: the query")
            bits = self._bits(result)
            for row in result:
                values = (
                    [from_bits(v) if n in bits else v for n, v in enumerate(row)] if bits else row
                )
                yield under(self._under, columns.record(self._values(values, columns)))

    def _bits(self, result: CursorResult[Any]) -> frozenset[int]:
        cursor: Any = result.cursor
        return sql_columns.bits(self._address.url.get_backend_name(), cursor.description)

    def _ask(self, connection: Connection) -> CursorResult[Any]:
        dialect = self._address.dialect
        sql_columns.let_times_through(connection.connection.dbapi_connection)
        _let_signals_through(connection.connection.dbapi_connection)
        connection = connection.execution_options(**dialect.options)
        if dialect.first:
            connection.exec_driver_sql(dialect.first)
            connection.rollback()
        if self._address.limit:
            connection.exec_driver_sql(self._address.limit)
        # Unchanged: neither :name nor % is a parameter in it.
        options = {"stream_results": True, "yield_per": AT_ONCE, "no_parameters": True}
        return connection.execution_options(**options).exec_driver_sql(self._query)

    def _values(self, row: Any, columns: Columns) -> Iterator[Any]:
        for name, value in zip(columns.names, row, strict=True):
            try:
                yield payload_value(value)
            except ValueError as error:
                where = f"{self.name}: row {self.read + 1}, column {name}"
                do = "cast it to text in the query, or leave the column out"
                expected = "a type that JSON can hold"
                raise SnapshotInvalid(where, str(error), expected, do) from None


def _let_signals_through(connection: Any) -> None:
    """
    Let Ctrl-C, and the end of a hanging run, interrupt a query of SQLite.

    SQLite never checks for signals; Python does in this callback, and an exception of the handler
    ends the query.
    """
    if hasattr(connection, "set_progress_handler"):
        connection.set_progress_handler(lambda: 0, _STEPS)
