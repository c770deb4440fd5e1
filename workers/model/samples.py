"""A sample: what the counters said at one moment, of which charts and rates are made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Part = Literal["sources", "destinations", "all"]


@dataclass(frozen=True, slots=True)
class Column:
    """One number of a sample: in each entry of *part* at *place*."""

    part: Part
    place: int


DELIVERIES: Final = Column("sources", 0)  # also those that were repeats
DUPLICATES: Final = Column("sources", 1)
REFUSED: Final = Column("sources", 2)  # requests, for any reason
CALLS: Final = Column("destinations", 0)
RATE_LIMITED: Final = Column("destinations", 1)  # calls that the CMS refused for their number
PENDING: Final = Column("destinations", 2)  # items that waited at that moment: no counter
ACCEPTED: Final = Column("all", 0)  # field values
ALL: Final = ""  # name of the only entry of that part


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One reading of all counters.

    Args:
        at: ms since 1970, on the store's clock.
        parts: Part → name → the numbers of its columns. Names are those that instep.toml had then.
    """

    at: float
    parts: Mapping[Part, Mapping[str, Sequence[int]]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Sample:
        """Return the sample that ``sample.lua`` has written; a later release may write more."""
        held: dict[str, Any] = json.loads(text)
        parts: dict[Part, Mapping[str, Sequence[int]]] = {
            "sources": held["sources"],
            "destinations": held["destinations"],
            "all": {ALL: [held["accepted"]]},
        }
        return cls(held["at"], parts)

    def numbers(self, column: Column) -> dict[str, int]:
        """Return the numbers of *column*, by name."""
        place = column.place
        return {name: own[place] for name, own in self.parts[column.part].items()}


@dataclass(frozen=True, slots=True)
class Grain:
    """Slots of *ms*, beginning at 1970, of which the last *slots* have a sample."""

    name: str
    ms: int
    slots: int


MINUTES: Final = Grain("minute", 60_000, 122)  # 2 h, and the two ends
QUARTERS: Final = Grain("quarter", 900_000, 106)  # 26 h: this hour, and the same one of yesterday
