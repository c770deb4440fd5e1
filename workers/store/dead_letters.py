"""
Dead letters: field values that could not be written, and events that could not be mapped.

Open letters never expire; the last 1,000 closed ones are kept.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from workers.config.settings import Settings
from workers.store import keys, problem_keys
from workers.store.connection import guarded
from workers.store.letter import HEAD, head_of
from workers.store.letter import Letter as Letter
from workers.store.letter import letter_of as letter_of
from workers.store.scripts import Steps

KINDS = ("refused", "exhausted", "unmapped", "missing", "not-applied", "writeback")


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

    def replay(
        self, id: str, opened: datetime | None = None, run: str | None = None
    ) -> tuple[bool, str | None]:
        """
        Return the values of a letter to the outbox; for unmapped events see
        `service.ingest.intake`.

        Args:
            opened: Only if it has not been opened anew since.
            run: The id of the run (``runs.py``) that does it.

        Returns:
            Whether anything was returned, and the destination to wake, if any.
        """
        answer = self._act(id, "replay", opened, run)
        return bool(answer["done"]), answer.get("wake") or None

    def discard(self, id: str, opened: datetime | None = None, run: str | None = None) -> bool:
        """Drop the values of a letter; False: there is no such open letter. See `replay`."""
        return bool(self._act(id, "discard", opened, run)["done"])

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

    def _act(self, id: str, act: str, opened: datetime | None, run: str | None) -> dict[str, Any]:
        return self.steps.run(
            "resolve_dead_letter",
            {
                "token": uuid.uuid4().hex,
                "id": id,
                "act": act,
                "run": run,
                "opened": opened and round(opened.timestamp() * 1000),
                "places": self.settings.copies(),
                "destinations": {c.name: c.destination for c in self.settings.collections.values()},
            },
        )

    def heads(self, ids: Sequence[str]) -> Iterator[Letter]:
        """
        Yield those of the letters *ids* that exist: of values only what they are about and how many
        they are, which takes half the time.
        """
        of_values = [id for id in ids if id.startswith("d")]
        with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
            for id in of_values:
                pipeline.hmget(keys.letter(id), list(HEAD))
            found = pipeline.execute()
        yield from (head_of(id, held) for id, held in zip(of_values, found, strict=True) if held[0])
        yield from self.read([id for id in ids if not id.startswith("d")])

    def read(self, ids: Sequence[str]) -> Iterator[Letter]:
        """Yield those of the letters *ids* that exist, without their raw bodies."""
        for start in range(0, len(ids), 200):
            page = ids[start : start + 200]
            with guarded(), self.steps.client.pipeline(transaction=False) as pipeline:
                for id in page:
                    pipeline.hgetall(keys.letter(id))
                found = pipeline.execute()
            yield from (letter_of(id, held) for id, held in zip(page, found, strict=True) if held)
