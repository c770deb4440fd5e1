"""How problems show a value of a payload: short, ASCII, and never an exception."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 60  # characters of one value
LONGEST_MESSAGE = 300


def found(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 256:
        return "a number of more than 75 digits"
    if isinstance(value, str | int | float):
        text = json.dumps(value[: LONGEST + 1] if isinstance(value, str) else value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return type(value).__name__


def reason(error: Exception) -> str:
    """Return type and message of *error*."""
    try:
        words = str(error)
    except Exception:  # its message may include a value nested too deeply to show
        words = "its message cannot be shown"
    return plain(f"{type(error).__name__}: {words}")


def plain(text: str) -> str:
    """Return *text* cut to a readable length, without characters that UTF-8 cannot hold."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return whole if len(whole) <= LONGEST_MESSAGE else whole[:LONGEST_MESSAGE] + "…"
