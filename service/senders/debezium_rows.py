"""
Converts Debezium's rows for mappings. Pure.

A large unchanged column that is not in the database's log holds a placeholder: it is dropped.
MongoDB's documents are text in extended JSON: they are parsed, and its wrappers stay
(``{"$oid": "65f0…"}``, ``{"$date": 1778578198500}``).

https://debezium.io/documentation/reference/stable/connectors/postgresql.html
    (unavailable.value.placeholder)
https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

PLACEHOLDER: Final = "__debezium_unavailable_value"
_ROWS: Final = ("before", "after")
_DOCUMENTS: Final = (*_ROWS, "updateDescription")


def readable(change: Any, placeholder: str = PLACEHOLDER) -> Any:
    """Return *change* with its documents parsed, and without columns that hold *placeholder*."""
    if not isinstance(change, dict):
        return change
    source = change.get("source")
    if isinstance(source, dict) and source.get("connector") == "mongodb":
        read = {name: _document(change[name]) for name in _DOCUMENTS if name in change}
        change = change | read
    forms = _forms(placeholder)
    rows = {
        name: {column: value for column, value in row.items() if value not in forms}
        for name in _ROWS
        if isinstance(row := change.get(name), dict)
    }
    return change | rows


def _document(found: Any) -> Any:
    if isinstance(found, dict):  # of an update: {removedFields, updatedFields: a text}
        return {name: _document(value) for name, value in found.items()}
    if not isinstance(found, str):
        return found
    try:
        read = json.loads(found)
    except ValueError:
        return found
    return read if isinstance(read, dict) else found


def _forms(placeholder: str) -> tuple[Any, ...]:
    """Return *placeholder* as columns of all types hold it: text, bytes, lists and maps."""
    raw = placeholder.encode()
    text = base64.b64encode(raw).decode()
    urlsafe = base64.urlsafe_b64encode(raw).decode()
    numbers = list(raw)
    return (
        placeholder,
        text,
        urlsafe,
        urlsafe.rstrip("="),
        raw.hex(),
        [placeholder],
        numbers,
        {placeholder: placeholder},
    )
