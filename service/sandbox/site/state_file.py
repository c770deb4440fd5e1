"""
The state of the site as a file: a line of JSON per record, the first with the version, the last
with the number of lines.

Faults, calls, windows and tokens are not stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from service.sandbox.fields.files import File
from service.sandbox.model.locales import Locale, Locales
from service.sandbox.model.records import Collection, Copy, Item
from service.sandbox.model.rules import Rules
from service.sandbox.model.schema import Field
from service.sandbox.site.site import Domain, Site
from service.sandbox.webhooks.registrations import Registration

VERSION = 1
FORMAT = "instep sandbox state"

_RECORDS = (Collection, Copy, Domain, Field, File, Item, Locale, Locales, Registration, Rules)
_KINDS: dict[str, Any] = {one.__name__: one for one in _RECORDS}
_SITE = ("locales", "rules", "created", "published", "domains")
# Stored in lines of their own, or recreated.
_APART = {"Collection": ("announce", "remember", "locales")}
_UNREAD = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
_TAG = "$"


class StateRefused(Exception):
    """An unreadable state file; the text says why, and what to do."""


class StateLines:
    """
    The lines of a site's state.

    An unchanged record is not serialized again: copies are immutable.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._items: dict[tuple[str, str, str], tuple[tuple[Any, ...], str]] = {}
        self._files: dict[str, str] = {}

    def head(self) -> list[str]:
        """Return the lines of all but items and files: few, and quickly made."""
        with self._site.lock:
            lines = [{"site": {key: encode(getattr(self._site, key)) for key in _SITE}}]
            for one in self._site.collections.values():
                held = {key: sorted(found.held) for key, found in one.locales.items()}
                lines.append({"collection": encode(one), "held": held})
            lines += [{"webhook": encode(one)} for one in self._site.hooks]
        return [_line(one) for one in lines]

    def lines(self) -> Iterator[str]:
        """Return every line; only the snapshot is taken under the lock."""
        with self._site.lock:
            head = self.head()
            items = [
                (collection.id, item, (item.staged, item.live, item.published))
                for collection in self._site.collections.values()
                for item in collection.everything()
            ]
            changed = {
                id(item): replace(item) for cid, item, now in items if self._stale(cid, item, now)
            }
            files = list(self._site.files)
        body = [self._item(cid, item, now, changed) for cid, item, now in items]
        known = {(cid, item.locale, item.id) for cid, item, _ in items}
        self._items = {key: value for key, value in self._items.items() if key in known}
        kept = [self._file(one) for one in files]
        first = _line({"format": FORMAT, "version": VERSION})
        last = _line({"lines": len(head) + len(kept) + len(body)})
        return chain((first,), head, kept, body, (last,))

    def _stale(self, cid: str, item: Item, now: tuple[Any, ...]) -> bool:
        known = self._items.get((cid, item.locale, item.id))
        return known is None or any(a is not b for a, b in zip(known[0], now, strict=True))

    def _item(self, cid: str, item: Item, now: tuple[Any, ...], changed: dict[int, Item]) -> str:
        key = (cid, item.locale, item.id)
        if id(item) in changed:
            text = _line({"item": encode(changed[id(item)]), "in": cid})
            self._items[key] = (now, text)
        return self._items[key][1]

    def _file(self, file: File) -> str:
        if file.id not in self._files:
            self._files[file.id] = _line({"file": encode(file)})
        return self._files[file.id]


def load(site: Site, path: Path) -> None:
    """
    Replace the site's state by that in *path*; raises StateRefused if it cannot be read, has
    another version, or is incomplete.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StateRefused(f"{path}: cannot be read: {error}") from None
    _check(path, lines)
    for number, line in enumerate(lines[1:-1], 2):
        try:
            _take(site, json.loads(line))
        except _UNREAD as error:
            raise StateRefused(
                f"{path}, line {number}: found no record of this version ({error!r}); "
                "move the file away to start anew"
            ) from None


def _check(path: Path, lines: list[str]) -> None:
    first, last = _object(lines[:1]), _object(lines[1:][-1:])
    version, count = first.get("version"), last.get("lines")
    if first.get("format") != FORMAT:
        raise StateRefused(
            f"{path}: found no state of a sandbox; name another file, or move it away (a file of "
            "collections is for --seed)"
        )
    if version != VERSION:
        raise StateRefused(
            f"{path}: found version {version!r}, expected {VERSION}; move the file away to start "
            "anew"
        )
    if count != len(lines) - 2:
        whole = "a last line that counts them" if count is None else count
        raise StateRefused(
            f"{path}: found {max(len(lines) - 2, 0)} records, expected {whole}: the file is not "
            "whole; move it away to start anew"
        )


def _object(lines: list[str]) -> dict[str, Any]:
    """Return the object in the one line of *lines*; an empty one if there is none."""
    try:
        found = json.loads(lines[0])
    except _UNREAD:
        return {}
    return found if isinstance(found, dict) else {}


def _take(site: Site, record: dict[str, Any]) -> None:
    if "site" in record:
        for key in _SITE:
            setattr(site, key, decode(record["site"][key]))
    elif "collection" in record:
        site.adopt(decode(record["collection"]), record["held"])
    elif "webhook" in record:
        site.hooks.put(decode(record["webhook"]))
    elif "file" in record:
        site.files.put(decode(record["file"]))
    else:
        item = decode(record["item"])
        site.collections[record["in"]].store(item, item.staged)


def encode(value: Any) -> Any:
    """Return *value* as JSON; records and times are objects with a tag."""
    if isinstance(value, datetime):
        return {_TAG: "time", "at": value.isoformat()}
    if is_dataclass(value) and not isinstance(value, type):
        name = type(value).__name__
        kept = [one.name for one in fields(value) if one.name not in _APART.get(name, ())]
        return {_TAG: name, **{key: encode(getattr(value, key)) for key in kept}}
    if isinstance(value, dict):
        inner = {key: encode(one) for key, one in value.items()}
        return {_TAG: "dict", "of": inner} if _TAG in inner else inner
    if isinstance(value, list):
        return [encode(one) for one in value]
    if isinstance(value, tuple | set | frozenset):
        return {_TAG: type(value).__name__, "of": [encode(one) for one in value]}
    return value


_SEVERAL: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def decode(value: Any) -> Any:
    """Reverse `encode`; raises LookupError, TypeError or ValueError for other values."""
    if isinstance(value, list):
        return [decode(one) for one in value]
    if not isinstance(value, dict):
        return value
    tag = value.get(_TAG)
    if tag is None:
        return {key: decode(one) for key, one in value.items()}
    if tag == "time":
        return datetime.fromisoformat(value["at"])
    if tag == "dict":
        return {key: decode(one) for key, one in value["of"].items()}
    if tag in _SEVERAL:
        return _SEVERAL[tag](decode(one) for one in value["of"])
    return _KINDS[tag](**{key: decode(one) for key, one in value.items() if key != _TAG})


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
