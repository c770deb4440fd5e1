"""The figures of an undo, as planned or as done so far. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from service.operate.undo_model import FieldUndo
from service.operate.undo_records import RecordUndo
from workers.model.retirement import shown_slug

REASONS: Final = 20  # reasons that are counted by their words
DELETES: Final = "deletes_dropped"  # figure: that the run had asked for, and that still waited
DROPPED: Final = "what it held before was dropped from the log meanwhile"
OVERTAKEN: Final = "a later value came meanwhile"

Left = Callable[[str, str], object]


def at_start(records: int, whole_since: str | None) -> dict[str, Any]:
    """Return the figures of an undo of so many records."""
    counts = dict.fromkeys(("done", "items", "fields", "same", "left", DELETES), 0)
    since = {"whole_since": whole_since} if whole_since else {}
    return {"records": records, **counts, "reasons": {}, **since}


def add(figures: dict[str, Any], found: Iterable[RecordUndo], left: Left) -> None:
    """Count what becomes of some records; *left* is called with each field that is left."""
    for one in found:
        puts = [each for each in one.fields if each.value is not None or each.done]
        figures["items"] += bool(puts)
        figures["fields"] += len(puts)
        figures["same"] += sum(each.same for each in puts)
        for each in one.fields:
            if each.why:
                leave(figures, each.why)
                left(f"{one.collection} {one.record} {shown_slug(each.slug)}", each.why)


def leave(figures: dict[str, Any], why: str, times: int = 1) -> None:
    reasons: dict[str, int] = figures["reasons"]
    name = why if why in reasons or len(reasons) < REASONS else "others"
    reasons[name] = reasons.get(name, 0) + times
    figures["left"] += times


def shown(one: RecordUndo, field: FieldUndo) -> Mapping[str, Any]:
    """Return one field ready for JSON; its value *back* and *why* stand for each other."""
    told = {"collection": one.collection, "key": one.record, "item": one.item}
    told |= {"field": shown_slug(field.slug), "now": field.now}
    if field.why:
        return told | {"why": field.why}
    return told | {"back": json.loads(field.value or "null")}
