"""
The stored form of an item: one hash, whose names ``lua/lib/items.lua`` documents. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workers.model.retirement import GONE
from workers.model.versions import Version, kind_of

STUCK_MS: Final = 60_000  # more than a listing takes that looks for what a value refers to
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
    The newest accepted value of one field. Times are ms since 1970.

    Args:
        value: JSON text.
        state: pending, written, unchanged, ignored, discarded, dead or superseded.
        mending: It is written once more, since an outcome is unknown or a reconcile wants it.
        answered: The lastUpdated, as a version, of the last answer that showed it; or None.
        mark: Of what that answer showed, see `workers.fields.marks`; or None.
        form: Mark of what a listing showed at the time of that answer, and the mark of its field in
            the schema; or None.
        file: JSON of the file that the item held when last read; or None.
        since: When it came, or the first of the values that it replaced before they were sent.
        came: When this very value came; 0: unknown, and long ago.
        as_of: Of the snapshot that gave it; None: none did.
        timed: Its version is the time of that snapshot.
        source: Whose event or snapshot gave it.
        confirmed: The CMS has answered that it holds this very value, and nothing since doubts it.
        event: The id of its event.
        letter: The id of its dead letter.
        undone: Of a retirement: the record came back.
        lifting: So did it, and what the retirement did is still to be taken back.
        stuck: It waits for the item that it refers to, for longer than a look-up takes.
    """

    value: str
    type: str
    version: str
    arrival: int
    state: str
    mending: bool = False
    answered: str | None = None
    mark: str | None = None
    form: str | None = None
    file: str | None = None
    since: int = 0
    came: int = 0
    as_of: int | None = None
    timed: bool = False
    source: str = ""
    confirmed: bool = False
    event: str = ""
    letter: str = ""
    undone: bool = False
    lifting: bool = False
    stuck: bool = False

    @classmethod
    def parse(cls, text: str | bytes, now_ms: float = 0) -> FieldRecord:
        """Read the JSON *text* of one field at *now_ms*."""
        stored: dict[str, Any] = json.loads(text)
        answered, mark = _last_answer(stored)
        marked = stored.get("m") is not None
        return cls(
            value=stored.get("v", "null"),
            type=stored["t"],
            version=stored.get("r", ""),
            arrival=int(stored.get("a", 0)),
            state=stored["s"],
            mending=marked and stored["s"] in ("written", "unchanged"),
            answered=answered,
            mark=mark,
            form=stored.get("F") or None,
            file=stored.get("g") or None,
            since=int(stored.get("w") or 0),
            came=int(stored.get("i") or stored.get("w") or 0),
            as_of=_as_of(stored),
            timed=bool(stored.get("R")),
            source=str(stored.get("o") or ""),
            confirmed=bool(stored.get("c")) and not marked,
            event=stored.get("n") or "",
            letter=stored.get("l") or "",
            undone=bool(stored.get("b")),
            lifting=bool(stored.get("b") and stored.get("m")),
            stuck="y" in stored and now_ms - stored["y"] > STUCK_MS,
        )


def _last_answer(stored: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return when the CMS was last known to hold this value, and the mark of what it showed."""
    # S: the same value, as it was sent before; 0: an event of the CMS told of it.
    own = {int(stored.get("a", 0)), int(stored.get("S") or 0), 0}
    for entry in reversed(str(stored.get("k") or "").split()):
        arrival, mark, updated = entry.split(",")
        if updated and int(arrival) in own:
            return updated, mark
    return None, None


def _as_of(stored: Mapping[str, Any]) -> int | None:
    """Return when the snapshot was taken that gave it; see ``lua/lib/inferred_retirements.lua``."""
    if stored.get("A") and stored.get("I") != 0:
        return int(stored["A"])
    # As an older release wrote it.
    inferred = stored["t"] == "gone" and stored.get("I") != 0 and stored.get("q") == 3
    if not inferred or any(stored.get(name) for name in "nef") or kind_of(stored["r"]) != "t":
        return None
    return Version.parse(stored["r"]).number // 1000


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """
    What the outbox holds of one record. Times are ms since 1970.

    Args:
        fields: By slug; what a retirement superseded counts as never accepted.
        id: Of its item, by the index; not stored with it.
        busy: A request for it is under way, or it is being looked up or created.
        answered: The lastUpdated of the last answer to a write, as a version.
        gone: Its retirement, if that is in force: the value says what becomes of the item.
        tried: When the last request for it was claimed.
        lifting: What an undone retirement did is still to be taken back.
        back: Treat it as if no snapshot had ever lacked the record; not stored.
        by: The sources that gave a value of it, or its retirement.
        by_key: Its record is a key; else it is an item id.
        create: It is to be created.
        stored: All fields, and the retirement, whatever their states.
    """

    fields: Mapping[str, FieldRecord] = field(default_factory=dict)
    id: str | None = None
    busy: bool = False
    answered: str | None = None
    gone: FieldRecord | None = None
    tried: int = 0
    lifting: bool = False
    back: bool = False
    by: frozenset[str] = frozenset()
    by_key: bool = False
    create: bool = False
    stored: tuple[FieldRecord, ...] = ()

    @classmethod
    def parse(
        cls, stored: Mapping[str, str], id: str | None = None, now_ms: float = 0
    ) -> ItemRecord:
        """Read the hash of an item at *now_ms*; an empty one: nothing is stored of it."""
        fields = {
            slug: FieldRecord.parse(text, now_ms)
            for name, text in stored.items()
            if (slug := slug_of(name)) is not None
        }
        every = tuple(fields.values())
        gone = fields.pop(GONE, None)
        claimed = CLAIM in stored and ItemClaim.parse(stored[CLAIM]).till > now_ms
        return cls(
            fields={slug: each for slug, each in fields.items() if each.state != "superseded"},
            id=id,
            busy=claimed or "lookup" in stored or "doubt" in stored,
            answered=stored.get("answered"),
            gone=gone if gone and not gone.undone else None,
            tried=int(float(stored.get("tried", 0))),
            lifting=bool(gone and gone.lifting),
            by=frozenset(each.source for each in every if each.source),
            by_key=stored.get("by") == "key",
            create="make" in stored,
            stored=every,
        )


def without_request(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of an item as if no request for it were under way."""
    return {name: text for name, text in stored.items() if name not in _OF_REQUESTS}
