"""Requests and answers of the Lua steps; for outcomes see `settlement`."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from typing import Any

from workers.config.settings import Settings
from workers.model.attempts import (
    Batch,
    ClaimedField,
    ClaimedItem,
    Probe,
    Publish,
    Step,
    Wait,
)
from workers.model.changes import (
    Change,
    Delivery,
    Incoming,
    canonical,
)
from workers.model.retirement import GONE
from workers.store.echoes import echo_of, field_of, gone_by, on_create_of, undo_of
from workers.store.letter_ids import named, raw_letter
from workers.store.lookups import lookup


def hashed(text: str) -> str:
    """Return a short hash of *text* (96 bits): the stored form of an event id."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:12]).decode()


def stored(body: bytes) -> tuple[str, str]:
    """Return *body* as text, and its encoding: "text" or "base64"."""
    try:
        return body.decode(), "text"
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"


def events_for(delivery: Delivery, settings: Settings) -> list[dict[str, Any]]:
    """Return the events of *delivery* for ``accept.lua``."""
    letters = named(delivery.source, delivery.body, delivery.events)
    return [
        _event(delivery, event, settings, place, letter)
        for place, (event, letter) in enumerate(letters)
    ]


def _event(
    delivery: Delivery, event: Incoming, settings: Settings, place: int, letter: str
) -> dict[str, Any]:
    own = {}
    if event.body is not None:
        own = {"body": event.body, "raw": raw_letter(delivery.source, event.body.encode(), 0)}
    # Objects read by one fetch are bodies of their own, each with index 0.
    position = place if delivery.landing else event.index
    return {
        # Event ids are unique per source only.
        "id": hashed(f"{delivery.source} {event.id}") if event.id is not None else None,
        "name": event.id[:200] if event.id is not None else None,
        "topic": event.topic,
        "index": event.index,
        "place": position if event.again is None else event.again.place,
        "letter": letter,
        "problems": [{"path": p.path, "message": p.message} for p in event.problems],
        "nameless": event.nameless or bool(event.problems and not event.left and not event.part),
        "left": [
            {"collection": x.collection, "record": x.record, "slug": x.slug, "version": x.version}
            for x in event.left
        ],
        **({"part": True} if event.part else {}),
        "changes": [_change(change, settings) for change in event.changes],
        "fetches": [[fetch.fetcher, fetch.object] for fetch in event.fetches],
        **({"payload": json.dumps(event.payload)} if event.fetches else {}),
        **own,
        **gone_by(event, settings),
        **({"again": asdict(event.again)} if event.again else {}),
        **_log(event),
    }


def _log(event: Incoming) -> dict[str, Any]:
    """Return the position of an event in a log for ``source_logs.lua``, if any."""
    if event.log is None:
        return {}
    log = event.log
    place = {"name": log.name, "version": log.version, "at": log.at_us, "far": log.far}
    return {"log": {**place, "overlaps": log.overlaps}}


def _change(change: Change, settings: Settings) -> dict[str, Any]:
    collection = settings.collections[change.collection]
    destination = settings.destinations[collection.destination]
    return {
        "mapping": change.mapping,
        "collection": change.collection,
        "destination": destination.name,
        "record": change.record,
        "shown": change.shown,
        "by": change.by,
        "copy": settings.copy_name(collection, staged=not destination.live),
        "version": change.version,
        "placed": change.placed,
        "batch": destination.batch,
        "fields": [
            *(field_of(value, settings) for value in change.fields),
            *([[GONE, canonical(change.retire), "gone"]] if change.retire else []),
        ],
        **({"snapshot": asdict(change.snapshot)} if change.snapshot else {}),
        **({"stands": change.stands} if change.stands else {}),
        **on_create_of(change, collection),
        **echo_of(change),
        **undo_of(change),
    }


def step_of(token: str, destination: str, answer: dict[str, Any]) -> Step:
    """Parse the answer of ``claim.lua``."""
    match answer["step"]:
        case "batch":
            return Batch(
                token=token,
                destination=destination,
                collection=answer["collection"],
                items=tuple(_item(item) for item in answer["items"]),
                kind=answer["kind"],
                staged=answer["staged"],
                look=answer["look"],
                trial=answer["trial"],
                imports=int(answer.get("imports") or 0),
                sources=tuple(sorted(answer.get("sources") or ())),
                mistold=answer["mistold"],
                group=int(answer.get("group") or 0),
                more=answer["more"],
                at=int(answer["at"]),
                locales=(answer.get("locales") or {}).get("tags") or {},
                primary=(answer.get("locales") or {}).get("primary") or "",
            )
        case "probe":
            return Probe(answer["collection"], token)
        case "filter" | "index" | "schema" | "site" | "variants" | "total":
            return lookup(token, answer)
        case "publish":
            return Publish(token, answer["work"], int(answer["at"]), answer["age"] / 1000)
    ms = answer["ms"]
    return Wait(None if ms is False else ms / 1000, answer["reason"])


def _item(item: dict[str, Any]) -> ClaimedItem:
    return ClaimedItem(
        record=item["record"],
        id=item["id"],
        fields=tuple(_field(field) for field in item["fields"]),
        attempts=item.get("attempts", 0),
        refused=bool(item.get("refused")),
        limit=item["limit"],
        healthy=item["healthy"],
        fresh=item["fresh"],
        failed_seconds=item.get("failed_ms", 0) / 1000,
        forgotten=bool(item.get("forgotten")),
        by_new_schema=bool(item.get("by_new_schema")),
        taken=item.get("taken") or None,
        passed=item.get("passed") or None,
        looked=bool(item.get("looked")),
        was_live=bool(item.get("was_live")),
        unpublishable=bool(item.get("unpublishable")),
        forms={slug: frozenset(marks) for slug, *marks in item.get("forms") or ()},
        variants={locale: tuple(slugs) for locale, slugs in item.get("variants") or ()},
        size=int(item["size"]),
        events=tuple(dict.fromkeys(item.get("events") or ())),
    )


def _field(field: dict[str, Any]) -> ClaimedField:
    return ClaimedField(
        slug=field["slug"],
        value=field["value"],
        type=field["type"],
        arrival=int(field["arrival"]),
        repair=bool(field.get("repair")),
        file=field.get("file"),
        misses=field.get("misses", 0),
        since=int(field["since"]),
        late=bool(field.get("late")),
        link=field.get("link"),
        same=bool(field.get("same")),
    )
