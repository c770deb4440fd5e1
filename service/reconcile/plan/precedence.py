"""
Which is newer: what a snapshot says of a field, or what the outbox holds. Pure.

A row that has a version of its own, of the kind that its field holds, stands by that. Of a source
that numbers its changes any other row stands by the number that is held: nothing is held, and it
comes before everything. Of any other source it has the time of the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.reconcile.states import Held
from workers.changes import Snapshot
from workers.model.versions import BEFORE, Version, are_apart, kind_of, right_after

UNDECIDED = (
    "an event of it came shortly before the snapshot, or another snapshot of the same time says "
    "something else: take a newer one"
)


@dataclass(frozen=True, slots=True)
class Precedence:
    """
    Args:
        as_of: The time of the snapshot, as a version.
        margin: s; what came less than this before the snapshot may not be in it.
        sequenced: The source numbers its changes, and does not time them.
    """

    as_of: str
    margin: float = 60.0
    sequenced: bool = False

    @property
    def as_of_ms(self) -> int:
        return Version.parse(self.as_of).number // 1000

    @property
    def snapshot(self) -> Snapshot:
        """Return what goes with its rows into the outbox."""
        return Snapshot(self.as_of_ms, self.as_of_ms - round(self.margin * 1000))

    def version(self, own: str, held: Sequence[Held | None]) -> str:
        """
        Return the version by which a row stands.

        Args:
            own: Its own; "": it has none.
            held: What is held of its field, then the retirement of its item.
        """
        field, *gone = held or [None]
        known = [each.version for each in (field, *gone) if each is not None]
        if not self.sequenced and (field is None or kind_of(field.version) == "0"):
            known = [version for version in known if kind_of(version) != "s"]
        elif len(known) > 1 and are_apart(known[0], known[-1]):
            known = known[:1]
        kinds = {kind_of(version) for version in known} - {"0"}
        if own and kinds <= {kind_of(own)}:
            return max([own, *(version for version in known if _is_same(version, own))])
        numbers = [version for version in known if kind_of(version) == "s"]
        if numbers:
            return max(numbers)
        if self.sequenced and not kinds:
            return max(known, default=BEFORE)
        return self.as_of

    def wins(self, version: str, held: Held | None) -> bool:
        """Tell whether a row that stands by *version* is newer than what is *held*."""
        if held is None:
            return True
        if self._is_level(version, held):
            return self._outlives(held)
        return version > held.version

    def is_undecided(self, version: str, held: Held | None) -> bool:
        """Tell whether what is *held* may have come before the snapshot, or after it."""
        if held is None or not self._is_level(version, held) or self._outlives(held):
            return False
        return held.came <= self.as_of_ms if held.as_of is None else held.as_of == self.as_of_ms

    def may_lack(self, held: Iterable[Held]) -> bool:
        """Tell whether one of what is *held* may have come after the snapshot, which lacks it."""
        return any(kind_of(e.version) == "s" and self.is_undecided(e.version, e) for e in held)

    def retirement(self, known: Iterable[str]) -> str:
        """
        Return the version of a retirement: the time of the snapshot; where the source numbers its
        changes, right after the last one *known* when it was compared.
        """
        known = list(known)
        numbers = [version for version in known if kind_of(version) == "s"]
        if numbers and (self.sequenced or not any(kind_of(version) == "t" for version in known)):
            return right_after(max(numbers))
        return BEFORE if self.sequenced else self.as_of

    def _is_level(self, version: str, held: Held) -> bool:
        """Tell whether the versions say nothing of which is newer."""
        return version == held.version or are_apart(version, held.version)

    def _outlives(self, held: Held) -> bool:
        """As ``lua/newest.lua`` has it."""
        if held.as_of is not None:
            return self.as_of_ms > held.as_of
        return held.came < self.snapshot.before_ms


def _is_same(version: str, own: str) -> bool:
    """Tell whether two times are one, whatever stands behind them."""
    return kind_of(own) == "t" and Version.parse(version).head == Version.parse(own).head
