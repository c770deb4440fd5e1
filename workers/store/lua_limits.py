"""
Limits that the Lua steps hold, where Python needs them as well; a test compares the two. Pure.
"""

from typing import Final

CLAIM_MS: Final = 30_000  # for which a claim lasts
HOUR_US: Final = 3600 * 1_000_000  # a time further ahead of the store's clock is no version
STALLED_MS: Final = 900_000  # without news from a source, and
STALLED_EVENTS: Final = 5  # older events meanwhile: a warning
MARKER_MS: Final = 5000  # a wake-up whose job has not started by then may be lost
