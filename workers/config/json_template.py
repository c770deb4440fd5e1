"""
A body as JSON text with ``{cursor}``, ``{since}`` and ``{page}``, which are put in as JSON values.

A placeholder that stands alone, in quotes or not, becomes the value: a text, a number or null.
Within a longer text it becomes part of that text. So no value can break the JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

NAMES: Final = ("cursor", "since", "page")
_NAMED: Final = "|".join(NAMES)
# A whole text in quotes, or a placeholder outside of any.
_TOKEN: Final = re.compile(rf'"(?:[^"\\]|\\.)*"|\{{(?:{_NAMED})\}}')
_PLACEHOLDER: Final = re.compile(rf"\{{({_NAMED})\}}")


def parse(text: str) -> Any:
    """Return the template in *text*; raises ValueError if it is no JSON."""
    return json.loads(_TOKEN.sub(lambda found: _quoted(found[0]), text))


def names_in(text: str) -> frozenset[str]:
    """Return the placeholders of *text*."""
    return frozenset(_PLACEHOLDER.findall(text))


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return *template* with *values* put in; what has none is null."""
    if isinstance(template, dict):
        return {name: fill(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [fill(each, values) for each in template]
    if not isinstance(template, str):
        return template
    if alone := _PLACEHOLDER.fullmatch(template):
        return values.get(alone[1])
    return _PLACEHOLDER.sub(lambda found: _text(values.get(found[1])), template)


def _quoted(token: str) -> str:
    return token if token.startswith('"') else f'"{token}"'


def _text(value: Any) -> str:
    return "" if value is None else str(value)
