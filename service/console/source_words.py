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
# What a person should look at → what it means for the site. Its title: `need_titles.title_of`.
NEEDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "every delivery refused": "Nothing of this source reaches the site.",
        "most requests refused": "What is refused is not kept, and does not reach the site.",
        "pull held": "The site shows what was there before.",
        "pull failed": "What was read is on the site; nothing was taken away.",
        "pull killed": "The site may lack what it read.",
        "pull overdue": "The site shows what was pulled before.",
        "silent": "The site shows what came before.",
        "nothing wanted": "Nothing of this source reaches the site.",
        "only older values": "Nothing of it is written to the site.",
        "no room for payloads": "Further ones are kept without their payload, and cannot be "
        "replayed.",
    }
)
