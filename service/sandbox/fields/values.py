"""
What each field type accepts, and what it is read as.

A reader returns a value as it is stored; TYPES maps types to readers. The wordings for date, colour
and option are inferred.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from service.sandbox.fields import texts
from service.sandbox.fields.amounts import number
from service.sandbox.fields.colors import is_color
from service.sandbox.fields.media import MOST_PICTURES, file, image, video
from service.sandbox.fields.richtext import rich_text
from service.sandbox.fields.sent_value import Reader, Sent
from service.sandbox.model.ids import ID
from service.sandbox.model.refusals import ValueRefused

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[-+][0-9]{2}:?[0-9]{2})?)?"
)


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
    Return the moment of an ISO 8601 text; a bare date is its midnight, in UTC.

    Raises:
        TypeError: *value* is no text.
        ValueError: It is no date or time, or one outside of the years 1 to 9999.
    """
    if not _TIME.fullmatch(value):
        raise ValueError(f"no ISO 8601 date or time: {value!r}")
    read = datetime.fromisoformat(value)
    try:
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def format_time(value: datetime) -> str:
    """Return *value* as both APIs write times: UTC, milliseconds, ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


def reference(sent: Sent) -> str:
    if not isinstance(sent.value, str) or not ID.fullmatch(sent.value):
        raise ValueRefused("Expected value to be an ItemRef", sent.value)
    if not sent.exists(str(sent.field.validations.get("collectionId")), sent.value):
        raise ValueRefused("Referenced item not found", sent.value)
    return sent.value


def references(sent: Sent) -> list[str]:
    # A repeated item counts once, at its first position.
    return list(dict.fromkeys(every(reference, sent)))


def images(sent: Sent) -> list[dict[str, Any]]:
    if isinstance(sent.value, list) and len(sent.value) > MOST_PICTURES:
        raise ValueRefused(f"Expected value to have at most {MOST_PICTURES} items")
    return every(image, sent)


def every(reader: Reader, sent: Sent) -> list[Any]:
    """Return the results of *reader* for the elements of an array, as one value."""
    if not isinstance(sent.value, list):
        raise ValueRefused("Expected value to be an array", sent.value)
    return [reader(replace(sent, value=one)) for one in sent.value]


TYPES: dict[str, Reader] = {
    "PlainText": texts.plain,
    "RichText": rich_text,
    "Image": image,
    "MultiImage": images,
    "VideoLink": video,
    "Link": texts.link,
    "Email": texts.email,
    "Phone": texts.PHONE,
    "Number": number,
    "DateTime": moment,
    "Switch": switch,
    "Color": color,
    "Option": option,
    "File": file,
    "Reference": reference,
    "MultiReference": references,
}
