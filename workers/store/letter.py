"""One dead letter, and its stored form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from workers.model.changes import Again, time_version
from workers.model.retirement import shown_slug
from workers.store.item_record import left_out_of, slug_of

HEAD: Final = (
    *("kind", "created", "state", "collection", "key", "item", "source", "group"),
    "open",  # how many values are in it
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. *fields*: slug → value (JSON) and version, without superseded values."""

    id: str
    kind: str
    created: datetime
    state: str = "open"
    reason: str = ""  # replayed, discarded or superseded, once closed
    collection: str | None = None
    key: str | None = None
    item: str | None = None
    fields: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    attempts: int = 0
    status: int | None = None
    code: str | None = None
    message: str = ""
    problems: tuple[Mapping[str, str], ...] = ()
    source: str | None = None  # that gave the newest value, or the event
    group: str | None = None  # of letters of one cause; None: not yet read
    values: int = 0  # field values that are in it
    closed: datetime | None = None
    topic: str | None = None  # from here on: unmapped events
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None
    body: bytes = b""  # set by `DeadLetters.show`
    index: int = 0
    times: int = 1
    again: Again | None = None  # position of its event in a replay
    # Parts of its event left out: {collection, key, slug, version}, as far as known.
    left_out: tuple[Mapping[str, str | None], ...] = ()

    @property
    def stands_for_many(self) -> bool:
        """Whether it collects all letters of one cause beyond a limit."""
        return self.id.startswith("g")

    @property
    def locale(self) -> str | None:
        """The locale of its values, if all are of one that is not the primary one."""
        tags = {slug.partition("@")[2] for slug in self.fields}
        return (tags.pop() or None) if len(tags) == 1 else None

    def as_dict(self) -> dict[str, Any]:
        """Return the letter ready for JSON, without the raw body."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "reason": self.reason,
            "created": self.created.isoformat(),
            "collection": self.collection,
            "key": self.key,
            "item": self.item,
            "fields": {
                slug: {"value": entry["value"], "version": entry["version"]}
                for slug, entry in self.fields.items()
            },
            "events": list(self.events),
            "attempts": self.attempts,
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "problems": [dict(problem) for problem in self.problems],
            "left_out": [dict(each) for each in self.left_out],
            "source": self.source,
            "topic": self.topic,
            "times": self.times,
            "locale": self.locale,
            "since": self.created.isoformat(),
            "group": self.group,
        }


def head_of(id: str, held: Sequence[str | None]) -> Letter:
    """Return what the values `HEAD` of a letter say of it."""
    head = dict(zip(HEAD, held, strict=True))
    return Letter(
        id=id,
        kind=head["kind"] or "",
        created=_moment(head["created"] or "0"),
        state=head["state"] or "",
        collection=head["collection"] or None,
        key=head["key"] or None,
        item=head["item"] or None,
        source=head["source"] or None,
        group=head["group"],
        values=int(head["open"] or 0),
    )


def letter_of(id: str, held: Mapping[str, str]) -> Letter:
    """Parse the hash of a letter."""
    fields = {}
    for name, text in held.items():
        if (slug := slug_of(name)) is not None:
            entry = json.loads(text)
            if entry["fate"] != "superseded":
                fields[shown_slug(slug)] = {**entry, "value": json.loads(entry["value"])}
    left_out = tuple(_left_out(held))
    records = {(each["collection"], each["key"]) for each in left_out}
    collection, key = records.pop() if len(records) == 1 else (None, None)
    return Letter(
        id=id,
        kind=held["kind"],
        created=_moment(held["created"]),
        state=held["state"],
        reason=held.get("reason", ""),
        collection=held.get("collection") or collection,
        key=held.get("key") or key,
        item=held.get("item") or None,
        fields=dict(sorted(fields.items())),
        values=len(fields),
        events=tuple(json.loads(held.get("events", "[]"))),
        attempts=int(held.get("attempts", 0)),
        status=int(held["status"]) if held.get("status") else None,
        code=held.get("code") or None,
        message=held.get("message", ""),
        problems=tuple(
            {"field": p.get("field") or p.get("path", ""), "message": p["message"]}
            for p in json.loads(held.get("problems", "[]"))
        ),
        source=held.get("source"),
        group=held.get("group"),
        closed=_moment(held["closed"]) if held.get("closed") else None,
        topic=held.get("topic") or None,
        headers=json.loads(held.get("headers", "{}")),
        raw=held.get("raw"),
        index=int(held.get("index", 0)),
        times=int(held.get("times", 1)),
        again=_again(id, held) if held["kind"] == "unmapped" else None,
        left_out=left_out,
    )


def _moment(ms: str) -> datetime:
    return datetime.fromtimestamp(int(float(ms)) / 1000, tz=UTC)


def _left_out(held: Mapping[str, str]) -> Iterator[Mapping[str, str | None]]:
    """Yield the entries that ``left_out.lua`` wrote into a letter."""
    for name, version in sorted(held.items()):
        if left := left_out_of(name):
            collection, record, slug = left
            yield {
                "collection": collection,
                "key": record,
                "slug": shown_slug(slug),
                "version": version or None,
            }


def _again(id: str, held: Mapping[str, str]) -> Again:
    """
    Return the position of a letter's event; one of an older release has the time of its creation.
    """
    came = time_version(_moment(held["created"]))
    return Again(
        number=int(held.get("number", 0)),
        place=int(held.get("place", held.get("index", 0))),
        came=held.get("came", came),
        taken=held.get("taken") == "1",
        letters=(id,),
        arrival=int(held["arrival"]) if "arrival" in held else None,
    )
