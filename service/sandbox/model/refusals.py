"""
Refusals of the stand-in, independent of the API's wording.

A kind names the cause; ``v1_errors`` and ``v2_errors`` map kinds to status and code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

UNDEFINED: Any = object()  # the value of a field that has none to quote

DEEPEST = 20  # levels of a quoted value


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """A field that cannot be written: its slug, the reason, and the value if any."""

    slug: str
    reason: str
    value: Any = UNDEFINED

    @property
    def quoted(self) -> str:
        """The value as both APIs quote it: text in single quotes, the rest as JSON."""
        if self.value is UNDEFINED:
            return "undefined"
        if isinstance(self.value, str):
            return f"'{self.value}'"
        return json.dumps(self.quotable, ensure_ascii=False, separators=(",", ":"))

    @property
    def quotable(self) -> Any:
        """The value as JSON can hold it: no infinities, nothing below DEEPEST levels."""
        return _quotable(self.value, DEEPEST)


def _quotable(value: Any, levels: int) -> Any:
    if isinstance(value, dict | list) and levels == 0:
        return None
    if isinstance(value, dict):
        return {name: _quotable(one, levels - 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_quotable(one, levels - 1) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None  # as JSON.stringify writes it
    return value


class ValueRefused(Exception):
    """A value does not fit its field. *value* defaults to the one that was sent."""

    def __init__(self, reason: str, value: Any = UNDEFINED) -> None:
        self.reason = reason
        self.value = value
        super().__init__(reason)


class FileUnavailable(ValueRefused):
    """A file cannot be imported; with ``skipInvalidFiles`` the field is left out instead."""


class Refused(Exception):
    """
    A request that is answered with an error.

    Args:
        kind: A key of the tables in ``v1_errors`` and ``v2_errors``.
        text: For the message, if it has a placeholder.
        fields: All invalid fields.
        counted: Whether the answer has rate headers (v1: not for a request refused by its shape).
    """

    def __init__(
        self,
        kind: str,
        text: str = "",
        *,
        fields: Sequence[FieldRefusal] = (),
        counted: bool = True,
    ) -> None:
        self.kind = kind
        self.text = text
        self.fields = tuple(fields)
        self.counted = counted
        super().__init__(f"{kind}: {text}" if text else kind)


def shape(text: str) -> Refused:
    """Return the refusal of a request with a malformed body or query."""
    return Refused("shape", text, counted=False)
