"""
What each field type takes, and what it reads back as.

A reader returns a value as it is stored; one function per type, in TYPES at the end.
The wordings for number, date, colour, e-mail, link and option are inferred.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from service.sandbox.colors import is_color
from service.sandbox.files import Files, shown
from service.sandbox.refusals import ValueRefused
from service.sandbox.schema import Field


@dataclass(frozen=True, slots=True)
class Sent:
    """A value as it was sent, and what it is read against."""

    value: Any
    field: Field
    api: str  # "v1" or "v2": they take images differently
    files: Files
    exists: Callable[[str, str], bool]  # collection id, item id


_SLUG = re.compile(r"[_a-zA-Z0-9][-_a-zA-Z0-9]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK = re.compile(r"https?://[^\s]+|mailto:[^\s]+|tel:[^\s]+|[/#][^\s]*", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/]+[^\s]*", re.IGNORECASE)


def text(sent: Sent) -> str:
    value, limits = sent.value, sent.field.validations
    if not isinstance(value, str):
        raise ValueRefused("Expected value to be a string", value)
    if len(value) < limits.get("minLength", 0):
        raise ValueRefused("Is too short", value)
    if len(value) > limits.get("maxLength", len(value)):
        raise ValueRefused("Is too long", value)
    if limits.get("singleLine") and "\n" in value:
        raise ValueRefused("Expected value to be a single line", value)
    if sent.field.slug == "slug" and not _SLUG.fullmatch(value):
        raise ValueRefused(
            "Must be alphanumerical and not contain any spaces or special characters", value
        )
    return value


def rich_text(sent: Sent) -> str:
    html = text(sent)
    # Read back in the CMS's own form, so that nobody compares it with what was sent.
    return html if not html or "<" in html else f"<p>{html}</p>"


def number(sent: Sent) -> int | float:
    value, limits = sent.value, sent.field.validations
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueRefused("Expected value to be a number", value)
    if limits.get("format") == "integer" and value != int(value):
        raise ValueRefused("Expected value to be an integer", value)
    if limits.get("allowNegative") is False and value < 0:
        raise ValueRefused("Negative values are not allowed", value)
    if value < limits.get("minValue", value):
        raise ValueRefused("Is too small", value)
    if value > limits.get("maxValue", value):
        raise ValueRefused("Is too large", value)
    return value


def moment(sent: Sent) -> str:
    try:
        read = parse_time(sent.value)
    except (TypeError, ValueError):
        raise ValueRefused("Expected value to be a date", sent.value) from None
    if sent.field.validations.get("format") != "date-time":
        read = read.replace(hour=0, minute=0, second=0, microsecond=0)
    return format_time(read)


def parse_time(value: str) -> datetime:
    """
    Return the moment that an ISO 8601 text names; a bare date is its midnight, in UTC.

    Raises:
        TypeError: *value* is no text.
        ValueError: it is no date or time.
    """
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        day = date.fromisoformat(value)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    read = datetime.fromisoformat(value)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def format_time(value: datetime) -> str:
    """Return *value* as both APIs write times: UTC, milliseconds, ``Z``."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"


def switch(sent: Sent) -> bool:
    if not isinstance(sent.value, bool):
        raise ValueRefused("Expected value to be a boolean", sent.value)
    return sent.value


def color(sent: Sent) -> str:
    if not isinstance(sent.value, str) or not is_color(sent.value):
        raise ValueRefused("Expected value to be a color", sent.value)
    return sent.value


def option(sent: Sent) -> str:
    if not isinstance(sent.value, str) or sent.value not in sent.field.options:
        raise ValueRefused("Expected value to be the id of an option", sent.value)
    return sent.value


def matching(pattern: re.Pattern[str], noun: str) -> Reader:
    """Return a reader of texts that match *pattern*."""

    def read(sent: Sent) -> str:
        if not isinstance(sent.value, str) or not pattern.fullmatch(sent.value):
            raise ValueRefused(f"Expected value to be {noun}", sent.value)
        return sent.value

    return read


def video(sent: Sent) -> dict[str, Any]:
    # Read back as an object; what was read may be sent again.
    url = sent.value.get("url") if isinstance(sent.value, dict) else sent.value
    if not isinstance(url, str) or not _WEB.fullmatch(url):
        raise ValueRefused("Expected value to be a URL", url)
    return {"url": url, "metadata": {"width": 940, "height": 528, "title": "", "html": ""}}


def file(sent: Sent, *, image: bool = False) -> dict[str, Any]:
    bare = sent.api == "v1" and isinstance(sent.value, str)
    value = {"url": sent.value} if bare else sent.value
    if not isinstance(value, dict):
        raise ValueRefused("Expected value to have a 'url' field", value)
    known = sent.files.find(str(value.get("fileId")))
    if known and (sent.api == "v1" or isinstance(value.get("url"), str)):
        return shown(known, value.get("alt"))
    if not isinstance(value.get("url"), str):
        raise ValueRefused("Expected value to have a 'url' field", value)
    return shown(sent.files.add(value["url"], image=image), value.get("alt"))


def image(sent: Sent) -> dict[str, Any]:
    return file(sent, image=True)


def reference(sent: Sent) -> str:
    if not isinstance(sent.value, str):
        raise ValueRefused("Expected value to be an ItemRef", sent.value)
    if not sent.exists(str(sent.field.validations.get("collectionId")), sent.value):
        raise ValueRefused("Referenced item not found", sent.value)
    return sent.value


def every(reader: Reader) -> Reader:
    """Return a reader of arrays of what *reader* reads; an array is one value."""

    def read(sent: Sent) -> list[Any]:
        if not isinstance(sent.value, list):
            raise ValueRefused("Expected value to be an array", sent.value)
        return [reader(replace(sent, value=one)) for one in sent.value]

    return read


Reader = Callable[[Sent], Any]

TYPES: dict[str, Reader] = {
    "PlainText": text,
    "RichText": rich_text,
    "Image": image,
    "MultiImage": every(image),
    "VideoLink": video,
    "Link": matching(_LINK, "a URL"),
    "Email": matching(_EMAIL, "an email address"),
    "Phone": text,
    "Number": number,
    "DateTime": moment,
    "Switch": switch,
    "Color": color,
    "Option": option,
    "File": file,
    "Reference": reference,
    "MultiReference": every(reference),
}
