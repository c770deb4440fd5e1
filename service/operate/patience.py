"""How long somebody waits for slots of the budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from service.operate.undo_reads import Later

PATIENCE: Final = 3.0  # s


def patient(seconds: float = PATIENCE) -> Callable[[float], None]:
    """Return a sleep that ends with `Later` once it has slept for so long."""
    till = time.monotonic() + seconds

    def sleep(wait: float) -> None:
        if time.monotonic() + wait > till:
            raise Later(wait)
        time.sleep(wait)

    return sleep
