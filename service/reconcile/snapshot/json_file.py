"""
JSON: a list of objects, or an object that contains one, such as the answer of an API.

If such an object says that more pages follow, it is incomplete and refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.mapping.display import found
from service.reconcile.snapshot.columns import under
from service.reconcile.snapshot.files import SnapshotFile
from service.reconcile.snapshot.json_text import JsonText
from service.reconcile.snapshot.pages import sign_of_more
from service.reconcile.snapshot.records import Record, Shape
from workers.errors import SnapshotInvalid


def records(file: SnapshotFile, shape: Shape) -> Iterator[Record]:
    """
    Yield the records of *file*, numbered from 1.

    Raises:
        SnapshotInvalid: It is no list of objects and contains none (or several: `Shape.list`
            selects one), is cut off, or is one page of several.
    """
    reading = _Reading(JsonText(file), shape)
    yield from reading.records()


class _Reading:
    def __init__(self, text: JsonText, shape: Shape) -> None:
        self._text = text
        self._shape = shape
        self._count = 0
        self._lists: list[str] = []  # of records, by their paths
        self._beside: list[dict[str, Any]] = []  # the members beside them, by object

    def records(self) -> Iterator[Record]:
        first = self._text.peek()
        if not first:
            return
        if first == "[" and not self._shape.list:
            yield from self._elements()
        elif first == "{":
            path = tuple(self._shape.list.split(".")) if self._shape.list else ()
            yield from self._members(path)
            self._refuse_unfit()
        else:
            raise self._text.invalid(f"JSON that starts with {first}", self._expected())
        if rest := self._text.peek():
            do = "if each line holds an object, use --format jsonl"
            what = f"{rest!r} after the end of the JSON"
            raise self._text.invalid(what, "one JSON value", do)

    def _elements(self) -> Iterator[Record]:
        text = self._text
        text.take("[")
        if text.peek() == "]":
            text.take("]")
            return
        while True:
            record = text.value()
            self._count += 1
            if not isinstance(record, dict):
                raise text.invalid(f"{found(record)} as record {self._count}", "an object")
            yield self._count, under(self._shape.under, record)
            if text.take(",]") == "]":
                return

    def _members(self, path: tuple[str, ...]) -> Iterator[Record]:
        """Yield the records in the next object, in the list at *path* (empty: its only list)."""
        text = self._text
        beside: dict[str, Any] = {}
        self._beside.append(beside)
        text.take("{")
        if text.peek() == "}":
            text.take("}")
            return
        while True:
            name = self._name()
            kind = text.peek()
            if kind == "[" and path in ((), (name,)):
                self._lists.append(name)
                yield from self._elements()
            elif kind == "{" and len(path) > 1 and path[0] == name:
                yield from self._members(path[1:])
            elif kind == "[":
                beside |= self._passed()
            else:
                beside[name] = text.value()
            if text.take(",}") == "}":
                return

    def _name(self) -> str:
        if self._text.peek() not in ('"', ""):
            raise self._text.invalid(f"{self._text.peek()!r}", "a name in quotes")
        name: str = self._text.value()
        self._text.take(":")
        return name

    def _passed(self) -> dict[str, Any]:
        """Skip another list; return the link to a next page, if it holds one."""
        found: dict[str, Any] = {}
        self._text.take("[")
        if self._text.peek() == "]":
            self._text.take("]")
            return found
        while True:
            value = self._text.value()
            if isinstance(value, dict) and value.get("rel") == "next":
                found["next"] = value.get("href")
            if self._text.take(",]") == "]":
                return found

    def _refuse_unfit(self) -> None:
        if len(self._lists) == 1:
            self._refuse_page()
            return
        what = f"several lists: {', '.join(self._lists)}" if self._lists else "no list of records"
        do = "give the path to the list with --list"
        raise SnapshotInvalid(self._text.name, what, self._expected(), do)

    def _refuse_page(self) -> None:
        sign = sign_of_more(self._beside, self._count)
        if sign is None:
            return
        name, value = sign
        records = "1 record" if self._count == 1 else f"{self._count} records"
        what = f"{name[:40]} = {found(value)} beside {records}"
        do = (
            "put the records of all pages into one list, or one object on each line (--format "
            "jsonl); if these are all records, give only the list"
        )
        raise SnapshotInvalid(self._text.name, what, "all records, not one page of them", do)

    def _expected(self) -> str:
        if self._shape.list:
            return f"an object with a list at {self._shape.list}"
        return "a list of objects, or an object with one list"
