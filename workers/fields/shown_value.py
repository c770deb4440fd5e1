"""What the CMS shows of a field, as a value that can be written again."""

from __future__ import annotations

from typing import Any, Final

from workers.fields.equality import is_empty, named
from workers.model.changes import canonical

MOST: Final = 20_480  # bytes
# The CMS shows item ids, where others name items by keys, and files with their attributes.
_TYPES: Final = {
    "reference-key": "reference",
    "references-key": "references",
    "image-no-query": "image",
    "images-no-query": "images",
    "file-no-query": "file",
}


def shown_value(kind: str, value: Any) -> tuple[str, str] | None:
    """
    Return *value*, shown by a field that is written as *kind*, as JSON text, and the type to write
    it with; None: it is too large to be remembered.
    """
    if is_empty(value):
        return "null", _TYPES.get(kind, kind)
    text = canonical(named(value) if kind == "video" else value)
    return (text, _TYPES.get(kind, kind)) if len(text.encode()) <= MOST else None
