"""
The deliveries of all sources, newest first, without their bodies.

Three streams of each source are read: the kept ones and the others (``delivery_log.lua``), and
requests that were refused (``refusal_list.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from redis.client import NEVER_DECODE

from workers.store import delivery_keys, keys
from workers.store.connection import guarded
from workers.store.delivery_summary import Summary
from workers.store.refusal_list import UNLISTED
from workers.store.refusals import UNKNOWN
from workers.store.scripts import Steps

Kind = Literal["kept", "unkept", "refused"]
LETTERS: Final[Mapping[Kind, str]] = {"kept": "", "unkept": "u", "refused": "r"}
FIRST: Final = 20  # entries of the first read; a kept delivery may be as large as max_body
MOST: Final = 500
ROOM: Final = 512 * 1024  # bytes of a read, about
MAX_NUMBER: Final = 2**64 - 1
_NUMBER: Final = re.compile("[0-9]{1,18}")
UNNAMED: Final = "_"  # stands for requests that name no source; not a valid name


@dataclass(frozen=True, slots=True)
class Position:
    """The place of an entry among all, by the store's time."""

    ms: int
    number: int  # grows within a stream
    kind: str
    source: str

    @property
    def order(self) -> tuple[int, str, str, int]:
        return self.ms, self.source, self.kind, self.number


@dataclass(frozen=True, slots=True)
class Listed:
    """
    One entry.

    Args:
        entry: As stored.
        summary: None: a refused request, or kept by an earlier release.
        refusal: Why it was refused: reason, status, message, times, checked.
    """

    position: Position
    entry: Mapping[bytes, bytes] = field(repr=False)
    summary: Summary | None = None
    refusal: Mapping[str, Any] | None = None

    @property
    def id(self) -> str:
        """A name that is one segment of a path: ``<source>-<number>``, or with a letter."""
        at = self.position
        if at.kind == "kept":
            return f"{at.source}-{at.number}"
        return f"{_named(at.source)}-{at.kind[0]}{at.ms}.{at.number}"

    @property
    def came(self) -> datetime:
        return datetime.fromtimestamp(int(self.entry[b"t"]) / 1e6, UTC)

    @property
    def stream_id(self) -> bytes:
        return f"{self.position.ms}-{self.position.number}".encode()


@dataclass(frozen=True, slots=True)
class Looked:
    """
    How far a stream was looked through.

    Args:
        position: All entries before it were yielded, or left out.
        entries: How many were read since the last one.
    """

    position: Position
    entries: int = 0


class DeliveryList:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def newest(self, source: str, kind: Kind) -> Iterator[Listed]:
        """Yield the entries of one stream, newest first."""
        return (each for each in self.scan(source, kind) if isinstance(each, Listed))

    def scan(
        self,
        source: str,
        kind: Kind,
        *,
        until: Position | None = None,
        since_ms: int = 0,
        may_fit: Callable[[bytes], bool] | None = None,
    ) -> Iterator[Listed | Looked]:
        """
        Yield the entries of one stream, newest first, from behind *until* back to *since_ms*, and
        after each read how far it has come.

        *may_fit*: Looks at a stored summary, empty where there is none; False: it is left out,
        which is ten times quicker than to read it.
        """
        key = _key(source, kind)
        end = f"{until.ms}-{MAX_NUMBER}" if until else "+"
        count = FIRST
        while page := self._read("XREVRANGE", key, end, str(since_ms), "COUNT", count):
            for id, entry in page:
                if may_fit is not None and not may_fit(entry.get(b"i", b"")):
                    continue
                listed = _listed(source, kind, id, entry)
                if until is None or listed.position.order < until.order:
                    yield listed
            last = Position(*_parts(page[-1][0]), kind, source)
            if until is None or last.order < until.order:
                yield Looked(last, len(page))
            if len(page) < count:
                return
            size = sum(len(entry.get(b"b", b"")) + 100 for _, entry in page)
            count = min(MOST, max(FIRST, ROOM * len(page) // max(1, size)))
            end = f"({page[-1][0].decode()}"

    def find(self, id: str) -> Listed | None:
        """Return the entry *id*; None: there is none, or no longer."""
        name, _, rest = id.rpartition("-")
        source = _source(name)
        if _is_number(rest):
            return self._kept(source, int(rest))
        kind = next((kind for kind, letter in LETTERS.items() if letter == rest[:1]), None)
        ms, _, number = rest[1:].partition(".")
        if kind is None or kind == "kept" or not (_is_number(ms) and _is_number(number)):
            return None
        return self._at(source, kind, f"{ms}-{number}")

    def at(self, position: Position) -> Listed | None:
        """Return the kept delivery at *position*; None: it is gone."""
        return self._at(position.source, "kept", f"{position.ms}-{position.number}")

    def _at(self, source: str, kind: Kind, place: str) -> Listed | None:
        found = self._read("XRANGE", _key(source, kind), place, place)
        return _listed(source, kind, *found[0]) if found else None

    def now_ms(self) -> int:
        """Return the store's time."""
        with guarded():
            seconds, micros = self._steps.client.time()
        return int(seconds) * 1000 + int(micros) // 1000 + self._steps.clock_offset_ms

    def unlisted(self, source: str) -> int:
        """Return how many refused requests of *source* are in no entry."""
        with guarded():
            return int(self._steps.client.hget(keys.source(source), UNLISTED) or 0)

    def _kept(self, source: str, number: int) -> Listed | None:
        """Find the kept delivery *number*: times of the store grow with the numbers."""
        key = keys.kept(source)
        first = self._read("XRANGE", key, "-", "+", "COUNT", 1)
        last = self._read("XREVRANGE", key, "+", "-", "COUNT", 1)
        if not first or not last:
            return None
        low, high = _parts(first[0][0])[0], _parts(last[0][0])[0]
        while low < high:  # the last ms at which an entry up to *number* may stand
            middle = (low + high + 1) // 2
            found = self._read("XRANGE", key, str(middle), "+", "COUNT", 1)
            if found and _parts(found[0][0])[1] <= number:
                low = _parts(found[0][0])[0]
            else:
                high = middle - 1
        return self._at(source, "kept", f"{low}-{number}")

    def _read(self, *command: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
        with guarded():
            run: Any = self._steps.client.execute_command
            return list(run(*command, **{NEVER_DECODE: True}))


def _named(source: str) -> str:
    return UNNAMED if source == UNKNOWN else source


def _source(name: str) -> str:
    return UNKNOWN if name == UNNAMED else name


def _key(source: str, kind: Kind) -> str:
    return {"kept": keys.kept, "unkept": delivery_keys.unkept, "refused": delivery_keys.refused}[
        kind
    ](source)


def _listed(source: str, kind: Kind, id: bytes, entry: Mapping[bytes, bytes]) -> Listed:
    position = Position(*_parts(id), kind, source)
    if kind == "refused":
        return Listed(position, entry, refusal=json.loads(entry[b"d"]))
    text = entry.get(b"i", b"").decode("utf-8", "replace")
    return Listed(position, entry, Summary.parse(text) if text else None)


def _parts(id: bytes) -> tuple[int, int]:
    ms, _, number = id.partition(b"-")
    return int(ms), int(number)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None
