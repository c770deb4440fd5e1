"""Requests and answers of the Lua steps; for outcomes see `settlement`."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from workers.config.settings import Collection, Settings
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
    FieldProblem,
    Incoming,
    LeftOut,
    LogPosition,
    canonical,
)
from workers.model.retirement import GONE
from workers.store.echoes import echo_of, field_of, gone_by, is_echoed, on_create_of, undo_of
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


@dataclass(frozen=True, slots=True)
class _Target:
    """What the changes of one collection have in common."""

    collection: Collection
    destination: str
    copy: str
    batch: int

    @classmethod
    def of(cls, collection: Collection, settings: Settings) -> _Target:
        destination = settings.destinations[collection.destination]
        copy = settings.copy_name(collection, staged=not destination.live)
        return cls(collection, destination.name, copy, destination.batch)


class EventCodec:
    """
    Writes events for ``accept.lua``.

    The text of an event must stay as it is: deliveries accepted in slices are known by its hash.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._targets = {
            name: _Target.of(collection, settings)
            for name, collection in settings.collections.items()
        }
        self._echoed = is_echoed(settings)

    def events_of(self, delivery: Delivery) -> list[dict[str, Any]]:
        letters = named(delivery.source, delivery.body, delivery.events)
        return [
            self._event(delivery, event, place, letter)
            for place, (event, letter) in enumerate(letters)
        ]

    def _event(
        self, delivery: Delivery, event: Incoming, place: int, letter: str
    ) -> dict[str, Any]:
        # Objects read by one fetch are bodies of their own, each with index 0.
        position = place if delivery.landing else event.index
        told: dict[str, Any] = {
            # Event ids are unique per source only.
            "id": hashed(f"{delivery.source} {event.id}") if event.id is not None else None,
            "name": event.id[:200] if event.id is not None else None,
            "topic": event.topic,
            "index": event.index,
            "place": position if event.again is None else event.again.place,
            "letter": letter,
            "problems": list(map(_problem, event.problems)),
            "nameless": event.nameless
            or bool(event.problems and not event.left and not event.part),
            "left": list(map(_left, event.left)),
        }
        if event.part:
            told["part"] = True
        told["changes"] = list(map(self._change, event.changes))
        told["fetches"] = [[fetch.fetcher, fetch.object] for fetch in event.fetches]
        told |= _own_body(delivery, event)
        told |= gone_by(event, self._settings)
        if event.again:
            told["again"] = asdict(event.again)
        if event.log:
            told["log"] = _log(event.log)
        return told

    def _change(self, change: Change) -> dict[str, Any]:
        target = self._targets[change.collection]
        fields = [field_of(value, self._echoed) for value in change.fields]
        if change.retire:
            fields.append([GONE, canonical(change.retire), "gone"])
        told: dict[str, Any] = {
            "mapping": change.mapping,
            "collection": change.collection,
            "destination": target.destination,
            "record": change.record,
            "shown": change.shown,
            "by": change.by,
            "copy": target.copy,
            "version": change.version,
            "placed": change.placed,
            "batch": target.batch,
            "fields": fields,
        }
        if change.snapshot:
            told["snapshot"] = asdict(change.snapshot)
        if change.stands:
            told["stands"] = change.stands
        return told | on_create_of(change, target.collection) | echo_of(change) | undo_of(change)


def _problem(problem: FieldProblem) -> dict[str, str]:
    return {"path": problem.path, "message": problem.message}


def _left(left: LeftOut) -> dict[str, Any]:
    return {
        "collection": left.collection,
        "record": left.record,
        "slug": left.slug,
        "version": left.version,
    }


def _own_body(delivery: Delivery, event: Incoming) -> dict[str, Any]:
    """Return what its fetchers are given, and its body if it has one of its own; mostly nothing."""
    own = {"payload": json.dumps(event.payload)} if event.fetches else {}
    if event.body is not None:
        own["body"] = event.body
        own["raw"] = raw_letter(delivery.source, event.body.encode(), 0)
    return own


def _log(log: LogPosition) -> dict[str, Any]:
    """Return the position of an event in a log for ``source_logs.lua``."""
    place = {"name": log.name, "version": log.version, "at": log.at_us, "far": log.far}
    return {**place, "overlaps": log.overlaps}


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
