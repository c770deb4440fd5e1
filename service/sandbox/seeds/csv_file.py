"""
Seeds as CSV: one collection, in the format of the CMS Designer's export.

A header row of field names; the first column is the name; ``Slug``, ``Item ID`` and the like are
the item's own (_SYSTEM). A header may give its type, as ``Price:Number``; else it is guessed, if
every value of the column fits: Switch, Number, DateTime, Color, Image, RichText, Email, Link;
otherwise it is PlainText. Several values are separated by ``;``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from service.sandbox.fields.colors import is_color
from service.sandbox.fields.values import parse_time
from service.sandbox.model.ids import ID
from service.sandbox.model.schema import TYPES, Field, offering
from service.sandbox.seeds.seed_files import CollectionSeed, Described, ItemSeed, SeedRefused

# The format of times in the export, without the name of the zone in brackets.
_EXPORTED = "%a %b %d %Y %H:%M:%S GMT%z"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")  # not 007: that is a text
_IMAGE = re.compile(r"https?://\S+\.(?:avif|bmp|gif|jpe?g|png|svg|webp)(?:\?\S*)?", re.IGNORECASE)
_LISTS = ("MultiImage", "MultiReference")
_SWITCHES = {"true": True, "false": False}
_SYSTEM = {
    "slug": "slug",
    "collection id": "collection",
    "locale id": "locale",
    "item id": "id",
    "archived": "archived",
    "draft": "draft",
    "created on": "created",
    "updated on": "updated",
    "published on": "published",
}


def read_csv(text: str, place: str) -> Iterator[CollectionSeed]:
    """Return the one collection of *text*; raises SeedRefused."""
    try:
        rows = list(_rows(text))
    except csv.Error as error:
        raise SeedRefused(place, Described(error), "CSV") from None
    if not rows:
        raise SeedRefused(place, Described("no line"), "a header row of field names")
    (_, header), *lines = rows
    for number, cells in lines:
        if len(cells) != len(header):
            expected = f"{len(header)}, as in the header row"
            raise SeedRefused(
                f"{place}, line {number}", Described(f"{len(cells)} values"), expected
            )
    columns = [_Column(name, index, lines, place) for index, name in enumerate(header)]
    system = {one.system: one for one in columns if one.system}
    shown = [one for one in columns if not one.system]
    if not shown or shown[0].index:
        raise SeedRefused(f"{place}, line 1", header[:1], "the column of the names first")
    names, *fields = shown
    _distinct(place, ["name", "slug", *(one.slug for one in fields)])
    # The Designer names a file after the site, the collection and its id.
    stem = re.sub(r" - [0-9a-f]{24}\Z", "", Path(place).stem).rpartition(" - ")[2]
    yield CollectionSeed(
        place=place,
        name=stem,
        slug=_slug(stem),
        fields=tuple(one.field() for one in fields),
        id=next((one for one in system["collection"].texts() if one), None)
        if "collection" in system
        else None,
        items=tuple(_item(row, names, fields, system, place) for row in lines),
    )


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    first = 1
    for cells in reader:
        if any(cells):
            yield first, cells
        first = reader.line_num + 1


class _Column:
    def __init__(
        self, header: str, index: int, lines: Sequence[tuple[int, list[str]]], place: str
    ) -> None:
        name, colon, kind = header.rpartition(":")
        known = bool(colon) and kind.strip() in TYPES
        self.name = (name if known else header).strip()
        self.index = index
        self.system = _SYSTEM.get(self.name.lower())
        self.slug = _slug(self.name)
        self._lines = lines
        self.type = kind.strip() if known else guess(self.texts())
        if not self.slug:
            raise SeedRefused(f"{place}, line 1", header, f"a name for column {index + 1}")

    def texts(self) -> list[str]:
        return [cells[self.index].strip() for _, cells in self._lines]

    def field(self) -> Field:
        validations: dict[str, Any] = {}
        if self.type == "Option":
            validations = offering(dict.fromkeys(one for one in self.texts() if one))
        if self.type == "DateTime":
            validations = {"format": "date-time"}
        return Field(self.slug, self.type, self.name, validations=validations)


def guess(texts: Sequence[str]) -> str:
    """Return the type that all non-empty texts have, else PlainText."""
    found = [text for text in texts if text]
    for kind, fits in _GUESSES:
        if found and all(fits(text) for text in found):
            return kind
    return "PlainText"


def moment(text: str) -> datetime:
    """Return the time in the export's format or ISO 8601; raises ValueError."""
    try:
        return datetime.strptime(text.partition(" (")[0], _EXPORTED).astimezone(UTC)
    except ValueError:
        return parse_time(text)


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return len(text) >= len("2025-01-01")


_GUESSES: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("Switch", _SWITCHES.__contains__),
    ("Number", _NUMBER.fullmatch),
    ("DateTime", _is_moment),
    ("Color", lambda text: text.startswith(("#", "rgb", "hsl")) and is_color(text)),
    ("Image", _IMAGE.fullmatch),
    ("RichText", re.compile(r"\s*<(?:p|h[1-6]|ul|ol|div|figure|blockquote)[ >].*", re.S).fullmatch),
    ("Email", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+").fullmatch),
    ("Link", re.compile(r"https?://\S+").fullmatch),
)


def _item(
    row: tuple[int, list[str]],
    names: _Column,
    fields: Sequence[_Column],
    system: dict[str, _Column],
    place: str,
) -> ItemSeed:
    number, cells = row
    at = f"{place}, line {number}"

    def own(key: str) -> str:
        return cells[system[key].index].strip() if key in system else ""

    if own("id") and not ID.fullmatch(own("id")):
        raise SeedRefused(f"{at}, Item ID", own("id"), "24 hex digits")
    values: dict[str, Any] = {"name": cells[names.index].strip()}
    if own("slug"):
        values["slug"] = own("slug")
    for column in fields:
        if text := cells[column.index].strip():
            values[column.slug] = _value(text, column, at)
    return ItemSeed(
        place=at,
        values=values,
        id=own("id") or None,
        locale=own("locale") or None,
        archived=_flag(own("archived"), at),
        draft=_flag(own("draft"), at),
        created=_time(own("created"), at),
        updated=_time(own("updated"), at),
        published=_time(own("published"), at),
    )


def _value(text: str, column: _Column, at: str) -> Any:
    place = f"{at}, {column.name}"
    if column.type == "Number":
        if not _NUMBER.fullmatch(text):
            raise SeedRefused(place, text, "a number, as 12.5")
        return float(text) if "." in text else int(text)
    if column.type == "Switch":
        return _flag(text, place)
    if column.type == "DateTime":
        read = _time(text, place)
        return None if read is None else read.isoformat()
    if column.type in _LISTS:
        return [one.strip() for one in text.split(";") if one.strip()]
    return text


def _flag(text: str, place: str) -> bool:
    if text.lower() not in ("", *_SWITCHES):
        raise SeedRefused(place, text, "true or false")
    return _SWITCHES.get(text.lower(), False)


def _time(text: str, place: str) -> datetime | None:
    try:
        return moment(text) if text else None
    except ValueError:
        expected = "a time, as 2025-02-03T09:10:11Z"
        raise SeedRefused(place, text, expected) from None


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _distinct(place: str, slugs: Sequence[str]) -> None:
    for number, slug in zip(count(1), slugs, strict=False):
        if slug in slugs[: number - 1]:
            raise SeedRefused(f"{place}, line 1", slug, "a name of its own for each column")
