"""
The stored form of an item: one hash, whose names ``lua/lib/items.lua`` documents. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from workers.model.retirement import GONE
from workers.model.versions import Version, kind_of

CLAIM: Final = "claim"
DUE: Final = "due"
SHOWN: Final = "shown"
_FIELD: Final = "f:"
_LEFT_OUT: Final = "o:"
_OF_REQUESTS: Final = (CLAIM, "lane")


def slug_of(name: str) -> str | None:
    """Return the slug of the field that is stored under *name*; None: it is no field."""
    return name.removeprefix(_FIELD) if name.startswith(_FIELD) else None


def left_out_of(name: str) -> tuple[str, str, str] | None:
    """Return collection, key and slug of a letter's entry *name* for a left-out field; or None."""
    return tuple(json.loads(name[2:])) if name.startswith(_LEFT_OUT) else None


class ShownAnswer(NamedTuple):
    """
    An answer of the CMS that showed a value.

    Args:
        updated: Its lastUpdated, as a version.
        mark: Of what it showed, see `workers.fields.marks`.
    """

    updated: str
    mark: str


@dataclass(frozen=True, slots=True)
class ItemClaim:
    """A request that is under way, from *at* to *till*, in ms since 1970."""

    at: float
    till: float

    @classmethod
    def parse(cls, text: str) -> ItemClaim:
        stored = json.loads(text)
        return cls(stored["at"], stored["till"])


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """
    The newest accepted value of one field. Times are ms since 1970; 0 or None: not stored.

    Args:
        value: JSON text.
        state: pending, written, unchanged, ignored, discarded, dead or superseded.
        sent_arrival: The arrival number under which the same value was sent before.
        pending_since: When it came, or when the first of the values came that it replaced.
        arrived_at: When this very value came.
        repair_at: It is written once more, not before this.
        confirmed: SHA-1 of the value that the CMS confirmed.
        answers: "<arrival>,<mark>,<lastUpdated>" of requests and events, oldest first.
        form: Marks of the form in which the CMS keeps it, and of its field in the schema.
        file: JSON of the file that the item held when last read.
        snapshot_at: When the snapshot was taken that gave it.
        snapshot_timed: Its version is the time of that snapshot.
        reference_since: Since when it waits for the item that it refers to.
        inferred_at: Of a retirement that no event gave: when the snapshot was taken that lacked
            the record.
        undone: Of a retirement: the record came back.
    """

    value: str
    type: str
    version: str
    arrival: int
    state: str
    source: str | None = None
    event: str = ""
    letter: str = ""
    sent_arrival: int = 0
    pending_since: int = 0
    arrived_at: int = 0
    repair_at: float | None = None
    confirmed: str = ""
    answers: str = ""
    form: str = ""
    file: str = ""
    snapshot_at: int = 0
    snapshot_timed: bool = False
    reference_since: float | None = None
    inferred_at: int | None = None
    undone: bool = False

    @classmethod
    def parse(cls, text: str | bytes) -> FieldRecord:
        """Read the JSON *text* of one field."""
        stored: dict[str, Any] = json.loads(text)
        return cls(
            value=stored["v"],
            type=stored["t"],
            version=stored["r"],
            arrival=int(stored["a"]),
            state=stored["s"],
            source=stored.get("o"),
            event=stored.get("n") or "",
            letter=stored.get("l") or "",
            sent_arrival=int(stored.get("S") or 0),
            pending_since=int(stored.get("w") or 0),
            arrived_at=int(stored.get("i") or 0),
            repair_at=stored.get("m"),
            confirmed=stored.get("c") or "",
            answers=stored.get("k") or "",
            form=stored.get("F") or "",
            file=stored.get("g") or "",
            snapshot_at=int(stored.get("A") or 0),
            snapshot_timed=bool(stored.get("R")),
            reference_since=stored.get("y"),
            inferred_at=_inferred_at(stored) if stored["t"] == "gone" else None,
            undone=bool(stored.get("b")),
        )

    def last_answer(self) -> ShownAnswer | None:
        """Return the last answer of the CMS, or event of it, that showed this value."""
        # 0: an event of the CMS told of the value.
        own = {self.arrival, self.sent_arrival, 0}
        for entry in reversed(self.answers.split()):
            arrival, mark, updated = entry.split(",")
            if updated and int(arrival) in own:
                return ShownAnswer(updated, mark)
        return None


def _inferred_at(stored: Mapping[str, Any]) -> int | None:
    """As ``lua/lib/inferred_retirements.lua`` has it."""
    if stored.get("I") == 0:
        return None
    if stored.get("A"):
        return int(stored["A"])
    # As an older release wrote it.
    older = stored.get("q") == 3 and not any(stored.get(name) for name in "nef")
    timed = older and kind_of(stored["r"]) == "t"
    return Version.parse(stored["r"]).number // 1000 if timed else None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """
    All that is stored of one item.

    Args:
        retirement: What its source said of the record being gone, in force or undone.
        looked_up: Its id is being looked up, or an earlier answer about it is doubted.
        answered: The lastUpdated of the last answer to a write, as a version.
        tried_at: When the last request for it was claimed, ms since 1970.
        by_key: Its record is a key; else it is an item id.
        create: It is to be created.
    """

    fields: Mapping[str, FieldRecord]
    retirement: FieldRecord | None = None
    claim: ItemClaim | None = None
    looked_up: bool = False
    answered: str | None = None
    tried_at: int = 0
    by_key: bool = False
    create: bool = False

    @classmethod
    def parse(cls, stored: Mapping[str, str]) -> ItemRecord:
        """Read the hash of an item; an empty one is of an item of which nothing is stored."""
        fields = {
            slug: FieldRecord.parse(text)
            for name, text in stored.items()
            if (slug := slug_of(name)) is not None
        }
        return cls(
            retirement=fields.pop(GONE, None),
            fields=fields,
            claim=ItemClaim.parse(stored[CLAIM]) if CLAIM in stored else None,
            looked_up="lookup" in stored or "doubt" in stored,
            answered=stored.get("answered"),
            tried_at=int(float(stored.get("tried", 0))),
            by_key=stored.get("by") == "key",
            create="make" in stored,
        )

    @property
    def all_fields(self) -> tuple[FieldRecord, ...]:
        """Its fields and its retirement."""
        return (*self.fields.values(), *filter(None, [self.retirement]))


def without_request(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of an item as if no request for it were under way."""
    return {name: text for name, text in stored.items() if name not in _OF_REQUESTS}
