"""Limits of the Lua steps that Python needs as well; a test compares them."""

from typing import Final

CLAIM_MS: Final = 30_000  # duration of a claim
HOUR_US: Final = 3600 * 1_000_000  # how far a version may be ahead of the store's clock
STALLED_MS: Final = 900_000  # a source that sends nothing newer for so long, and
STALLED_EVENTS: Final = 5  # so many older events, gets a warning
MARKER_MS: Final = 5000  # after which a wake-up whose job has not started may be lost
