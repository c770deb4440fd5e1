"""A value as sent, for the readers of each field type."""

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
    """A value as sent, and its context."""

    value: Any
    field: Field
    api: str  # "v1" or "v2": they accept different images
    files: Files
    exists: Callable[[str, str], bool]  # collection id, item id
    rules: Rules = dataclasses.field(default_factory=Rules)

    def text(self, reason: str = "Expected value to be a string") -> str:
        """Return the value as stored text; raises ValueRefused with *reason* if it is no text."""
        if not isinstance(self.value, str):
            raise ValueRefused(reason, self.value)
        return whole(self.value)

    def limit(self, name: str) -> float | None:
        """Return a bound of the field, or None."""
        bound = self.field.validations.get(name)
        return bound if is_number(bound) else None

    def refusal(self, rule: str, reason: str) -> ValueRefused:
        """Return the refusal by a rule of the field, with the field's own message if it has one."""
        messages = self.field.validations.get("messages")
        told = messages.get(rule) if isinstance(messages, Mapping) else None
        return ValueRefused(told if isinstance(told, str) else reason, self.value)


Reader = Callable[[Sent], Any]


def whole(text: str) -> str:
    """Return *text* with U+FFFD for half a surrogate pair, which UTF-8 cannot represent."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
