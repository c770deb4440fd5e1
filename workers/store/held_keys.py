"""The keys of held retirements (``held_retirements.lua``) that Python uses; others: ``keys.py``."""

from __future__ import annotations

from workers.store.keys import PREFIX

HELD = "held"  # name in the hash of an item: its held retirement
DROPPED = "dropped"  # likewise: the one that an operator dropped
ASKS = "asks"  # name in the hash of a collection: those of it wait for approval, and why
ASKS_SINCE = "asks_since"  # likewise: since when (ms)
COUNT_NEXT = "count_next"  # likewise: when the CMS is asked for the number of items (ms)


def held(collection: str) -> str:
    """Sorted set: records whose retirement is held, by its arrival number."""
    return f"{PREFIX}held:{collection}"
