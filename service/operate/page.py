"""One page of a list: its entries, and the cursor of the next page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page of a list, newest first where the list has times.

    Args:
        items: The entries; each is ready for JSON.
        next: The cursor of the next page; None: this is the last.
    """

    items: list[dict[str, Any]]
    next: str | None = None
