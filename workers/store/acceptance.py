"""The request of ``accept``, and its result."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workers.config.settings import Settings, Source
from workers.model.changes import Delivery
from workers.model.values import value_class
from workers.store.compression import Packed, Packer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
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


def source_of(delivery: Delivery, settings: Settings) -> Source:
    """Return the source of *delivery*; an undo may be of one that is configured no longer."""
    if delivery.source in settings.sources:
        return settings.sources[delivery.source]
    pulled = settings.all_sources
    if delivery.mode == "undo" and delivery.source not in pulled:
        return Source(delivery.source, "")
    return pulled[delivery.source]


def said_of(delivery: Delivery) -> dict[str, Any]:
    """Return what only some deliveries say: the store reads each null that is sent to it."""
    slot = delivery.slot
    said = {
        "closes": delivery.closes,
        "secret": delivery.secret,
        "spooled": delivery.spooled and asdict(delivery.spooled),
        "slot": slot and {"file": slot.file, "name": slot.name},
        "limit": delivery.limit and asdict(delivery.limit),
        "lease": delivery.lease and asdict(delivery.lease),
        "run": delivery.run,
        "fetched": delivery.landing and asdict(delivery.landing),
    }
    return {name: held for name, held in said.items() if held is not None}


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
