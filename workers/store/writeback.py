"""
Write-backs: what is to be told elsewhere of records, claimed and settled (``writebacks.lua``).

What is told is read after the claim, so that it is at least as new as the event. A change that
comes later is an event of its own.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from workers.config.settings import Settings
from workers.config.writeback import WriteBack
from workers.model.retirement import GONE
from workers.model.writeback_attempts import Answer, Claim, Held, Owed
from workers.store import keys, writeback_keys
from workers.store.connection import guarded
from workers.store.item_record import FieldRecord, slug_of, unpacked, written_slug
from workers.store.live_pages import page_folders, page_of
from workers.store.scripts import Steps

MOST: Final = 20  # records of one claim
LEASE: Final = 20.0  # s that a claim is held
_NAMED: Final = "named"  # slug of an item in the last answer, see items.lua
_Stored = Mapping[str, str]


def standing_of(settings: Settings) -> dict[str, Any]:
    """Return what every step is told of the configuration: the write-backs of each collection."""
    wanted: dict[str, dict[str, dict[str, bool]]] = {}
    for each in settings.writebacks.values():
        wanted.setdefault(each.collection, {})[each.name] = dict.fromkeys(each.on, True)
    return {"writebacks": wanted} if wanted else {}


class WriteBacks:
    """Every method raises StoreUnavailable if the store does not answer."""

    def __init__(self, steps: Steps, settings: Settings) -> None:
        self._steps = steps
        self._client: Any = steps.client  # typed as if it might not decode
        self._settings = settings

    def claim(self, target: WriteBack, token: str = "", most: int = MOST) -> Claim:
        """Claim what *target* is to tell now; the same *token* gets the same claim."""
        token = token or uuid.uuid4().hex
        request = {"token": token, "name": target.name, "mark": target.mark, "most": most}
        request |= {"collection": target.collection, "lease_ms": int(LEASE * 1000)}
        answer = self._steps.run("claim_writebacks", request)
        claimed = answer.get("records")
        if not claimed:
            ms = answer["ms"]
            return Claim(seconds=None if ms is False else ms / 1000)
        held = self._read(target.collection, [each["record"] for each in claimed])
        owed = [_owed(each, own) for each, own in zip(claimed, held, strict=True)]
        return Claim(token, tuple(owed))

    def settle(self, target: WriteBack, claim: Claim, answers: Mapping[str, Answer]) -> int:
        """Carry out the *answers* by record; return how many were told."""
        away = [each for each in answers.values() if each.outcome == "away"]
        reasons = [each.pause for each in answers.values() if each.pause]
        request = {
            "token": uuid.uuid4().hex,
            "name": target.name,
            "claim": claim.token,
            "mark": target.mark,
            "collection": target.collection,
            "attempts": target.attempts,
            "rest_ms": int(1000 * max((each.rest for each in away), default=0.0)),
            "rest_asked": any(each.asked for each in away),
            "pause": reasons[0] if reasons else None,
            "outcomes": [_outcome(record, each) for record, each in answers.items()],
        }
        return int(self._steps.run("settle_writebacks", request)["told"])

    def failures(self, target: WriteBack) -> int:
        """Return how often in a row *target* was at fault."""
        with guarded():
            held = self._client.hget(writeback_keys.writeback(target.name), "failures")
        return int(held or 0)

    def _read(self, collection: str, records: Sequence[str]) -> list[Held]:
        own = self._settings.collections[collection]
        place = (collection, self._settings.copy_of(own))
        folder = page_folders(self._steps, self._settings, [collection])[collection]
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for record in records:
                pipeline.hgetall(keys.item(collection, record))
                pipeline.hget(keys.item_ids(*place), record)
            answers = iter(pipeline.execute())
        found = [_Found(record, next(answers), next(answers)) for record in records]
        with guarded(), self._client.pipeline(transaction=False) as pipeline:
            for each in found:
                pipeline.hget(keys.of_steps("status", *place), each.id or "")
                for letter in each.letters:
                    pipeline.hmget(keys.letter(letter), "created", "message")
            answers = iter(pipeline.execute())
        return [
            each.held(next(answers) or "", [next(answers) for _ in each.letters], folder)
            for each in found
        ]


class _Found:
    """A record and its item id, as stored."""

    def __init__(self, record: str, stored: _Stored, id: str | None) -> None:
        self.fields = {
            slug: FieldRecord.parse(text)
            for name, text in unpacked(stored).items()
            if (slug := slug_of(name)) is not None
        }
        self.id = record if stored.get("by") == "item" else id
        self._stored = stored
        dead = (each.letter for each in self.fields.values() if each.state == "dead")
        self.letters = [*dict.fromkeys(filter(None, dead))]

    def held(self, status: str, letters: Sequence[Sequence[str | None]], folder: str) -> Held:
        gone, slug = self.fields.get(GONE), self.fields.get("slug")
        name = (written_slug(slug) if slug else "") or self._stored.get(_NAMED, "")
        told = sorted((float(created or 0), message or "") for created, message in letters)
        retired = ""
        if gone and not gone.undone and gone.state == "written" and gone.value != '"keep"':
            retired = json.loads(gone.value)
        id = None if retired == "delete" else self.id
        return Held(
            id=id,
            slug=name if id else "",
            status=status,
            staged="staged" in self._stored,
            retired=retired,
            page=None if retired else page_of(id, name, status, folder),
            problem=told[-1][1] if told else None,
        )


def _owed(told: Mapping[str, Any], held: Held) -> Owed:
    return Owed(
        record=told["record"],
        key=told["key"],
        event=told["event"],
        sequence=int(told["sequence"]),
        at=datetime.fromtimestamp(told["at"] / 1000, UTC),
        attempts=int(told["attempts"]),
        held=held,
    )


def _outcome(record: str, answer: Answer) -> dict[str, Any]:
    return {
        "record": record,
        "outcome": answer.outcome,
        "sent": answer.sent,
        "wait_ms": int(answer.wait * 1000),
        "status": answer.status,
        "code": answer.code,
        "message": answer.message,
    }
