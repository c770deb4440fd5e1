"""Durations as people write them: 90s, 30m, 2h, 3d."""

from __future__ import annotations

import re
from typing import Final

FORM: Final = "^[1-9][0-9]{0,2}[smhd]$"
EXPECTED: Final = "90s, 30m, 2h or 3d, at most 999 of a unit"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> int | None:
    """Return the seconds that *text* stands for; None: it is no duration."""
    if re.fullmatch(FORM.removesuffix("$"), text) is None:
        return None
    return int(text[:-1]) * _UNITS[text[-1]]
