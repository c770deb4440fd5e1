"""The request of ``accept``, and its result."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workers.config.settings import Settings, Source
from workers.model.changes import HOLD_MOST, Delivery
from workers.model.values import value_class
from workers.store.codec import EventCodec
from workers.store.compression import Packed, Packer, room_of
from workers.store.delivery_summary import listed_as
from workers.store.held_deletes import guards_of
from workers.store.letter_ids import raw_letter

DEDUPE_HOURS = 24.0  # default, unless source or sender set it

_log = logging.getLogger(__name__)


@value_class
class AcceptCall:
    source: str  # of the delivery
    packed: Packed | None  # the delivery to keep, if any
    # request, raw body, packed data, new dictionary
    arguments: tuple[dict[str, Any], str, bytes, bytes]

    @property
    def brings_words(self) -> bool:
        """
        Whether its body becomes the dictionary of later deliveries, once the store has named it.
        """
        return self.packed is not None and self.packed.words is None


@value_class
class Accepted:
    """
    The result of a delivery.

    Outcomes: ``kept``; ``duplicate``; nothing was kept because the store is ``full``, the claim of
    the fetch or the lock of the run was ``lost``, or the run exceeds its limit (``held``). A
    spooled delivery may be ``drained`` already, or ``behind`` others that must be drained first.
    """

    outcome: str
    accepted: int = 0  # field values accepted
    wake: tuple[str, ...] = ()  # destinations for which the caller enqueues a job
    letters: int = 0  # events that became dead letters
    # since when the source sends nothing newer, if that is to be reported
    stalled: Mapping[str, Any] | None = None
    last: int = 0  # number of the source's last delivery drained from its spool file
    at_us: int | None = None  # µs since 1970 on the store's clock


@dataclass(frozen=True, slots=True)
class Standing:
    """What the requests of one source have in common."""

    source: Source
    request: Mapping[str, Any]
    room: Mapping[str, int]  # of what is kept of it

    @classmethod
    def of(cls, source: Source, settings: Settings) -> Standing:
        request = {
            "source": source.name,
            "dedupe_ms": max(1, int((source.dedupe_hours or DEDUPE_HOURS) * 3_600_000)),
            "undo": settings.store.undo,
            "weak": settings.store.durability != "always",
        }
        return cls(source, request, room_of(source))


class Requests:
    """Makes the requests of ``accept``: what is the same in many of them is made once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = settings.copies()
        self._codec = EventCodec(settings)
        sources = {**settings.all_sources, **settings.sources}
        self._standing = {name: Standing.of(each, settings) for name, each in sources.items()}

    def standing(self, delivery: Delivery) -> Standing:
        # An undo may be of a source that is configured no longer.
        if delivery.mode == "undo" and delivery.source not in self._standing:
            return Standing.of(Source(delivery.source, ""), self._settings)
        return self._standing[delivery.source]

    def again(self, delivery: Delivery) -> dict[str, Any]:
        """Return the request for a *delivery* of events of which the store keeps the bodies."""
        return {
            **self.standing(delivery).request,
            "token": delivery.token,
            "mode": delivery.mode,
            "headers": dict(delivery.headers),
            "events": self._codec.events_of(delivery),
        }

    def first(self, delivery: Delivery, encoding: str, packed: Packed | None) -> dict[str, Any]:
        """
        Return the request for a *delivery* with its body.

        Args:
            encoding: Of its body.
            packed: Its stored form, if it is to be kept.
        """
        standing = self.standing(delivery)
        request = self.again(delivery)
        request["raw"] = raw_letter(delivery.source, delivery.body, 0)
        request["encoding"] = encoding
        request["places"] = self._places
        request["kept"] = packed and {**standing.room, "words": packed.words}
        request["summary"] = listed_as(delivery, standing.source, kept=packed is not None)
        request |= _said(delivery)
        request |= _said_of_run(delivery)
        request |= guards_of(delivery, self._settings)
        return request


def _said(delivery: Delivery) -> dict[str, Any]:
    """Return what only some deliveries say: the store reads each null that is sent to it."""
    said: dict[str, Any] = {}
    if delivery.secret is not None:
        said["secret"] = delivery.secret
    if delivery.slot:
        said["slot"] = {"file": delivery.slot.file, "name": delivery.slot.name}
    if delivery.spooled:
        said["spooled"] = asdict(delivery.spooled)
    if delivery.closes is not None:
        said["closes"] = delivery.closes
    return said


def _said_of_run(delivery: Delivery) -> dict[str, Any]:
    """Return the same of what runs and fetches alone say."""
    said: dict[str, Any] = {}
    if delivery.mode == "reconcile":
        said["hold_ms"] = int(1000 * min(delivery.hold, HOLD_MOST))
    if delivery.run is not None:
        said["run"] = delivery.run
    if delivery.limit:
        said["limit"] = asdict(delivery.limit)
    if delivery.lease:
        said["lease"] = asdict(delivery.lease)
    if delivery.landing:
        said["fetched"] = asdict(delivery.landing)
    return said


def accepted_of(packer: Packer, call: AcceptCall, answer: Mapping[str, Any]) -> Accepted:
    """Return the result of *call*; *packer* learns the name of a new dictionary."""
    packed = call.packed
    if packed and answer.get("words") is not None:
        packer.learn(packed, answer["words"])
    if answer.get("forgot"):
        hours = round(answer["forgot"] / 3_600_000, 1)
        _log.warning("event ids forgotten early", extra={"source": call.source, "hours": hours})
    return Accepted(
        outcome=answer["outcome"],
        accepted=answer.get("accepted", 0),
        wake=tuple(answer.get("wake") or ()),
        letters=answer.get("letters", 0),
        stalled=answer.get("stalled") or None,
        last=answer.get("last", 0),
        at_us=int(answer["at"]) if "at" in answer else None,
    )
