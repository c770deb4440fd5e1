"""A value as it was sent, with what every reader of values asks of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from service.sandbox.fields.files import Files
from service.sandbox.model.refusals import ValueRefused
from service.sandbox.model.rules import Rules
from service.sandbox.model.schema import Field


@dataclass(frozen=True, slots=True)
class Sent:
    """A value as it was sent, and what it is read against."""

    value: Any
    field: Field
    api: str  # "v1" or "v2": they take images differently
    files: Files
    exists: Callable[[str, str], bool]  # collection id, item id
    rules: Rules = dataclasses.field(default_factory=Rules)

    def text(self, reason: str = "Expected value to be a string") -> str:
        """
        Return the value as the text that is stored.

        Raises:
            ValueRefused: it is no text; *reason* says what was expected.
        """
        if not isinstance(self.value, str):
            raise ValueRefused(reason, self.value)
        return whole(self.value)

    def limit(self, name: str) -> float | None:
        """Return a bound of the field, or None where it has none."""
        bound = self.field.validations.get(name)
        return bound if is_number(bound) else None

    def refusal(self, rule: str, reason: str) -> ValueRefused:
        """Return the refusal by one rule of the field, in the field's own words if it has any."""
        messages = self.field.validations.get("messages")
        told = messages.get(rule) if isinstance(messages, Mapping) else None
        return ValueRefused(told if isinstance(told, str) else reason, self.value)


Reader = Callable[[Sent], Any]


def whole(text: str) -> str:
    """Return *text* with U+FFFD for every half of a surrogate pair: no UTF-8 can hold one."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
