"""
Every key of the list of deliveries, and of how far spools are drained.

The deliveries that are kept with their bodies have `keys.kept`.
"""

from __future__ import annotations

from workers.store.keys import PREFIX


def unkept(source: str) -> str:
    """Stream: deliveries that were proven and are not kept, such as repeats, without their body."""
    return f"{PREFIX}unkept:{source}"


def refused(source: str) -> str:
    """Stream: requests that were refused, without their body (``refusal_list.py``)."""
    return f"{PREFIX}refused:{source}"


def spool(file: str) -> str:
    """Hash: how far the file of a spool is drained (``spool.lua``)."""
    return f"{PREFIX}spool:{file}"
