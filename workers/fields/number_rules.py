"""
The validation rules of a Number field.

https://developers.webflow.com/data/reference/field-types-item-values
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Rules = Mapping[str, Any]


def bound(rules: Rules, name: str) -> int | float | None:
    rule = rules.get(name)
    is_number = isinstance(rule, int | float) and not isinstance(rule, bool)
    return rule if is_number else None


def expected_number(value: Any, rules: Rules) -> str | None:
    """Return what a field with *rules* expects, or None if *value* fits."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return "a number"
    # Compared as a double, as the CMS stores it: the exact digits of 0.1 would be above a bound of
    # 0.1.
    amount = value if isinstance(value, int) else float(value)
    if isinstance(amount, float) and not math.isfinite(amount):
        return None
    if not rules:
        return None
    return next(
        (words.format_map(rules) for breaks, words in _RULES if breaks(amount, rules)), None
    )


def _is_broken(amount: float, rules: Rules) -> bool:
    whole = isinstance(amount, int) or amount.is_integer()
    return rules.get("format") == "integer" and not whole


def _is_too_fine(amount: float, rules: Rules) -> bool:
    # Recorded: a field without a format has a precision of 1 and bounds with more decimal places.
    places = bound(rules, "precision")
    if rules.get("format") != "decimal" or places is None:
        return False
    exponent = Decimal(repr(amount)).normalize().as_tuple().exponent
    return isinstance(exponent, int) and -exponent > places


def _is_below(amount: float, rules: Rules) -> bool:
    least = bound(rules, "minValue")
    return least is not None and amount < least


def _is_above(amount: float, rules: Rules) -> bool:
    most = bound(rules, "maxValue")
    return most is not None and amount > most


def _is_negative(amount: float, rules: Rules) -> bool:
    return rules.get("allowNegative") is False and amount < 0


def _is_zero(amount: float, rules: Rules) -> bool:
    return rules.get("allowZero") is False and amount == 0


_RULES: tuple[tuple[Callable[[float, Rules], bool], str], ...] = (
    (_is_broken, "a whole number"),
    (_is_too_fine, "at most {precision} decimal places"),
    (_is_negative, "no number below 0"),
    (_is_zero, "any number but 0"),
    (_is_below, "at least {minValue}"),
    (_is_above, "at most {maxValue}"),
)
