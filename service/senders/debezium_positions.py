"""
The log position of a Debezium change, as a version. Pure.

Some connectors have positions that are no numbers, or too large: there the time is the version, and
the position breaks ties. A row read without a position (an incremental snapshot) has no version.

https://debezium.io/documentation/reference/stable/connectors/postgresql.html (source.sequence)
https://debezium.io/documentation/reference/stable/connectors/mysql.html (file, pos, row)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from service.senders.event_fields import version
from workers.model.changes import LogPosition, sequence_version
from workers.model.versions import MAX_SEQUENCE, Version, with_position

_ROWS: Final = 10**4  # distinguished per position of a binlog
# The most that a connector's positions fall back while its time goes on. A log in commit order
# never does; one page allows for two connectors that read the same log.
_PAGE: Final = 4096
_BINLOGS: Final = ("mysql", "mariadb")
_OVERLAPPING: Final[Mapping[str, int]] = {"postgresql": 2**22, "oracle": 1_000_000}


def order(source: Any) -> str | None:
    """
    Return the version of a change by its *source*; None: it was read without a position. Raises
    ValueError if the position is missing or invalid.
    """
    try:
        if source.get("snapshot") == "incremental":
            return None
        return _ORDERS.get(source["connector"], _time)(source)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"has no position: {error}") from None


def log_of(source: Any, at: str | None) -> LogPosition | None:
    """Return the log position of a change with the version *at*; None: it is no position."""
    if at is None or Version.parse(at).kind != "s":
        return None
    name, at_us = str(source.get("name") or ""), _micros(source)
    if source["connector"] in _BINLOGS:
        return LogPosition(name, at, at_us, _PAGE * _ROWS)
    if Version.parse(at).tie:  # behind the last commit
        return LogPosition(name, at, at_us, _PAGE)
    return LogPosition(name, at, at_us, _OVERLAPPING[source["connector"]], overlaps=True)


def _micros(source: dict[str, Any]) -> int | None:
    try:
        return Version.parse(_time(source)).number
    except (KeyError, ValueError):
        return None


def _lsn(source: dict[str, Any]) -> str | None:
    """Order by the last commit before, then by the row's own position: transactions interleave."""
    found = json.loads(source.get("sequence") or "[]")
    last_commit, lsn = found if isinstance(found, list) and len(found) == 2 else (None, None)
    lsn = lsn if source.get("lsn") is None else source["lsn"]
    if lsn is None:
        return None
    if last_commit is None:
        return sequence_version(int(lsn))
    return with_position(sequence_version(int(last_commit)), int(lsn))


def _scn(source: dict[str, Any]) -> str | None:
    return None if source.get("scn") is None else sequence_version(int(source["scn"]))


def _binlog(source: dict[str, Any]) -> str | None:
    """Return file number, position (10 digits) and row (4 digits) as one number."""
    if not source.get("file"):
        return None
    file = int(source["file"].rpartition(".")[2])
    row = min(int(source.get("row") or 0), _ROWS - 1)
    return sequence_version((file * 10**10 + int(source["pos"])) * _ROWS + row)


def _time(source: dict[str, Any]) -> str:
    return version(source.get("ts_us") or source["ts_ms"])


def _oplog(source: dict[str, Any]) -> str:
    """Return the second of the oplog, with the ordinal as tie-breaker."""
    ordinal = source.get("ord")
    return _time(source) if ordinal is None else with_position(_time(source), int(ordinal))


def _hexadecimal(source: dict[str, Any]) -> str:
    """Return the time, with a position such as ``0000002a:00000ac8:0003`` as tie-breaker."""
    found = source.get("change_lsn") or source.get("commit_lsn")
    if found is None:
        return _time(source)
    position = int(found.replace(":", ""), 16) * 4 + int(source.get("event_serial_no") or 0) % 4
    return with_position(_time(source), position % (MAX_SEQUENCE + 1))


_ORDERS: Final[Mapping[str, Callable[[dict[str, Any]], str | None]]] = {
    "postgresql": _lsn,
    "mysql": _binlog,
    "mariadb": _binlog,
    "oracle": _scn,
    "mongodb": _oplog,
    "sqlserver": _hexadecimal,
    "db2": _hexadecimal,
}
