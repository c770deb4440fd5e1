"""What the store holds of one record, and of all that may hold it up: the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.config.settings import Collection, Destination
from workers.model.publishing import Member
from workers.model.retirement import GONE
from workers.store.dead_letters import Letter
from workers.store.held_delete import Dropped, HeldDelete
from workers.store.item_record import FieldRecord
from workers.store.item_schedule import ItemSchedule
from workers.store.pauses import HandPause
from workers.store.waits import Condition, Gate, Lookup, Outage, Pause


@dataclass(frozen=True, slots=True)
class Referred:
    """A record of another collection that a field waits for."""

    slug: str
    collection: str
    key: str
    since: float  # ms
    known: bool  # an event has named it
    roomless: bool  # it waits for room in the plan
    next_at: float | None  # ms: a listing that begins from then on decides


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Times are ms since 1970, on the store's clock."""

    now: float
    collection: Collection
    destination: Destination
    record: str  # its key in normal form, or its item id
    id: str | None  # of its item
    fields: Mapping[str, FieldRecord]  # by slug, its retirement too
    schedule: ItemSchedule
    pause: Pause | None = None
    collection_pause: Pause | None = None
    hand_pauses: Mapping[str, HandPause] = field(default_factory=dict)  # "source:…", "lane:…"
    outage: Outage | None = None
    gate: Gate = field(default_factory=Gate)
    publish: Condition | None = None
    room: Condition | None = None
    unpublished: Member | None = None  # its staged copy waits to be published
    publishing: Mapping[str, Any] | None = None  # as of ``publish_status``; None: it never does
    lookup: Lookup | None = None
    status: str = ""  # of its item, as the CMS last showed it, see `workers.model.item_status`
    variants: Mapping[str, str] = field(default_factory=dict)  # tag → live or staged
    locales: tuple[str, ...] = ()  # tags of the site, the primary one first
    unread: str = ""  # why the locales of its site could not be read
    read_next: float | None = None  # when they are asked for again
    listed: bool = False  # its variants are known, as far as they were listed
    ahead: int = 0  # items that are due before it
    letters: Mapping[str, Letter] = field(default_factory=dict)
    referred: tuple[Referred, ...] = ()
    slicing: int = 0  # deliveries that are being accepted
    held: HeldDelete | None = None  # its retirement that waits
    counting: bool = False  # a delete waits for the number of items, which the CMS is asked for
    dropped: Dropped | None = None  # its retirement that an operator dropped

    @property
    def gone(self) -> FieldRecord | None:
        """Its retirement, if in force."""
        found = self.fields.get(GONE)
        return found if found and not found.undone else None

    @property
    def key(self) -> str:
        """Its key as it came, or its item id."""
        return self.schedule.shown or self.record

    @property
    def unsent(self) -> tuple[str, ...]:
        return tuple(sorted(slug for slug, each in self.fields.items() if each.unsent))
