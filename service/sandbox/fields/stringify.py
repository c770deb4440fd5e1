"""JSON as ``JSON.stringify`` writes it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def written(value: Any) -> str:
    """Return *value* as ``JSON.stringify`` writes it; all numbers are doubles."""
    if isinstance(value, dict):
        pairs = (f"{written(key)}:{written(one)}" for key, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(one) for one in value) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(float(value))
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Return a finite double as JavaScript writes it: Python's digits, other exponents."""
    negative, places, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits, minus = "".join(map(str, places)), "-" if negative and value else ""
    point = len(digits) + int(exponent)  # digits before the point
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}"
    if 0 < point <= 21:
        whole, part = digits[:point].ljust(point, "0"), digits[point:]
        return f"{minus}{whole}.{part}" if part else f"{minus}{whole}"
    part = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{part}e{point - 1:+d}"
