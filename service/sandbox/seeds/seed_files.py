"""
Seed files: collections with their fields and items, for a new site.

A file is read whole before anything is stored. An error names the file and the place in it, with
what was found and what was expected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from service.sandbox.model.schema import Field


class Described(str):
    """A description of what was found; other values are shown as JSON."""

    __slots__ = ()


class SeedRefused(Exception):
    """An invalid file: the position, what was found and what was expected."""

    def __init__(self, place: str, found: Any, expected: str) -> None:
        text = found if isinstance(found, Described) else json.dumps(found, ensure_ascii=False)
        shown = text if len(text) <= 80 else f"{text[:79]}…"
        super().__init__(f"{place}: found {shown}, expected {expected}")


@dataclass(frozen=True, slots=True)
class ItemSeed:
    """
    One item in one locale.

    Args:
        place: File and path, or file and line.
        values: The field data; references and options may be names, see ``load_seeds``.
        live: The live copy's field data if it differs; None: it is the same, or there is none.
        locale: The ``cmsLocaleId``; None: the primary one.
    """

    place: str
    values: Mapping[str, Any]
    id: str | None = None
    locale: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    published: datetime | None = None
    archived: bool = False
    draft: bool = False
    live: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CollectionSeed:
    """One collection; *dropped* names its fields whose type is not imitated."""

    place: str
    name: str
    slug: str
    fields: tuple[Field, ...]
    id: str | None = None
    singular: str = ""
    created: datetime | None = None
    items: tuple[ItemSeed, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)


def read_seeds(path: Path) -> Iterator[CollectionSeed]:
    """
    Return the collections of a ``.json`` or ``.csv`` file; raises SeedRefused if it cannot be read,
    or is invalid.
    """
    from service.sandbox.seeds.csv_file import read_csv
    from service.sandbox.seeds.json_file import read_json

    readers = {".json": read_json, ".csv": read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SeedRefused(str(path), path.suffix or path.name, "a name that ends in .json or .csv")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SeedRefused(str(path), Described(error), "a readable file in UTF-8") from None
    return iter(reader(text, str(path)))
