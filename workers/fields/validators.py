"""
Validate values against a CMS schema: one function per field type.

Each returns what was expected, or None if the value fits or that is unknown. Whether an item, file
or slug exists is left to the CMS. Rules have v2's names (`workers.webflow.item_answers` renames
those of v1).

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import SplitResult, urlsplit

from workers.fields import colors
from workers.fields.number_rules import bound, expected_number


@dataclass(frozen=True, slots=True)
class Asked:
    slug: str
    rules: Mapping[str, Any]  # its validations
    options: Sequence[Mapping[str, str]]
    api: str  # "v1" or "v2": they take files differently


Fit = Callable[[Any, Asked], str | None]

_SLUG = re.compile(r"[_a-zA-Z0-9][-_a-zA-Z0-9]*")
_ID = re.compile(r"[0-9a-fA-F]{24}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK = re.compile(r"https?://\S+|mailto:\S+|tel:\S+|[/#]\S*", re.IGNORECASE)
_VIDEO = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_ADDRESS = "an http(s) URL of a public host"
_OBJECT = "an object with a 'url'"
_TAG = re.compile(r"<[^<>]*>")
_MIDNIGHT = "T24:00"  # valid in ISO 8601; Python accepts it since 3.14
_LONGEST_COLOR = 100  # characters; longer values are left to the CMS
# Extensions that are certainly no picture; without one, or with another, it may be.
_NO_PICTURE = re.compile(
    r"\.(?:csv|docx?|epub|gz|mov|mp[34]|od[st]|pdf|pptx?|rar|tar|txt|wav|webm|xlsx?|zip)"
)


def plain(value: Any, asked: Asked) -> str | None:
    """``pattern`` is ignored: it is a JavaScript regex, and no schema has been seen with one."""
    if not isinstance(value, str):
        return "a text"
    if asked.rules.get("singleLine") is True and "\n" in value:
        return "a single line"
    if asked.slug == "slug" and not _SLUG.fullmatch(value):
        return "a slug: letters, digits, - and _"
    return _length(value, value, asked)


def rich_text(value: Any, asked: Asked) -> str | None:
    if not isinstance(value, str):
        return "HTML as a text"
    # Code blocks come back empty, and whether tags count is undocumented.
    least = "" if "<pre" in value.lower() else html.unescape(_TAG.sub("", value))
    return _length(least, value, asked)


def _length(least: str, most: str, asked: Asked) -> str | None:
    """Check the bounds leniently: the maximum against *least*, the minimum against *most*."""
    shortest, longest = bound(asked.rules, "minLength"), bound(asked.rules, "maxLength")
    if longest is not None and len(least) > longest:
        return f"at most {longest} characters (it has {len(least)})"
    # JavaScript counts a character outside the basic plane twice.
    units = len(most.encode("utf-16-le", "surrogatepass")) // 2
    if shortest is not None and units < shortest:
        return f"at least {shortest} characters (it has {units})"
    return None


def number(value: Any, asked: Asked) -> str | None:
    return expected_number(value, asked.rules)


def moment(value: Any, _: Asked) -> str | None:
    expected = "a time as ISO 8601 writes it"
    if not isinstance(value, str):
        return expected
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None if _MIDNIGHT in value else expected
    return None


def switch(value: Any, _: Asked) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def color(value: Any, _: Asked) -> str | None:
    if isinstance(value, str) and (len(value) > _LONGEST_COLOR or colors.parse(value) is not None):
        return None
    return "a colour: #RRGGBB, rgb(), hsl() or a name"


def option(value: Any, asked: Asked) -> str | None:
    ids = {one.get("id") for one in asked.options}
    if isinstance(value, str) and (value in ids or not ids):
        return None
    return "an option: " + (", ".join(repr(one.get("name")) for one in asked.options) or "its id")


def matching(pattern: re.Pattern[str], expected: str) -> Fit:
    def fit(value: Any, _: Asked) -> str | None:
        return None if isinstance(value, str) and pattern.fullmatch(value) else expected

    return fit


def video(value: Any, _: Asked) -> str | None:
    url = value.get("url") if isinstance(value, dict) else value  # it reads back as an object
    return None if isinstance(url, str) and _VIDEO.match(url) else "the URL of a video"


reference = matching(_ID, "the id of an item: 24 hex digits")


def every(fit: Fit) -> Fit:
    """Return a check for lists whose elements all pass *fit*."""

    def each(value: Any, asked: Asked) -> str | None:
        if not isinstance(value, list):
            return "a list"
        for place, one in enumerate(value):
            if expected := fit(one, asked):
                return f"{expected} (element {place})"
        return None

    return each


def file(value: Any, asked: Asked) -> str | None:
    if isinstance(value, str):
        # v1 takes a bare URL or fileId; for v2 a bare fileId is unverified, and refused.
        known = asked.api == "v1" and _ID.fullmatch(value)
        return None if known or _web_parts(value) else _ADDRESS
    if not isinstance(value, dict):
        return _OBJECT
    url, named = value.get("url"), value.get("fileId")
    if isinstance(named, str) and (asked.api == "v1" or isinstance(url, str)):
        # The CMS has this file already, whatever its address.
        return None if _ID.fullmatch(named) else "a fileId: 24 hex digits"
    if not isinstance(url, str):
        return _OBJECT
    return None if _web_parts(url) else _ADDRESS


def image(value: Any, asked: Asked) -> str | None:
    """Like `file`, but refuses an address that names another kind of file."""
    expected = file(value, asked)
    if expected or (isinstance(value, dict) and isinstance(value.get("fileId"), str)):
        return expected
    parts = _web_parts(value["url"] if isinstance(value, dict) else value)
    ending = PurePosixPath(parts.path).suffix.lower() if parts else ""
    return f"a picture, not {ending}" if _NO_PICTURE.fullmatch(ending) else None


def _web_parts(url: str) -> SplitResult | None:
    """Parse an address from which a file may be fetched; None if it is not one."""
    try:
        parts = urlsplit(url)
        reachable = bool(parts.hostname) and not str(parts.hostname).endswith(".invalid")
    except ValueError:  # for instance brackets without an address
        return None
    return parts if reachable and parts.scheme in ("http", "https") else None


FITS: Mapping[str, Fit] = {
    "PlainText": plain,
    "RichText": rich_text,
    "Image": image,
    "MultiImage": every(image),
    "VideoLink": video,
    "Link": matching(_LINK, "a link: https://…, mailto:…, tel:…, /path or #anchor"),
    "Email": matching(_EMAIL, "an e-mail address"),
    "Phone": plain,  # any text: no rule for phone numbers is documented
    "Number": number,
    "DateTime": moment,
    "Switch": switch,
    "Color": color,
    "Option": option,
    "File": file,
    "Reference": reference,
    "MultiReference": every(reference),
}
