"""The stored form of an item beside its fields: when it is sent, and what keeps it from that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.model.retirement import shown_slug
from workers.store.item_record import CLAIM, SHOWN, ItemClaim, LeftOut, left_slug_of


@dataclass(frozen=True, slots=True)
class ItemSchedule:
    """Times are ms since 1970; see the Lua of the same name, ``item_attempts``, ``creation``."""

    by: str = ""  # "key" or "item"
    shown: str | None = None  # the key as it came last, if that is not its normal form
    lane: str = ""  # name of its due set: a lane, alone or with ":sought" or ":room"
    due: float | None = None
    attempts: int = 0  # that count
    failed: float | None = None  # when it first failed alone
    claim: ItemClaim | None = None
    sought: bool = False  # its item id is being looked up
    roomless: bool = False  # the plan has no room for it
    hold: float | None = None  # until then a request may take the item away
    doubt: float | None = None  # until then a request may create it
    make: float | None = None  # it is to be created, since this listing did not show it
    staged: str = ""  # only its staged copy is written: its status then
    look: str = ""  # its status is to be read first
    updated: str = ""  # lastUpdated of the last answer
    partial: str = ""  # dead letter of the event that it is known by
    left: Mapping[str, LeftOut] = field(default_factory=dict)  # by shown slug

    @classmethod
    def parse(cls, stored: Mapping[str, str]) -> ItemSchedule:
        """Parse the hash of an item."""

        def ms(name: str) -> float | None:
            return float(stored[name]) if name in stored else None

        return cls(
            by=stored.get("by", ""),
            shown=stored.get(SHOWN),
            lane=stored.get("lane", ""),
            due=ms("due"),
            attempts=int(float(stored.get("attempts", 0))),
            failed=ms("failed"),
            claim=ItemClaim.parse(stored[CLAIM]) if CLAIM in stored else None,
            sought="lookup" in stored,
            roomless="roomless" in stored,
            hold=ms("hold"),
            doubt=ms("doubt"),
            make=ms("make"),
            staged=stored.get("staged", ""),
            look=stored.get("look", ""),
            updated=stored.get("updated", ""),
            partial=stored.get("partial", ""),
            left={
                shown_slug(slug): _left(text)
                for name, text in stored.items()
                if (slug := left_slug_of(name)) is not None
            },
        )


def _left(text: str) -> LeftOut:
    stored = json.loads(text)
    return LeftOut(str(stored.get("l", "")), stored.get("r") or None, int(stored.get("a") or 0))
