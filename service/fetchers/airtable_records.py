"""
Splits the payloads of an Airtable webhook into one payload per record. Pure.

The records are objects keyed by table and record id, which JMESPath cannot split. Destroyed tables
are left out: the payload does not list their records. New keys may appear at any time and are
ignored; known ones are checked.

https://airtable.com/developers/web/api/model/webhooks-payload
https://airtable.com/developers/web/api/model/webhooks-table-changed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from service.senders.payload import pluck
from workers.errors import PayloadInvalid

Row = dict[str, Any]


def records(payload: Any, common: Mapping[str, Any]) -> Iterator[Row]:
    """
    Yield a payload for each record in *payload*, with *common* in each; raises PayloadInvalid if a
    part of it is not as documented.
    """
    row = {
        **common,
        "timestamp": pluck(payload, "timestamp", str),
        "baseTransactionNumber": pluck(payload, "baseTransactionNumber", int),
        "source": _optional(_optional(payload, "actionMetadata", dict), "source", str),
        "viewId": None,
    }
    for table, made in _objects(payload, "createdTablesById"):
        yield from _created(made, "recordsById", {**row, "tableId": table})
    for table, changed in _objects(payload, "changedTablesById"):
        yield from _changes(changed, {**row, "tableId": table})
        # Present if the webhook watches a view; a record that leaves the view may still exist.
        for view, seen in _objects(changed, "changedViewsById"):
            yield from _changes(seen, {**row, "tableId": table, "viewId": view})


def _changes(holder: Any, row: Row) -> Iterator[Row]:
    yield from _created(holder, "createdRecordsById", row)
    for record, change in _objects(holder, "changedRecordsById"):
        yield _record(row, record, "changed") | {
            "fields": pluck(change, "current.cellValuesByFieldId", dict),
            "previous": _cells(change, "previous"),
            "unchanged": _cells(change, "unchanged"),
        }
    for record in _optional(holder, "destroyedRecordIds", list) or ():
        yield _record(row, pluck(record, "", str), "destroyed")


def _created(holder: Any, name: str, row: Row) -> Iterator[Row]:
    for record, created in _objects(holder, name):
        yield _record(row, record, "created") | {
            "fields": pluck(created, "cellValuesByFieldId", dict),
            "createdTime": pluck(created, "createdTime", str),
        }


def _record(row: Row, record: str, change: str) -> Row:
    empty: Row = {"fields": {}, "previous": None, "unchanged": None, "createdTime": None}
    return {**row, **empty, "recordId": record, "change": change}


def _cells(change: Any, name: str) -> Any:
    held = _optional(change, name, dict)
    return None if held is None else pluck(held, "cellValuesByFieldId", dict)


def _objects(holder: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the entries of the optional object *name*; each has to be an object."""
    for key, value in (_optional(holder, name, dict) or {}).items():
        if not isinstance(value, dict):
            raise PayloadInvalid(f"{name}.{key} is not an object")
        yield key, value


def _optional(holder: Any, name: str, kind: type[Any]) -> Any:
    absent = holder is None or (isinstance(holder, dict) and holder.get(name) is None)
    return None if absent else pluck(holder, name, kind)
