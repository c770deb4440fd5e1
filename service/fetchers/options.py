"""Settings of single fetchers, beside those of ``service.senders.options``."""

from __future__ import annotations

import re
from typing import Any, Final

from service.senders.options import Parsed

_WORD: Final = re.compile(r"[A-Za-z_]+", re.ASCII)


def words(*default: str, least: int) -> Parsed:
    """Return a field for a list of at least *least* names, each of letters and _."""
    expected = f"a list of {'names' if least else 'names, or an empty one'}"
    return Parsed(lambda value: _words(value, least), expected, load_default=default)


def _words(value: Any, least: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) < least or not all(map(_WORD.fullmatch, value)):
        raise ValueError(value)
    return tuple(value)
