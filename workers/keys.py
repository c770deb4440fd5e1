"""
Keys as they are compared, and a key of several parts as one text, and back. Pure.

A key is compared in its normal form, on both sides and in every place: what stands in a column of
fixed width, or was typed on another system, is the same key. Shown it is as it came.

A ``|`` stands between the parts; a ``|`` or ``\\`` that is in one has a ``\\`` before it, so that
no two keys make one text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from workers.model.letters import nfc

# What Unicode calls white space (White_Space=yes). Not str.strip(), which takes separators of
# records too: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
WHITE_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_MARKS = re.compile(r"[\\|]")


def normal(key: str) -> str:
    """
    Return *key*, or a part of one, as it is compared: in NFC, without white space at its ends.

    https://www.unicode.org/reports/tr15/#Norm_Forms
    """
    return nfc(key).strip(WHITE_SPACE)


def normal_record(record: str, parts: int) -> str:
    """Return the key *record*, of so many *parts*, with each of them as it is compared."""
    if parts == 1:
        return normal(record)
    return joined([normal(part) for part in parted(record)])


def joined(parts: Sequence[str]) -> str:
    """Return the key of *parts*; one alone is the key as it stands."""
    if len(parts) == 1:
        return parts[0]
    return "|".join(_MARKS.sub(r"\\\g<0>", part) for part in parts)


def parted(key: str) -> tuple[str, ...]:
    """Return the parts of a *key* that ``joined`` made of several."""
    parts = [""]
    letters = iter(key)
    for letter in letters:
        if letter == "|":
            parts.append("")
        else:
            parts[-1] += next(letters, letter) if letter == "\\" else letter
    return tuple(parts)
