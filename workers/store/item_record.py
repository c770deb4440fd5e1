"""The stored form of an item: one hash, documented in ``lua/lib/items.lua``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workers.model.retirement import GONE
from workers.model.versions import Version, kind_of
from workers.store.field_pack import fields_in, plain
from workers.store.held_keys import DROPPED, HELD

STUCK_MS: Final = 60_000  # longer than the lookup of a referenced item takes
CLAIM: Final = "claim"
DUE: Final = "due"
SHOWN: Final = "shown"
WRITTEN_SLUG: Final = "written_slug"  # of `redirects`
_FIELD: Final = "f:"
PACK: Final = _FIELD  # name of the fields at rest that have no name of their own
_LEFT_OUT: Final = "o:"
RETIREMENT: Final = f"{_FIELD}{GONE}"  # name of the retirement, in force or undone
_OF_REQUESTS: Final = (CLAIM, "lane")


def slug_of(name: str) -> str | None:
    """Return the slug of the field stored under *name*; None: not a field."""
    return name.removeprefix(_FIELD) if name.startswith(_FIELD) else None


def unpacked(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of an item, or a part of it, with each field under its own name."""
    own = dict(stored)
    pack = own.pop(PACK, None)
    for slug, packed in fields_in(pack).items() if pack else ():
        own.setdefault(_FIELD + slug, json.dumps(packed, ensure_ascii=False))
    return own


def plain_text(name: str, text: str) -> str:
    """Return the *text* under *name* of an item as it may be searched."""
    return plain(text) if name == PACK else text


def value_of(text: str) -> Any:
    """Return the value in the stored form of a field."""
    return json.loads(json.loads(text).get("v", "null"))


def left_slug_of(name: str) -> str | None:
    """Return the slug of what was left out under *name* of an item; None: it is none."""
    return name.removeprefix(_LEFT_OUT) if name.startswith(_LEFT_OUT) else None


def left_out_of(name: str) -> tuple[str, str, str] | None:
    """Return collection, key and slug of a left-out field, an entry *name* of a letter; or None."""
    return tuple(json.loads(name[2:])) if name.startswith(_LEFT_OUT) else None


@dataclass(frozen=True, slots=True)
class ItemClaim:
    """A request in progress from *at* to *till*, in ms since 1970."""

    at: float
    till: float
    kind: str = "update"  # or create, unpublish, delete
    slugs: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> ItemClaim:
        stored = json.loads(text)
        kind = stored.get("retire") or ("create" if stored.get("create") else "update")
        return cls(stored["at"], stored["till"], kind, frozenset(stored.get("fields") or ()))


@dataclass(frozen=True, slots=True)
class KnownValue:
    """What the CMS is known to have held; see ``lua/lib/write_history.lua``."""

    arrival: int  # of the value that was sent; 0: an event of the CMS told it
    mark: str  # see `workers.fields.marks`
    updated: str  # lastUpdated of the item then, as a version; "": sent, and not answered


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of an event could not be read; see ``lua/lib/left_out.lua``."""

    letter: str  # id of its dead letter
    version: str | None  # None: arrival decides
    arrival: int


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """The newest accepted value of one field. Times are ms since 1970."""

    value: str  # JSON text
    type: str
    version: str
    arrival: int
    state: str  # pending, written, unchanged, ignored, discarded, dead or superseded
    mending: bool = False  # to be rewritten: an outcome is unknown, or a reconcile wants it
    answered: str | None = None  # lastUpdated, as a version, of the last answer that showed it
    mark: str | None = None  # of the value in that answer, see `workers.fields.marks`
    # marks of the value in a listing at that time, and of its field in the schema
    form: str | None = None
    file: str | None = None  # JSON of the file that the item held when last read
    since: int = 0  # when it, or the first unsent value it replaced, came
    came: int = 0  # when this very value came; 0: unknown, and long ago
    as_of: int | None = None  # time of the snapshot that gave it, if one did
    timed: bool = False  # its version is the time of that snapshot
    source: str = ""  # of the event or snapshot that gave it
    confirmed: bool = False  # the CMS answered with this value, and nothing since casts doubt on it
    event: str = ""  # event id
    letter: str = ""  # id of its dead letter
    undone: bool = False  # a retirement whose record came back
    lifting: bool = False  # the same, still to be undone in the CMS
    stuck: bool = False  # it has waited too long for the item it refers to
    lane: int = 1  # live, replay or reconcile
    repair_at: int | None = None  # to be written once more, not before this
    blocked_since: int | None = None  # since when it waits for an item it refers to
    create_only: bool = False  # written at the creation of an item only
    known: tuple[KnownValue, ...] = ()  # what the CMS is known to have held, oldest first
    run: str = ""  # id of the run that gave it
    undo: str = ""  # id of the run that put it here in place of what it took back
    before: str | None = None  # JSON text that the CMS held before, if it is known and not written
    before_type: str = ""  # of that; "": the type of the value
    mended: tuple[str, str, str] | None = (
        None  # run that rewrites it; JSON text and type it goes over
    )

    @classmethod
    def parse(cls, text: str | bytes, now_ms: float = 0) -> FieldRecord:
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
            lane=int(stored.get("q") or 1),
            repair_at=int(stored["m"]) if marked else None,
            blocked_since=int(stored["y"]) if "y" in stored else None,
            create_only=bool(stored.get("O")),
            known=tuple(_known(stored)),
            run=stored.get("X") or "",
            undo=stored.get("U") or "",
            before=stored.get("B"),
            before_type=stored.get("P") or "",
            mended=_mended(stored.get("T") or {}) if marked else None,
        )

    @property
    def wants_repair(self) -> bool:
        """Whether it is to be written once more, as ``items.wants_repair`` says."""
        if self.repair_at is None:
            return False
        by_state = self.state in ("written", "unchanged")
        only_new = self.create_only and self.state == "ignored"
        return by_state or only_new or (self.undone and self.state == "superseded")

    @property
    def unsent(self) -> bool:
        return self.state == "pending" or self.wants_repair


def written_slug(field: FieldRecord) -> str:
    """Return the slug that *field* gave an item; "": it has not been written."""
    if field.state not in ("written", "unchanged"):
        return ""
    value = json.loads(field.value)
    return value if isinstance(value, str) else ""


def _mended(told: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Return `FieldRecord.mended`; see ``lua/lib/before_values.lua``."""
    if "r" not in told or "v" not in told:
        return None
    return str(told["r"]), str(told["v"]), str(told.get("t") or "")


def _known(stored: Mapping[str, Any]) -> Iterator[KnownValue]:
    for entry in str(stored.get("k") or "").split():
        arrival, mark, updated = entry.split(",")
        yield KnownValue(int(arrival), mark, updated)


def _last_answer(stored: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return when the CMS last showed this value, and the mark of what it showed."""
    # S: the same value as sent before; 0: reported by an event of the CMS.
    own = {int(stored.get("a", 0)), int(stored.get("S") or 0), 0}
    for entry in reversed(str(stored.get("k") or "").split()):
        arrival, mark, updated = entry.split(",")
        if updated and int(arrival) in own:
            return updated, mark
    return None, None


def _as_of(stored: Mapping[str, Any]) -> int | None:
    """Return the time of the snapshot that gave it; see ``lua/lib/inferred_retirements.lua``."""
    if stored.get("A") and stored.get("I") != 0:
        return int(stored["A"])
    # As written by an older release.
    inferred = stored["t"] == "gone" and stored.get("I") != 0 and stored.get("q") == 3
    if not inferred or any(stored.get(name) for name in "nef") or kind_of(stored["r"]) != "t":
        return None
    return Version.parse(stored["r"]).number // 1000


@dataclass(frozen=True, slots=True)
class ItemRecord:
    # by slug, without those that a retirement superseded
    """What the outbox holds of one record. Times are ms since 1970."""

    fields: Mapping[str, FieldRecord] = field(default_factory=dict)
    id: str | None = None  # of its item, by the index; not stored with it
    busy: bool = False  # a request is in progress, or it is being looked up or created
    answered: str | None = None  # lastUpdated of the last answer to a write, as a version
    gone: FieldRecord | None = None  # its retirement, if in force
    tried: int = 0  # when its last request was claimed
    lifting: bool = False  # an undone retirement is still to be undone in the CMS
    back: bool = False  # treat it as if every snapshot had the record; not stored
    by: frozenset[str] = frozenset()  # sources of its values and its retirement
    by_key: bool = False  # its record is a key, not an item id
    create: bool = False  # it is to be created
    stored: tuple[FieldRecord, ...] = ()  # all fields and the retirement, in any state
    held: FieldRecord | None = None  # a retirement that waits, see `workers.store.held_deletes`
    dropped: FieldRecord | None = None  # one that an operator dropped: none is asked for again

    @classmethod
    def parse(
        cls, stored: Mapping[str, str], id: str | None = None, now_ms: float = 0
    ) -> ItemRecord:
        """Parse the hash of an item at *now_ms*; empty if nothing is stored."""
        fields = {
            slug: FieldRecord.parse(text, now_ms)
            for name, text in unpacked(stored).items()
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
            held=beside(stored, HELD),
            dropped=beside(stored, DROPPED),
        )


def beside(stored: Mapping[str, str], name: str) -> FieldRecord | None:
    """Return the retirement that is stored beside the fields of an item, held or dropped."""
    return FieldRecord.parse(json.loads(stored[name])["gone"]) if name in stored else None


def without_request(stored: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of an item without a request in progress."""
    return {name: text for name, text in stored.items() if name not in _OF_REQUESTS}
