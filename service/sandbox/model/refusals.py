"""
What the stand-in refuses, before it is known in which API's words.

A kind names the cause; ``v1`` and ``v2`` each hold a table from kind to status and code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

UNDEFINED: Any = object()  # the value of a field that has none to quote

DEEPEST = 20  # levels of a value that a refusal quotes


@dataclass(frozen=True, slots=True)
class FieldRefusal:
    """One field that cannot be written: its slug, why, and the value where there is one."""

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
        """The value as JSON can carry it: no infinite number, nothing below DEEPEST levels."""
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
        kind: A key of the tables in ``v1`` and ``v2``.
        text: What is put into the message, where its pattern has a place for it.
        fields: The fields at fault, all of them at once.
        counted: Whether the answer carries the headers of the rate limit (v1: not for a
            request that is refused by its shape alone).
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
    """Return the refusal of a request whose body or query has the wrong shape."""
    return Refused("shape", text, counted=False)
