"""
How a field of the CMS can be filled from a value, and whether what comes of it fits. Pure.

What is suggested was tried first: it was loaded as a mapping loads it, and met the rules of the
collection's schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from marshmallow import ValidationError, fields

from service import mapping
from service.mapping.serializers import text, writer
from service.onboarding.names import words
from service.onboarding.payload_values import Value, path_text
from service.senders.expressions import Expression
from workers.fields.validators import FITS, Asked
from workers.webflow.item_answers import SchemaField

# Amounts that these senders count in the smallest unit: key → the key of the currency beside it.
# https://docs.stripe.com/api/prices/object, https://developer.squareup.com/docs/build-basics/common-data-types/working-with-monetary-amounts
_MINOR: Final[Mapping[str, Mapping[str, str]]] = {
    "stripe": {"unit_amount": "currency", "amount": "currency"},
    "square": {"amount": "currency"},
}
_TIMES: Final = frozenset(
    {"at", "on", "date", "time", "created", "updated", "modified", "published", "modifiedon"}
    | {"timestamp", "ts", "until", "since", "start", "end", "launched", "changed", "gmt", "utc"}
)
_VIDEO: Final = re.compile(r"https?://(?:[\w-]+\.)*(?:youtube\.com|youtu\.be|vimeo\.com)/", re.I)
_TAG: Final = re.compile(r"<[a-zA-Z/][^<>]*>")
_ADDRESS: Final = re.compile(r"https?://\S+", re.I)
_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|avif)(?:[?#]|$)", re.I)
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d+)?")
_NO_OFFSET: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One way to fill a field.

    Args:
        path: JMESPath.
        kind: The class as the module names it, such as ``fields.Integer``.
        options: Its other arguments.
        note: What a person should look at; "": nothing.
    """

    path: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def made(self) -> fields.Field[Any]:
        """Return the field as the mapping would have it."""
        module, _, name = self.kind.rpartition(".")
        made: fields.Field[Any] = getattr(fields if module else mapping, name)(**self.options)
        return made


def readings(cms: SchemaField, value: Value, sender: str, to: str | None) -> Iterator[Reading]:
    """
    Yield the ways in which *value* may fill the field *cms*, the best first; see `fits`.

    Args:
        sender: The kind of sender, whose facts are known.
        to: The name of the collection that a reference refers to; None: it is not configured.
    """
    path = path_text(value.steps)
    if cms["type"] == "Number":
        yield from _numbers(cms, value, path, sender)
    elif cms["type"] in ("Reference", "MultiReference"):
        if to is not None:
            note = f"expected to be a key of {to}"
            yield Reading(path, cms["type"], {"to": to}, note)
    elif cms["type"] in _SIMPLE:
        yield from _SIMPLE[cms["type"]](value, path)


def fits(reading: Reading, cms: SchemaField, roots: Sequence[Any]) -> bool:
    """
    Return whether *reading* gives a value that the field *cms* takes, for one of *roots* at least,
    and for none of them one that it does not.
    """
    given = 0
    for root in roots:
        try:
            found = Expression(reading.path).search(root)
            if found is None or (found == "" and cms["type"] not in ("PlainText", "RichText")):
                continue
            made = reading.made()
            loaded = made.deserialize(found, reading.path, {})
            written = json.loads(text(writer(made)(loaded)))
        except (ValidationError, ValueError, TypeError, ArithmeticError):
            return False
        if not _taken(reading, cms, written):
            return False
        given += 1
    return given > 0


def _taken(reading: Reading, cms: SchemaField, written: Any) -> bool:
    if "to" in reading.options:
        return True  # a key: which item it stands for, the worker finds out
    if cms["type"] == "Option":
        return any(written in (each["name"], each["id"]) for each in cms["options"])
    asked = Asked(cms["slug"], cms.get("rules") or {}, cms["options"], "v2")
    return FITS[cms["type"]](written, asked) is None


def _numbers(cms: SchemaField, value: Value, path: str, sender: str) -> Iterator[Reading]:
    if isinstance(value.found, bool) or not _is_number(value.found):
        return
    currency = _MINOR.get(sender, {}).get(value.own)
    if currency is not None:
        around = path_text(value.holder)
        pair = f"[{value.own}, {currency}]"
        yield Reading(f"{around}.{pair}" if around else pair, "MinorUnits")
        return
    if words(value.own)[-1:] in (("cent",), ("cents",)):
        yield Reading(path, "MinorUnits", {"decimals": 2})
        return
    note = ""
    if value.own == "amount" and isinstance(value.found, int):
        note = "if it counts cents: MinorUnits instead of Decimal"
    whole = (cms.get("rules") or {}).get("format") == "integer"
    yield Reading(path, "fields.Integer" if whole else "fields.Decimal", {}, note)


def _plain(value: Value, path: str) -> Iterator[Reading]:
    found = value.found
    if isinstance(found, str) and _TAG.search(found):
        yield Reading(path, "PlainText")
    elif isinstance(found, str):
        yield Reading(path, "fields.String")
    elif isinstance(found, int) and not isinstance(found, bool):
        yield Reading(f"to_string({path})", "fields.String")
    elif isinstance(found, list) and found and all(isinstance(each, str) for each in found):
        yield Reading(f"join(', ', {path})", "fields.String")


def _rich(value: Value, path: str) -> Iterator[Reading]:
    if isinstance(value.found, str) and not _ADDRESS.fullmatch(value.found):
        yield Reading(path, "RichText")


def _times(value: Value, path: str) -> Iterator[Reading]:
    found = value.found
    if isinstance(found, bool) or (isinstance(found, int | float) and not _is_time(value)):
        return
    if isinstance(found, str) and _NO_OFFSET.fullmatch(found):
        utc = words(value.own)[-1:] in (("gmt",), ("utc",))
        note = "" if utc else "the time has no offset: name the zone of your system"
        yield Reading(path, "Timestamp", {"timezone": "UTC"}, note)
    elif isinstance(found, str | int | float):
        yield Reading(path, "Timestamp")


def _is_time(value: Value) -> bool:
    return bool(_TIMES & {*words(value.own)})


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) or (
        isinstance(found, str) and _NUMBER.fullmatch(found) is not None
    )


def _addresses(kind: str) -> Any:
    def made(value: Value, path: str) -> Iterator[Reading]:
        found = value.found
        if isinstance(found, str) and _ADDRESS.fullmatch(found):
            yield Reading(path, kind)

    return made


def _pictures(value: Value, path: str) -> Iterator[Reading]:
    found = value.found
    if not (isinstance(found, str) and _ADDRESS.fullmatch(found)):
        return
    known = _PICTURE.search(found) is not None
    yield Reading(path, "Image", {}, "" if known else "expected to be the address of a picture")


def _galleries(value: Value, path: str) -> Iterator[Reading]:
    found = value.found
    if isinstance(found, list) and found and all(_is_address(each) for each in found):
        yield Reading(path, "MultiImage")
    elif _is_address(found) and len(value.steps) > 1 and value.steps[-2] == 0:
        # The first of a list of objects with an address each.
        around = path_text(value.steps[:-2])
        yield Reading(f"{around}[*].{path_text(value.steps[-1:])}", "MultiImage")


def _is_address(found: Any) -> bool:
    return isinstance(found, str) and _ADDRESS.fullmatch(found) is not None


def _videos(value: Value, path: str) -> Iterator[Reading]:
    if isinstance(value.found, str) and _VIDEO.match(value.found):
        yield Reading(path, "VideoLink")


def _switches(value: Value, path: str) -> Iterator[Reading]:
    if isinstance(value.found, bool):
        yield Reading(path, "fields.Boolean")


def _texts(kind: str) -> Any:
    def made(value: Value, path: str) -> Iterator[Reading]:
        if isinstance(value.found, str):
            yield Reading(path, kind)

    return made


_SIMPLE: Final[Mapping[str, Any]] = {
    "PlainText": _plain,
    "RichText": _rich,
    "DateTime": _times,
    "Image": _pictures,
    "MultiImage": _galleries,
    "File": _addresses("File"),
    "Link": _addresses("Link"),
    "VideoLink": _videos,
    "Switch": _switches,
    "Email": _texts("fields.Email"),
    "Phone": _texts("Phone"),
    "Color": _texts("Color"),
    "Option": _texts("Option"),
}
