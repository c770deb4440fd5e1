"""The cause of a stored dead letter, as the step ``group_letters`` takes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from workers.model.problem_cause import Cause, cause_of, coarse
from workers.store.item_record import left_out_of, slug_of

_TEXTS: Final = ("kind", "where", "collection", "source", "status", "code", "title")


def told(id: str, held: Mapping[str, str]) -> dict[str, Any]:
    """Return a letter for ``group_letters``."""
    cause = _cause(held)
    mark = (held.get("problems", "") + held.get("message", "")).encode()
    other = coarse(cause)
    return {
        "id": id,
        "mark": hashlib.sha1(mark, usedforsecurity=False).hexdigest(),
        "group": cause.group,
        "facts": _facts(cause, held),
        "other": other.group,
        "other_facts": _facts(other, held),
    }


def nothing(id: str) -> dict[str, Any]:
    return {"id": id, "mark": "", "group": "", "facts": [], "other": "", "other_facts": []}


def _facts(cause: Cause, held: Mapping[str, str]) -> list[str]:
    values = (
        *(cause.kind, cause.where, held.get("collection", ""), held.get("source", "")),
        *("" if cause.status is None else str(cause.status), cause.code or "", cause.title),
    )
    pairs = [text for pair in zip(_TEXTS, values, strict=True) for text in pair]
    return [*pairs, "fields", json.dumps(cause.fields, ensure_ascii=False)]


def _cause(held: Mapping[str, str]) -> Cause:
    unmapped = held.get("kind") == "unmapped"
    values: list[Any] = [held.get(name) for name in ("key", "record", "item") if held.get(name)]
    values += json.loads(held.get("events") or "[]")
    slugs = []
    for name, text in held.items():
        if (slug := slug_of(name)) is not None:
            slugs.append(slug)
            values.append(json.loads(json.loads(text)["value"]))
        elif left := left_out_of(name):
            values.append(left[1])
    return cause_of(
        kind=held.get("kind", ""),
        where=held.get("source" if unmapped else "collection", ""),
        slugs=slugs,
        problems=json.loads(held.get("problems") or "[]"),
        message=held.get("message", ""),
        status=int(held["status"]) if held.get("status") else None,
        code=held.get("code") or None,
        own=values,
    )
