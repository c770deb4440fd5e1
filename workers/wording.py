"""
Steps and verdicts as the Lua steps write and read them. Pure.
"""

from __future__ import annotations

from typing import Any

from workers.steps import Batch, ClaimedField, ClaimedItem, Lookup, Probe, Step, Verdict, Wait


def step_of(token: str, destination: str, answer: dict[str, Any]) -> Step:
    """Return the step that ``lua/claim.lua`` answered with."""
    match answer["step"]:
        case "batch":
            return Batch(
                token=token,
                destination=destination,
                collection=answer["collection"],
                items=tuple(_item(item) for item in answer["items"]),
                staged=answer["staged"],
                publish=answer["publish"],
                trial=answer["trial"],
                more=answer["more"],
            )
        case "probe":
            return Probe(answer["collection"], token)
        case "index":
            return Lookup(
                answer["collection"], "index", token, answer["offset"], answer["since"] or None
            )
        case "schema":
            return Lookup(answer["collection"], "schema", token)
    ms = answer["ms"]
    return Wait(None if ms is False else ms / 1000, answer["reason"])


def _item(item: dict[str, Any]) -> ClaimedItem:
    return ClaimedItem(
        record=item["record"],
        id=item["id"],
        fields=tuple(_field(field) for field in item["fields"]),
        attempts=item["attempts"],
        refused=item["refused"],
        limit=item["limit"],
        healthy=item["healthy"],
        fresh=item["fresh"],
        failed_seconds=item["failed_ms"] / 1000,
        forgotten=item["forgotten"],
    )


def _field(field: dict[str, Any]) -> ClaimedField:
    return ClaimedField(
        slug=field["slug"],
        value=field["value"],
        type=field["type"],
        arrival=int(field["arrival"]),
        repair=field["repair"],
        file=field["file"] or None,
        misses=field["misses"],
    )


def verdict_for(verdict: Verdict, item: ClaimedItem) -> dict[str, Any]:
    """Return *verdict* on *item* as ``lua/settle.lua`` takes it."""
    return {
        "record": verdict.record,
        "id": item.id,
        "sent": [field.slug for field in item.fields],
        "written": list(verdict.written),
        "files": dict(verdict.files),
        "updated": verdict.updated,
        "deaths": [
            {
                "kind": death.kind,
                "slugs": list(death.slugs),
                "message": death.message,
                "status": death.status,
                "code": death.code,
                "problems": [{"field": p.path, "message": p.message} for p in death.problems],
            }
            for death in verdict.deaths
        ],
        "wait_ms": verdict.wait * 1000,
        "attempt": verdict.attempt,
        "failed": verdict.failed,
        "limit": verdict.limit,
        "unknown": verdict.unknown,
        "refused": verdict.refused,
        "missed": list(verdict.missed),
        "staged": verdict.staged,
        "forget": verdict.forget,
        "overwrote": verdict.overwrote,
        "publish": verdict.publish,
    }
