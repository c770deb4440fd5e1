"""
Find out which items of a request an error body is about: by position, or by text it repeats.

Undocumented. APIs of this kind answer ``items[3].fieldData.price``, ``/items/3/fieldData``,
``{"index": 3}``, or texts that hold an id or a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

MOST = 2000  # texts and numbers examined per answer
LONGEST = 2000  # characters of each
DEEPEST = 12

_PLACES = frozenset({"index", "itemindex", "item_index", "position"})
_PATHS = frozenset({"path", "loc", "instancepath", "param", "field"})
_AT = re.compile(r"\bitems(?:\[|\.|/)(\d{1,3})\b|\bindex:? (\d{1,3})\b")


def mentions(document: Any) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return all texts in the error body *document*, and the item positions it names."""
    texts, places = [], set()
    for count, (key, value) in enumerate(_leaves(document, "", 0)):
        if count >= MOST:
            break
        if isinstance(value, str):
            text = value[:LONGEST]
            texts.append(text)
            places |= {int(one or other) for one, other in _AT.findall(text)}
        elif key in _PLACES:
            places.add(value)
    return tuple(texts), frozenset(places)


def _leaves(value: Any, key: str, depth: int) -> Iterator[tuple[str, str | int]]:
    """Yield the texts and integers in *value*, each with the name of its field."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield key, value
    elif depth < DEEPEST and isinstance(value, list):
        if key in _PATHS:
            yield key, ".".join(str(part) for part in value if isinstance(part, str | int))
        for entry in value:
            yield from _leaves(entry, key, depth + 1)
    elif depth < DEEPEST and isinstance(value, dict):
        for name, entry in value.items():
            yield key, name  # errors may be keyed by item id: {"65f0…": "…"}
            yield from _leaves(entry, name.lower(), depth + 1)
