"""The keys of write-backs (``writebacks.lua``); all others: ``keys.py``."""

from __future__ import annotations

from workers.store.keys import PREFIX

WRITEBACKS = f"{PREFIX}writebacks"  # set: all names ever used
NUMBER = f"{PREFIX}writeback-number"  # the last sequence


def writeback(name: str) -> str:
    """Hash: collection, pause, outage, how many were told and how many are dead letters."""
    return f"{PREFIX}writeback:{name}"


def due(name: str) -> str:
    """Sorted set: records by the ms at which they may be told; of a claim: till it ends."""
    return f"{PREFIX}writeback-due:{name}"


def records(name: str) -> str:
    """Hash: record → what is to be told of it, JSON."""
    return f"{PREFIX}writeback-records:{name}"
