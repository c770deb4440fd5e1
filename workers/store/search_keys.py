"""The keys of the search index (``search_index.py``)."""

from __future__ import annotations

from workers.store.keys import PREFIX

# hash: ``<collection>:<record>`` → when it changed, in µs: what the index does not show yet
DUE = f"{PREFIX}search-due"
STATE = f"{PREFIX}search-state"  # hash: how far the look at all records is, and `parted`


def texts(place: str) -> str:
    """
    Sorted set, all of score 0: folded texts of the records of *place* (``search_row.py``), with
    ``:parts`` and ``:=<member>``: parts of it (``search_parts.lua``).
    """
    return f"{PREFIX}search:{place}"


def by_key(place: str) -> str:
    """The same of the folded key of each row alone (``search_order.py``)."""
    return f"{PREFIX}search-keys:{place}"


def rows(place: str) -> str:
    """Hash: record → what is known of its texts (``search_row.py``)."""
    return f"{PREFIX}search-rows:{place}"


def parted(place: str) -> str:
    """Name in `STATE`: how many members of `by_key` are in parts (``search_parts.lua``)."""
    return f"parts:{place}"
