"""
Values as the page shows them, by the type of the field.

A cell is JSON: ``kind`` selects how the page shows it, all else is text. None of it is HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import unescape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from service.sandbox.fields.values import parse_time
from service.sandbox.model.records import Item
from service.sandbox.model.schema import Field
from service.sandbox.site.site import Site

SHORT = 280  # characters of a text in the list; the view of one item shows all

Cell = dict[str, Any]

_BLOCK = re.compile(r"</(?:p|h[1-6]|li|blockquote|figure|div|tr)\s*>|<br\s*/?>", re.IGNORECASE)
_SILENT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def cell(site: Site, field: Field, value: Any, *, whole: bool = False) -> Cell | None:
    """Return the cell of a value, or None without one; *whole*: do not cut a long text."""
    if value is None:
        return None
    shown = _KINDS.get(field.type, _KINDS["PlainText"])(site, field, value)
    text = shown.get("text", "")
    if not whole and len(text) > SHORT:
        shown["text"] = f"{text[: SHORT - 1]}…"
    return shown


def readable(value: datetime, *, seconds: bool = False) -> str:
    """Return a time as ``3 Feb 2025, 09:10`` in UTC, and midnight as a date."""
    moment = value.astimezone(UTC)
    day = f"{moment.day} {moment:%b %Y}"
    if seconds:
        return f"{day}, {moment:%H:%M:%S}"
    return day if (moment.hour, moment.minute) == (0, 0) else f"{day}, {moment:%H:%M}"


def status(item: Item) -> str:
    """
    Return an item's status in the words of the CMS's panel.

    https://developers.webflow.com/data/docs/working-with-the-cms/publishing
    """
    staged = item.staged
    if staged.archived:
        return "Archived"
    if item.published is None or item.withdrawn:
        return "Draft" if staged.draft else "Queued to publish"
    if staged.draft:
        return "Changes in draft"
    return "Queued to publish" if staged.updated > item.published else "Published"


def plain(html: str) -> str:
    """Return the text of *html*: a line for each block, without its tags."""
    text = _TAG.sub("", _BLOCK.sub("\n", _SILENT.sub("", html)))
    lines = (line.strip() for line in unescape(text).splitlines())
    return "\n".join(line for line in lines if line)


def _number(_: Site, field: Field, value: Any) -> Cell:
    digits = field.validations.get("precision")
    if isinstance(value, float) and isinstance(digits, int):
        return {"kind": "number", "text": f"{value:,.{digits}f}"}
    return {
        "kind": "number",
        "text": f"{value:,}" if isinstance(value, int | float) else str(value),
    }


def _moment(_: Site, __: Field, value: Any) -> Cell:
    try:
        return {"kind": "time", "text": readable(parse_time(value)), "exact": value}
    except (TypeError, ValueError):
        return {"kind": "text", "text": str(value)}


def _pictures(site: Site, _: Field, value: Any) -> Cell:
    found = [one for one in _each(value) if isinstance(one, dict)]
    return {"kind": "pictures", "files": [_file(site, one) for one in found]}


def _file(site: Site, value: Mapping[str, Any]) -> dict[str, str]:
    id, url = str(value.get("fileId")), str(value.get("url"))
    name = unquote(PurePosixPath(urlsplit(url).path).name).removeprefix(f"{id}_")
    known = site.files.find(id)
    source = known.source if known is not None and known.source else url
    return {"id": id, "name": name or "file", "alt": str(value.get("alt") or ""), "source": source}


def _references(site: Site, field: Field, value: Any) -> Cell:
    target = site.collections.get(str(field.validations.get("collectionId")))
    names = []
    for id in _each(value):
        item = target.items.get(str(id)) if target is not None else None
        names.append(str(item.staged.fields.get("name", id)) if item is not None else str(id))
    return {"kind": "references", "names": names}


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_KINDS: dict[str, Callable[[Site, Field, Any], Cell]] = {
    "PlainText": lambda _, __, value: {"kind": "text", "text": str(value)},
    "RichText": lambda _, __, value: {"kind": "text", "text": plain(str(value))},
    "Number": _number,
    "Switch": lambda _, __, on: {"kind": "switch", "text": "Yes" if on else "No", "on": bool(on)},
    "DateTime": _moment,
    "Color": lambda _, __, value: {"kind": "color", "text": str(value)},
    "Option": lambda _, field, id: {"kind": "option", "text": field.options.get(str(id), str(id))},
    "Link": lambda _, __, value: {"kind": "link", "text": str(value)},
    "VideoLink": lambda _, __, value: {"kind": "link", "text": str(value["url"])},
    "Image": _pictures,
    "MultiImage": _pictures,
    "File": lambda site, field, value: {**_pictures(site, field, value), "kind": "files"},
    "Reference": _references,
    "MultiReference": _references,
}
