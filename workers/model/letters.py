"""
Texts in Unicode's normal form, in a time that goes with their length. Pure.

Normalising takes the square of the number of marks in a row, of which no writing has many: 200 KB
of them took 40 seconds.

https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import Final

# More than 30 in a row of what may be a mark: all but the letters of long words without a blank.
_ROW: Final = re.compile(
    r"[^\x00-\u02ff\u0400-\u0482\u3040-\u3096\u30a0-\u30ff\u3400-\u9fff\uac00-\ud7a3]{31,}"
)


def nfc(text: str) -> str:
    """Return *text* in NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", ordered(text))


def ordered(text: str) -> str:
    """Return the same *text* with long rows of marks in the order of a normal form."""
    return _ROW.sub(lambda row: _ordered(row[0]), text)


def _ordered(row: str) -> str:
    # Letter by letter: some are taken apart into several marks.
    apart = "".join(unicodedata.normalize("NFD", letter) for letter in row)
    return "".join(
        "".join(sorted(marks, key=unicodedata.combining) if is_mark else marks)
        for is_mark, marks in groupby(apart, key=lambda one: unicodedata.combining(one) > 0)
    )
