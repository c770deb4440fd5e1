"""Lookup tables: from a sender's codes to labels of the CMS."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Final

from marshmallow import ValidationError, fields

from service.mapping.display import found

SHOWN: Final = 12  # values that a message names


class Lookup(fields.Field[Any]):
    """
    Accepts a value that is in *table*, or a list of them; ``1``, ``1.0`` and ``"1"`` are the same.
    Value: the table's value, as *field* writes it. Compared: as *field* is.

    Args:
        table: From the sender's values to those for the CMS.
        field: The type of the CMS field: ``Option()`` for a label, ``Reference(…)``; without it,
            the value is sent as it is.
        other: The value for everything that is not in the table; without it that is a problem.
    """

    _NONE: Final = object()

    def __init__(
        self,
        table: Mapping[Any, Any],
        field: fields.Field[Any] | None = None,
        *,
        other: Any = _NONE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.table: dict[str, Any] = {}
        for key, value in table.items():
            name = _name(key)
            if name is None:
                raise ValueError(f"Lookup: {key!r} in the table, expected text or a number")
            self.table[name] = value
        self.inner: fields.Field[Any] = fields.Raw() if field is None else field
        self.other = other

    def _bind_to_schema(self, field_name: str, parent: Any) -> None:
        super()._bind_to_schema(field_name, parent)
        self.inner = copy(self.inner)  # as marshmallow's List does
        self.inner._bind_to_schema(field_name, self)

    @property
    def takes_empty(self) -> bool:
        return "" in self.table

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        looked_up = [*map(self._find, value)] if isinstance(value, list) else self._find(value)
        return None if looked_up is None else self.inner.deserialize(looked_up, attr, data)

    def _find(self, value: Any) -> Any:
        name = _name(value)
        if name in self.table:
            return self.table[name]
        if self.other is not Lookup._NONE:
            return self.other
        names = ", ".join([*self.table][:SHOWN]) + (", …" if len(self.table) > SHOWN else "")
        raise ValidationError(f"Not in the table: {found(value)}, expected one of {names}.")


def _name(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and value.bit_length() > 256:
        return None
    return str(value) if isinstance(value, str | int | float) else None
