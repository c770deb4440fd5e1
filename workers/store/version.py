"""
The version of the store: the names of its keys, and their contents.

A release reads and writes its own version and the one before, so that two releases can run side by
side during a rolling restart. A store of a later version is refused: it might be misread.

Version 1 has no `keys.VERSION`, and keys of records as their sources wrote them. Version 2 has keys
of records in their normal form (`workers.webflow.item_keys.normal`). Version 3 has the fields of
records at rest packed (``lua/lib/field_pack.lua``). Version 4 has the words of packs as one byte
each, and the sorted sets of the search index in parts (``lua/lib/search_parts.lua``).
"""

from __future__ import annotations

import redis

from workers.errors import Problem, StoreNewer
from workers.store import keys

VERSION = 4


def read(client: redis.Redis) -> int:
    """
    Return the version of the store, for an empty one that of this release; StoreNewer as
    `number_of`.
    """
    text = client.get(keys.VERSION)
    if text is None:
        # Every accepted value has been counted.
        return 1 if client.exists(keys.ARRIVAL, keys.COUNTS) else VERSION
    return number_of(text)


def number_of(text: str | bytes) -> int:
    """Parse the value of `keys.VERSION`; StoreNewer if this release does not know the version."""
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
                "restore a backup of the store from before that release was started "
                "(instep docs upgrading)",
            )
        )
    return int(text)


def mark(client: redis.Redis) -> None:
    """Write this release's version to the store, unless it has a later one."""
    if read(client) <= VERSION:
        client.set(keys.VERSION, VERSION)
