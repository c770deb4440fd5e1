"""Amounts of money as senders count them: in the smallest unit of the currency."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from marshmallow import ValidationError, fields

from service.mapping.display import found

# https://www.six-group.com/en/products-services/financial-information/data-standards.html
# (ISO 4217, list one; read 2026-11-28); all others have two.
_DECIMALS: Final = {
    code: decimals
    for decimals, codes in (
        (0, ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
             "VND", "VUV", "XAF", "XOF", "XPF")),
        (3, ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")),
        (4, ("CLF", "UYW")),
    )
    for code in codes
}  # fmt: skip
_CODE: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)
_EXPECTED: Final = "expected an amount, [amount, currency] or {amount, currency}"


def decimals_of(currency: Any) -> int:
    """
    Return the number of decimals of *currency* in ISO 4217; upper or lower case. Raises ValueError
    if it is no code of three letters.
    """
    if not isinstance(currency, str) or _CODE.fullmatch(currency) is None:
        raise ValueError(
            f"found {found(currency)}, expected a currency code of three letters, such as EUR"
        )
    return _DECIMALS.get(currency.upper(), 2)


class MinorUnits(fields.Decimal):
    """
    Accepts an amount in the smallest unit of its currency (1999 cents, 500 yen): a number or text
    of one; with its currency a list ``[amount, currency]`` or an object ``{amount, currency}``.
    Value: the amount in the currency itself, a number (19.99, 500). Compared: by value.

    Args:
        currency: Of amounts without one.
        decimals: Of all amounts, whatever their currency.
    """

    def __init__(
        self, *, currency: str | None = None, decimals: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.decimals = decimals
        if decimals is None and currency is not None:
            self.decimals = decimals_of(currency)
        self.fixed = decimals is not None

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Decimal:
        given, currency = _parted(value)
        amount: Decimal = super()._deserialize(given, attr, data, **kwargs)
        decimals = self.decimals
        if currency is not None and not self.fixed:
            try:
                decimals = decimals_of(currency)
            except ValueError as error:
                raise ValidationError(f"{error}.") from None
        if decimals is None:
            raise ValidationError("No currency with the amount, and none in the field.")
        return _shifted(amount, decimals)


def _shifted(amount: Decimal, decimals: int) -> Decimal:
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int):  # NaN, with allow_nan
        return amount
    return Decimal((sign, digits, exponent - decimals))  # scaleb rounds to 28 digits


def _parted(value: Any) -> tuple[Any, Any]:
    if isinstance(value, dict):
        value = [value.get("amount"), value.get("currency")]
    if not isinstance(value, list):
        return value, None
    if len(value) != 2 or None in value:
        raise ValidationError(f"Not an amount with its currency: {_EXPECTED}.")
    return value[0], value[1]
