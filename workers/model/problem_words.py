"""What is wrong with a field, in words that name it once."""

from __future__ import annotations

import re
from typing import Final

_TWICE: Final = re.compile(r"(?<![\w.\[\]-])([\w-]+): (?=the \1\b)")


def problem_words(field: str, message: str) -> str:
    """Return *field* and *message*; "the body is …" of the field "body" names it already."""
    return said_once(f"{field}: {message}")


def said_once(words: str) -> str:
    """Return *words* of several problems, each of which names its field once."""
    return _TWICE.sub("", words)
