"""The records of other collections that a record's fields wait for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workers.store.item_record import FieldRecord
from workers.store.record_facts import Referred


def _named(each: FieldRecord) -> Iterator[tuple[str, str]]:
    """Yield the records that the value of a field refers to by key."""
    value = json.loads(each.value) if each.type.endswith("-key") else None
    if isinstance(value, dict) and "to" in value:
        yield from ((value["to"], key) for key in value.get("keys") or [value.get("key")])


def _blocked(fields: Mapping[str, FieldRecord]) -> Iterator[tuple[str, FieldRecord]]:
    for slug, each in sorted(fields.items()):
        if each.blocked_since is not None and each.unsent:
            yield slug, each


def waited_for(fields: Mapping[str, FieldRecord]) -> Iterator[tuple[str, str]]:
    for _, each in _blocked(fields):
        yield from _named(each)


def referred(fields: Mapping[str, FieldRecord], second: Mapping[str, Any]) -> Iterator[Referred]:
    for slug, each in _blocked(fields):
        for to, key in _named(each):
            name = f"{to}:{key}"
            if f"known:{name}" not in second or second[f"id:{name}"]:
                continue
            known, roomless = bool(second[f"known:{name}"]), bool(second[f"roomless:{name}"])
            since, next_at = float(each.blocked_since or 0), second[f"wanted:{name}"]
            yield Referred(slug, to, key, since, known, roomless, next_at)
