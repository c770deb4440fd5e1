"""
Parse CSS colours into red, green, blue and alpha.

The CMS takes ``#RGB #RGBA #RRGGBB #RRGGBBAA rgb() rgba() hsl() hsla()``, names and ``transparent``,
and may answer in another notation.

https://developers.webflow.com/data/reference/field-types-item-values
https://www.w3.org/TR/css-color-4/
"""

from __future__ import annotations

import colorsys
import re

from tinycss2 import color4

Color = tuple[float, float, float, float]  # red, green, blue, alpha: each 0 to 255

_NAME = re.compile(r"[a-z]+")
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_CALL = re.compile(r"(rgb|hsl)a?\(([^()]{1,100})\)")
_PART = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(%|deg|)")


def parse(text: str) -> Color | None:
    """Parse a CSS colour; None if *text* is not one."""
    text = text.strip().lower()
    if _NAME.fullmatch(text):
        named = color4.parse_color(text)
        # currentcolor comes back as a text.
        return _of_name(named) if isinstance(named, color4.Color) else None
    if _HEX.fullmatch(text):
        digits = text[1:]
        if len(digits) <= 4:
            digits = "".join(2 * digit for digit in digits)
        red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
        return float(red), float(green), float(blue), float(alpha)
    call = _CALL.fullmatch(text)
    return _called(call[1], re.split(r"[\s,/]+", call[2].strip())) if call else None


def _of_name(named: color4.Color) -> Color:
    red, green, blue, alpha = (255.0 * part for part in named)
    return red, green, blue, alpha


def _called(function: str, words: list[str]) -> Color | None:
    parts = [match.groups() for match in map(_PART.fullmatch, words) if match]
    if len(parts) != len(words) or len(parts) not in (3, 4):
        return None
    first, second, third = ((float(number), unit) for number, unit in parts[:3])
    alpha = _scaled(*parts[3], whole=1.0) if len(parts) == 4 else 255.0
    if function == "rgb":
        red, green, blue = (
            _scaled(str(n), unit, whole=255.0) for n, unit in (first, second, third)
        )
        return red, green, blue, alpha
    shares = [min(max(n, 0.0), 100.0) / 100 for n, _ in (second, third)]
    tones = colorsys.hls_to_rgb((first[0] % 360) / 360, shares[1], shares[0])
    return tones[0] * 255, tones[1] * 255, tones[2] * 255, alpha


def _scaled(number: str, unit: str, *, whole: float) -> float:
    """Scale *number* from 0 to *whole* (or 100 %) to 0 to 255."""
    return min(max(float(number) / (100.0 if unit == "%" else whole), 0.0), 1.0) * 255


def same_color(one: Color, other: Color) -> bool:
    """Tell whether two colours are equal, allowing for rounding to integers."""
    return all(abs(a - b) < 0.6 for a, b in zip(one, other, strict=True))
