"""The settings that fetchers have of their own, beside those of ``service.senders.options``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from marshmallow import fields

from service.senders.options import Text

_WORD: Final = re.compile(r"[A-Za-z_]+", re.ASCII)


class Matching(Text):
    """Text of a form that *expected* says in words; required unless it has a default."""

    def __init__(self, pattern: str, expected: str, **more: Any) -> None:
        messages: dict[str, Any] = dict.fromkeys(("invalid", "null", "required"), expected)
        more.setdefault("required", "load_default" not in more)
        super().__init__(error_messages=messages, **more)
        self._pattern = re.compile(pattern, re.ASCII)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            raise self.make_error("invalid")
        return value


class Words(fields.Field[tuple[str, ...]]):
    """A list of names, each of letters and _."""

    def __init__(self, *default: str, least: int) -> None:
        expected = f"a list of {'names' if least else 'names, or an empty one'}"
        messages: dict[str, Any] = dict.fromkeys(("invalid", "null"), expected)
        super().__init__(load_default=default, error_messages=messages)
        self._least = least

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[str, ...]:
        words = value if isinstance(value, list) else None
        if words is None or len(words) < self._least or not all(map(_is_word, words)):
            raise self.make_error("invalid")
        return tuple(words)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None
