"""
Records whose values are all text, as in a CSV file, for mappings that were written for JSON.

A plain path reads the text, which the field loads like text in JSON: ``00123`` stays. Any other
expression, ``when`` and ``version`` see a cell as JSON would have it: a number, true or false. If
that fails, or only passes the cell on, the text counts. An empty cell is null where null clears,
else absent.
"""

from __future__ import annotations

import json
import math
import re
from functools import cached_property
from typing import Any, Final

from marshmallow import missing

from service.mapping.paths import Path

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_ZEROS = re.compile(r"-?\d{1,15}\.0+", re.ASCII)
# Spreadsheets write TRUE, Python True.
_WORDS: Final = {"": None} | {
    spelt: word == "true"
    for word in ("true", "false")
    for spelt in (word, word.upper(), word.title())
}


class Cells(dict[str, Any]):
    """A record of text cells; a column named like a path is a member of an inner object."""

    @cached_property
    def typed(self) -> dict[str, Any]:
        """The record with every cell as JSON would have it."""
        return _typed(self)


def typed(root: Any) -> Any:
    return root.typed if isinstance(root, Cells) else root


def read(path: Path, root: Any, *, clears: bool = False, whole: bool = False) -> Any:
    """
    Return the value of *path* in *root*, cells or any other payload; see `Path.read`.

    Args:
        clears: An empty cell is null.
        whole: The field takes whole numbers, and may refuse text: convert the cell.

    Raises:
        ValueError: The expression cannot be evaluated on *root*.
    """
    if not isinstance(root, Cells):
        return path.read(root)
    if path.steps is not None:
        value = path.read(root)
        if value == "":
            return None if clears else missing
        number = _cell(value) if whole and isinstance(value, str) else None
        return number if type(number) is int else value
    if path.call is not None:  # it makes a key, which is text: 00123 stays
        try:
            return path.read(root)
        except ValueError:
            return path.read(root.typed)
    try:
        value = path.read(root.typed)
    except ValueError:
        return path.read(root)
    if whole or not isinstance(value, int | float):
        return value
    return _handed_on(path, root, value)


def evaluate(path: Path, root: Any) -> Any:
    """
    Return the result of JMESPath on *root*, for its truth; see `Path.evaluate`. Raises ValueError
    if the expression cannot be evaluated on *root*.
    """
    try:
        return path.evaluate(typed(root))
    except ValueError:
        if isinstance(root, Cells):
            return path.evaluate(root)
        raise


def _handed_on(path: Path, root: Cells, value: int | float) -> Any:
    """Return the text of the cell that *value* repeats: ``a || b`` passes a cell on."""
    try:
        text = path.read(root)
    except ValueError:
        return value
    return text if isinstance(text, str) and _cell(text) == value else value


def _typed(record: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in record.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return _typed(value)
    return [_value(each) for each in value] if isinstance(value, list) else _cell(value)


def _cell(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text) is None:
        return text
    try:
        number = json.loads(text)
    except ValueError:  # more than 4300 digits
        return text
    if not math.isfinite(number):
        return text
    # Spreadsheets write 5.0 for a whole number in a column with empty cells.
    return int(number) if _ZEROS.fullmatch(text) else number
