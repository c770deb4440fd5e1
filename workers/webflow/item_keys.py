"""
Keys of records: their normal form, and several parts as one text and back.

Keys are compared in normal form everywhere, so that padding or another system's Unicode form makes
no new key; they are displayed as they came.

Parts are joined by ``|``; a ``|`` or ``\\`` inside a part is escaped with ``\\``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from workers.config.settings import Collection
from workers.fields.json_values import as_text
from workers.fields.key_forms import kept
from workers.model.letters import nfc
from workers.webflow.schema import UNKNOWN, Schema

# Unicode's White_Space=yes. Not str.strip(), which strips the separators U+001C to U+001F too:
# https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_MARKS = re.compile(r"[\\|]")


def normal(key: str) -> str:
    """
    Return *key*, or a part of one, in normal form: NFC, without white space at its ends.

    https://www.unicode.org/reports/tr15/#Norm_Forms
    """
    return nfc(key).strip(WHITE_SPACE)


def normal_record(record: str, parts: int) -> str:
    """Return the key *record*, of *parts* parts, with each part in normal form."""
    if parts == 1:
        return normal(record)
    return joined([normal(part) for part in parted(record)])


def joined(parts: Sequence[str]) -> str:
    """Return the key of *parts*; a single part is not escaped."""
    if len(parts) == 1:
        return parts[0]
    return "|".join(_MARKS.sub(r"\\\g<0>", part) for part in parts)


def parted(key: str) -> tuple[str, ...]:
    """Split a *key* that ``joined`` made of several parts."""
    parts = [""]
    letters = iter(key)
    for letter in letters:
        if letter == "|":
            parts.append("")
        else:
            parts[-1] += next(letters, letter) if letter == "\\" else letter
    return tuple(parts)


def key_of(collection: Collection, fields: Mapping[str, Any]) -> str | None:
    """Return the key of an item with *fields* in *collection*; None: a part is missing."""
    parts = [key_text(fields.get(slug)) for slug in collection.keys]
    known = [part for part in parts if part is not None]
    return joined(known) if parts and len(known) == len(parts) else None


def is_of(
    collection: Collection, record: str, fields: Mapping[str, Any], schema: Schema = UNKNOWN
) -> bool:
    """
    Tell whether an item with *fields* has the key *record*, or the form its fields keep of it.
    """
    held = key_of(collection, fields)
    if held is None or held == record:
        return held is not None
    return kept_key(collection, held, schema) == kept_key(collection, record, schema)


def kept_key(collection: Collection, key: str, schema: Schema) -> str:
    """Return *key* in the form in which its fields store it."""
    parts = key_parts(collection, key)
    if len(parts) != len(collection.keys):
        return key
    pairs = zip(parts, collection.keys, strict=True)
    return joined([kept(part, schema.kind(slug)[0]) for part, slug in pairs])


def key_parts(collection: Collection, key: str) -> tuple[str, ...]:
    """Split *key* into one part per key field of *collection*."""
    return parted(key) if len(collection.keys) > 1 else (key,)


def key_text(value: Any) -> str | None:
    """Return the value of a key field in normal form (12 and "12" are equal); None: not a key."""
    if isinstance(value, str):
        return normal(value) or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no NaN either
    return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)


def key_number(part: str) -> int | float | None:
    """
    Return *part* as a Number field would hold it; None: it would read back as another key, for
    instance because a double drops digits.
    """
    try:
        number: int | float = int(part) if part.lstrip("-").isdigit() else float(part)
        return number if part.isascii() and key_text(float(number)) == part else None
    except (ValueError, OverflowError):
        return None


def shown_key(collection: Collection, fields: Mapping[str, Any]) -> str:
    """Return the values of the key fields, for display."""
    return " and ".join(as_text(fields.get(slug)) for slug in collection.keys)
