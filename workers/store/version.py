"""
The version of what the store holds: how its keys are named and what stands in them.

A build reads and writes its own version and the one before, so that
processes of two releases work side by side while one takes the place of the other. A store of a
later version may hold what this build would misread, and is refused.

=======  ===========================================================================================
Version  What it holds
=======  ===========================================================================================
1        no `keys.VERSION`; keys of records as their sources wrote them
2        keys of records in their normal form (`workers.webflow.item_keys.normal`)
=======  ===========================================================================================
"""

from __future__ import annotations

import redis

from workers.errors import Problem, StoreNewer
from workers.store import keys

VERSION = 2


def read(client: redis.Redis) -> int:
    """
    Return the version of the store; of an empty one that of this build.

    Raises:
        StoreNewer: it is none that this build knows.
    """
    text = client.get(keys.VERSION)
    if text is None:
        # Whatever was accepted has been counted.
        return 1 if client.exists(keys.ARRIVAL, keys.COUNTS) else VERSION
    return number_of(text)


def number_of(text: str | bytes) -> int:
    """
    Return the version that `keys.VERSION` holds.

    Raises:
        StoreNewer: it is none that this build knows.
    """
    known = range(1, VERSION + 1)
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if not (text.isascii() and text.isdigit()) or int(text) not in known:
        raise StoreNewer(
            Problem(
                f"store: {keys.VERSION}",
                repr(text),
                f"{VERSION}, the version that this release writes, or an older one",
                "start the release that wrote it, or a newer one; or stop all processes and "
                "restore a backup of the store from before that release was started",
            )
        )
    return int(text)


def mark(client: redis.Redis) -> None:
    """Name the version of this build in the store, unless that names a later one."""
    if read(client) <= VERSION:
        client.set(keys.VERSION, VERSION)
