"""Validation of number fields. All wordings are inferred."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from service.sandbox.fields.sent_value import Sent, is_number
from service.sandbox.model.refusals import ValueRefused

# From here on JavaScript writes a whole number with an exponent, which is read as a double.
_WRITTEN_OUT = 1e21


def number(sent: Sent) -> int | float:
    """Return a number as a double returns it: ``3.0`` as 3, 2**53 + 1 as 2**53."""
    value = double(sent.value)
    if value is None:
        raise ValueRefused("Expected value to be a number", sent.value)
    rules = sent.field.validations
    if rules.get("format") == "integer" and value != math.floor(value):
        raise sent.refusal("format", "Expected value to be an integer")
    # A recorded field without a format has a precision of 1 and bounds of 0.30000003 and up.
    precision = sent.limit("precision")
    if rules.get("format") == "decimal" and precision is not None and decimals(value) > precision:
        raise sent.refusal("precision", "Has too many decimal places")
    if rules.get("allowNegative") is False and value < 0:
        raise sent.refusal("allowNegative", "Negative values are not allowed")
    if rules.get("allowZero") is False and value == 0:
        raise sent.refusal("allowZero", "Zero is not allowed")
    return _bounded(sent, value)


def _bounded(sent: Sent, value: int | float) -> int | float:
    least, most = sent.limit("minValue"), sent.limit("maxValue")
    if least is not None and value < least:
        raise sent.refusal("minValue", "Is too small")
    if most is not None and value > most:
        raise sent.refusal("maxValue", "Is too large")
    return value


def double(value: Any) -> int | float | None:
    """Return a number as a double, whole ones as int; None: it is no number."""
    if not is_number(value):
        return None
    try:
        real = float(value)
    except OverflowError:
        return None
    if not math.isfinite(real):
        return None
    return int(real) if abs(real) < _WRITTEN_OUT and real.is_integer() else real


def decimals(value: int | float) -> int:
    """Return the number of decimal places of *value* as written."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
