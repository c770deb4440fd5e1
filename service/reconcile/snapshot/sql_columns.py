"""Values that some drivers return as bytes or not at all, read by the type of the column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from service.mapping.display import plain

_MYSQL_BIT: Final = 16  # https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
_TIMES: Final = ("date", "timestamp", "timestamptz")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that Python cannot represent; *text*: as the database writes it."""

    text: str


def bits(backend: str, description: Sequence[Sequence[Any]]) -> frozenset[int]:
    """
    Return the positions of BIT columns of MySQL or MariaDB, which come as bytes.

    Args:
        backend: Of the URL.
        description: Of the cursor (PEP 249).
    """
    if backend not in ("mysql", "mariadb"):
        return frozenset()
    return frozenset(n for n, column in enumerate(description) if column[1] == _MYSQL_BIT)


def from_bits(value: Any) -> Any:
    """Return the number in the *value* of a BIT column: 0 or 1 for BIT(1)."""
    return int.from_bytes(value, "big") if isinstance(value, bytes) else value


def let_times_through(connection: Any) -> None:
    """
    Have psycopg return an `Unreadable` for a time that Python lacks: infinity, or a year beyond
    9999.

    By default it fails for a whole block of rows, and names neither row nor column. Connections of
    other drivers are left unchanged.
    """
    adapters: Any = getattr(connection, "adapters", None)
    if hasattr(adapters, "register_loader"):
        for name, loader in zip(_TIMES, _loaders(), strict=True):
            adapters.register_loader(name, loader)


@cache
def _loaders() -> tuple[Any, ...]:
    from psycopg import DataError
    from psycopg.types import datetime

    def tolerant(base: Any) -> Any:
        load: Callable[[Any, Any], Any] = base.load

        class Loader(base):  # type: ignore[misc]  # a class of psycopg's, by its name
            def load(self, data: Any) -> Any:
                try:
                    return load(self, data)
                except DataError:
                    return Unreadable(plain(bytes(data).decode()))

        return Loader

    bases = (datetime.DateLoader, datetime.TimestampLoader, datetime.TimestamptzLoader)
    return tuple(tolerant(base) for base in bases)
