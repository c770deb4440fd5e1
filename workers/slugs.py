"""
The slug of an item that is created without one. Pure.

Lower case, digits and hyphens, 256 characters at most; what other letters become, Webflow does not
say. https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST = 256  # characters

# Letters of Latin scripts that Unicode does not take apart into a base and a mark.
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "ħ": "h",
        "\u0131": "i",  # without a dot
        "ŋ": "ng",
    }
)


def slug_from(name: str, key: str) -> str:
    """
    Return the slug of an item with *name*; of one that Latin letters do not write, one from *key*.

    Always the same for the same item: should it be there already, its slug is found taken.
    """
    # A short mark where neither leaves anything, as of a name and a key in Chinese.
    return _latin(name) or _latin(key) or f"item-{hashlib.sha256(key.encode()).hexdigest()[:10]}"


def _latin(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:LONGEST].strip("-")
