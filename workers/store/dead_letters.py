"""
Dead letters: field values that could not be written, and events that could not be mapped.

Open letters never expire; the last 1,000 closed ones are kept.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from workers.config.settings import Settings
from workers.model.changes import Again, time_version
from workers.model.retirement import shown_slug
from workers.store import keys, problem_keys
from workers.store.connection import guarded
from workers.store.item_record import left_out_of, slug_of
from workers.store.scripts import Steps

KINDS = ("refused", "exhausted", "unmapped", "missing", "not-applied")


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


class DeadLetters:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self.steps = steps
        self.settings = settings

    def list(
        self, *, all: bool = False, kind: str | None = None, collection: str | None = None
    ) -> list[Letter]:
        """Return the open letters, oldest first; *all*: the closed ones before them."""
        with guarded():
            names = [keys.LETTERS_CLOSED, keys.LETTERS] if all else [keys.LETTERS]
            ids = [str(id) for name in names for id in self.steps.client.zrange(name, 0, -1)]
        return [
            letter
            for letter in self.read(ids)
            if kind in (None, letter.kind) and collection in (None, letter.collection)
        ]

    def closed(self) -> Iterator[Letter]:
        """Yield the closed letters that are kept, oldest first."""
        with guarded():
            ids = [str(id) for id in self.steps.client.zrange(keys.LETTERS_CLOSED, 0, -1)]
        yield from self.read(ids)

    def show(self, id: str) -> Letter | None:
        """Return a letter; if open, with its raw body."""
        letter = next(self.read([id]), None)
        if letter is None or letter.raw is None:
            return letter
        with guarded():
            held = self.steps.client.hgetall(keys.raw(letter.raw))
        text = str(held.get("text", ""))
        body = base64.b64decode(text) if held.get("encoding") == "base64" else text.encode()
        return replace(letter, body=body)

    def replay(self, id: str, opened: datetime | None = None) -> tuple[bool, str | None]:
        """
        Return the values of a letter to the outbox; for unmapped events see
        `service.ingest.intake`.

        Args:
            opened: Only if it has not been opened anew since.

        Returns:
            Whether anything was returned, and the destination to wake, if any.
        """
        answer = self._act(id, "replay", opened)
        return bool(answer["done"]), answer.get("wake") or None

    def discard(self, id: str, opened: datetime | None = None) -> bool:
        """Drop the values of a letter; False: there is no such open letter. See `replay`."""
        return bool(self._act(id, "discard", opened)["done"])

    def count(self) -> int:
        """Return the number of open letters."""
        with guarded():
            return int(self.steps.client.zcard(keys.LETTERS))

    def ids(self) -> Sequence[str]:
        """Return the ids of the open letters, oldest first."""
        with guarded():
            return [str(id) for id in self.steps.client.zrange(keys.LETTERS, 0, -1)]

    def since(self, group: str | None = None) -> Sequence[tuple[int, str]]:
        """Return ms and id of the open letters, or of those of *group*, oldest first."""
        return self.after(None, None, group)

    def after(
        self, place: tuple[int, str] | None, count: int | None, group: str | None = None
    ) -> Sequence[tuple[int, str]]:
        """Return as `since` the *count* letters behind *place*; None: from the first, all."""
        key = keys.LETTERS if group is None else problem_keys.letters_of(group)
        least: int | str = "-inf" if place is None else place[0]
        chosen: list[tuple[int, str]] = []
        read = 0
        while count is None or len(chosen) < count:
            # Some more than wanted: letters of one step were opened in the same ms.
            most = -1 if count is None else count + 50
            with guarded():
                found: Any = self.steps.client.zrangebyscore(
                    key, least, "+inf", start=read, num=most, withscores=True
                )
            pairs = [(int(score), str(id)) for id, score in found]
            chosen += [each for each in pairs if place is None or each > place]
            read += len(pairs)
            if count is None or len(pairs) < most:
                break
        return chosen[:count]

    def _act(self, id: str, act: str, opened: datetime | None) -> dict[str, Any]:
        return self.steps.run(
            "resolve_dead_letter",
            {
                "token": uuid.uuid4().hex,
                "id": id,
                "act": act,
                "opened": opened and round(opened.timestamp() * 1000),
                "places": self.settings.copies(),
                "destinations": {c.name: c.destination for c in self.settings.collections.values()},
            },
        )

    def read(self, ids: Sequence[str]) -> Iterator[Letter]:
        """Yield those of the letters *ids* that exist, without their raw bodies."""
        for start in range(0, len(ids), 200):
            page = ids[start : start + 200]
            with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
                for id in page:
                    pipeline.hgetall(keys.letter(id))
                found = pipeline.execute()
            yield from (_letter(id, held) for id, held in zip(page, found, strict=True) if held)


def letter_of(id: str, held: Mapping[str, str]) -> Letter:
    """Parse the hash of a letter."""
    return _letter(id, held)


def _letter(id: str, held: Mapping[str, str]) -> Letter:
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
