"""Words of the pages of sources."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Outcome of a delivery → what it means. The words are those of `instep deliveries`.
OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kept": "accepted: at least one event was new",
        "duplicate": "a repeat: all of it had come before",
        "unwanted": "no mapping takes any of it",
        "unmapped": "a mapping takes it and could not read it",
        "refused": "not proven, or no delivery",
        "spooled": "kept on the disk of this machine until the store answers",
    }
)
TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "duplicate": "duplicate (a repeat)",
        "unwanted": "unwanted (no mapping)",
        "unmapped": "unmapped (a problem)",
        "spooled": "spooled (on the disk)",
    }
)
# What became of one event of a delivery.
BECAME: Final[Mapping[str, str]] = MappingProxyType(
    {
        "waits": "waits for the store",
        "repeated": "had come before",
        "accepted": "accepted",
        "accepted in part": "accepted in part: the rest is a problem",
        "left out": "could not be mapped: it is a problem",
        "unwanted": "no mapping took it",
    }
)
# What a person should look at → its title, and what it means for the site.
NEEDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "every delivery refused": (
            "Every delivery is refused",
            "Nothing of this source reaches the site.",
        ),
        "most requests refused": (
            "Most requests of the last hour were refused",
            "What is refused is not kept, and does not reach the site.",
        ),
        "pull held": (
            "What was pulled waits for approval",
            "The site shows what was there before.",
        ),
        "pull failed": (
            "It could not be pulled as a whole",
            "What was read is on the site; nothing was taken away.",
        ),
        "pull killed": ("The last pull was killed", "The site may lack what it read."),
        "pull overdue": (
            "The next pull has not begun",
            "The site shows what was pulled before.",
        ),
        "silent": ("Nothing comes any more", "The site shows what came before."),
        "nothing wanted": (
            "No mapping takes what it sends",
            "Nothing of this source reaches the site.",
        ),
        "only older values": (
            "Everything that comes is older than what is held",
            "Nothing of it is written to the site.",
        ),
        "no room for payloads": (
            "Too many events cannot be mapped",
            "Further ones are kept without their payload, and cannot be replayed.",
        ),
    }
)
