"""
The colours that the CMS accepts: hex, rgb(), hsl() and CSS names.

https://developers.webflow.com/data/reference/field-types-item-values
https://www.w3.org/TR/css-color-4/#named-colors
"""

from __future__ import annotations

import re

from tinycss2 import color4

_NAME = re.compile(r"[a-z]+", re.IGNORECASE)
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
_NUMBER = r"[-+]?[0-9]*\.?[0-9]+"
_FUNCTION = re.compile(
    rf"(?:rgb|hsl)a?\(\s*{_NUMBER}(?:deg|%)?(?:\s*[,\s]\s*{_NUMBER}%?){{2}}"
    rf"(?:\s*[,/]\s*{_NUMBER}%?)?\s*\)",
    re.IGNORECASE,
)
_LONGEST = 100  # characters; no notation is longer


def is_color(text: str) -> bool:
    """Tell whether *text* is a colour in one of these notations."""
    if len(text) > _LONGEST:
        return False
    if _NAME.fullmatch(text):
        return isinstance(color4.parse_color(text), color4.Color)  # currentcolor is a text
    return bool(_HEX.fullmatch(text) or _FUNCTION.fullmatch(text))
