"""
Precedence: whether the snapshot's or the outbox's value of a field is newer. Pure.

A row with a version of its own, of the same kind as its field's, is ordered by it. For a source
that numbers its changes, any other row has the number held: nothing is held, and it comes before
everything. For any other source it has the time of the snapshot, less the margin: later values may
be missing in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeGuard

from service.reconcile.plan.model import SourceField
from workers.fields.types import are_same
from workers.model.changes import Snapshot
from workers.model.versions import BEFORE, Version, are_apart, kind_of, micros_version, right_after
from workers.store.item_record import FieldRecord

UNDECIDED = (
    "an event came shortly before the snapshot, or another snapshot of that time differs; use a "
    "newer snapshot, or give the time of the export with --as-of"
)
SUPERSEDED = "a later snapshot of this source was reconciled"
Newer = Literal["snapshot", "outbox", "undecided"]


@dataclass(frozen=True, slots=True)
class Precedence:
    """
    The order of one snapshot.

    Args:
        as_of: The time of the snapshot, as a version.
        margin: s; values that came within it before the snapshot may be missing in that.
        sequenced: The source numbers its changes instead of timing them.
        superseded: A later snapshot of that source was reconciled: rows without a version of their
            own are old.
    """

    as_of: str
    margin: float = 60.0
    sequenced: bool = False
    source: str = ""
    superseded: bool = False

    @property
    def as_of_ms(self) -> int:
        return Version.parse(self.as_of).number // 1000

    @property
    def snapshot(self) -> Snapshot:
        """Return the data that accompanies its rows into the outbox."""
        return Snapshot(self.as_of_ms, self.as_of_ms - round(self.margin * 1000))

    @property
    def _floor(self) -> str:
        """The version of rows without a time of their own."""
        return micros_version(max(0, self.snapshot.before_ms) * 1000)

    def version(self, own: str, held: Sequence[FieldRecord | None]) -> str:
        """
        Return the version that orders a row.

        Args:
            own: Its own; "": it has none.
            held: The outbox's value of its field, then the retirement of its item.
        """
        field, *gone = held or [None]
        known = [each.version for each in (field, *gone) if each is not None]
        if not self.sequenced and (field is None or kind_of(field.version) == "0"):
            known = [version for version in known if kind_of(version) != "s"]
        elif len(known) > 1 and are_apart(known[0], known[-1]):
            known = known[:1]
        kinds = {kind_of(version) for version in known} - {"0"}
        if own and kinds <= {kind_of(own)}:
            return max([own, *(version for version in known if _is_level(own, version))])
        if self.superseded:
            return BEFORE
        numbers = [version for version in known if kind_of(version) == "s"]
        if numbers:
            return max(numbers)
        if self.sequenced and not kinds:
            return max(known, default=BEFORE)
        return self._up_to_as_of(known)

    def newer(self, version: str, held: FieldRecord | None) -> Newer:
        """
        Tell which is newer, a row with *version* or the value *held*.

        At equal versions, a value that came long enough before the snapshot is in it, and one from
        an earlier snapshot is older; one that came later is newer. A value that came in between, or
        from another snapshot of the same time, is undecided.
        """
        if held is None:
            return "snapshot"
        if held.as_of is not None and held.as_of > self.as_of_ms and held.timed:
            return "outbox"
        if not _is_level(version, held.version) and not are_apart(version, held.version):
            return "snapshot" if version > held.version else "outbox"
        if self.superseded:
            return "outbox"
        when = held.came if held.as_of is None else held.as_of
        before = self.snapshot.before_ms if held.as_of is None else self.as_of_ms
        if when < before:
            return "snapshot"
        return "outbox" if when > self.as_of_ms else "undecided"

    def wins(self, version: str, held: FieldRecord | None) -> bool:
        """Tell whether a row with *version* is newer than the value *held*."""
        return self.newer(version, held) == "snapshot"

    def is_undecided(self, version: str, held: FieldRecord | None) -> bool:
        """Tell whether the value *held* may have come before the snapshot, or after it."""
        return self.newer(version, held) == "undecided"

    def is_older(self, version: str, held: FieldRecord) -> bool:
        """Tell whether *version* alone is older than the value *held*."""
        return version < held.version and not _is_level(version, held.version)

    def is_newer_by_itself(self, version: str, held: FieldRecord) -> bool:
        """Tell whether *version* alone is newer than the value *held*."""
        return version > held.version and not _is_level(version, held.version)

    def lifts(self, gone: FieldRecord | None) -> bool:
        """
        Tell whether a record is restored because this snapshot has it and an earlier one of the
        same source lacked it, whatever its version.
        """
        return self._is_inferred(gone) and (gone.as_of or 0) < self.as_of_ms

    def keeps(self, gone: FieldRecord | None) -> bool:
        """Tell whether a snapshot of this source, as late or later, lacked the record."""
        return self._is_inferred(gone) and not self.lifts(gone)

    def _is_inferred(self, gone: FieldRecord | None) -> TypeGuard[FieldRecord]:
        return gone is not None and gone.as_of is not None and gone.source == self.source

    def may_lack(self, held: Iterable[FieldRecord]) -> bool:
        """Tell whether a value of *held* may be newer than the snapshot, which lacks its record."""
        held = list(held)
        version = self.retirement(each.version for each in held)
        return any(
            self.is_undecided(e.version if kind_of(e.version) == "s" else version, e) for e in held
        )

    def retirement(self, known: Iterable[str]) -> str:
        """
        Return the version of a retirement: the time of the snapshot; if the source numbers its
        changes, right after the last number *known* at the comparison.
        """
        known = list(known)
        numbers = [version for version in known if kind_of(version) == "s"]
        if numbers and (self.sequenced or not any(kind_of(version) == "t" for version in known)):
            return right_after(max(numbers))
        return BEFORE if self.sequenced else self._up_to_as_of(known)

    def _up_to_as_of(self, known: Iterable[str]) -> str:
        """Return the time of the snapshot, at least that of earlier *known* versions."""
        as_of = Version.parse(self.as_of).number
        times = (version for version in known if kind_of(version) == "t")
        return max([self._floor, *(t for t in times if Version.parse(t).number <= as_of)])


def is_undone(wanted: SourceField, held: FieldRecord | None, order: Precedence) -> bool:
    """
    Tell whether the value *held* was put back by hand, and the source has another that is no newer.

    Only a version of its own makes it newer: the time of a snapshot does not.
    """
    if held is None or not held.undo or is_same(wanted, held):
        return False
    return not has_newer(wanted.version, held, order)


def has_newer(own: str, held: FieldRecord, order: Precedence) -> bool:
    """Tell whether *own*, the version of a row itself, is newer than that of the value *held*."""
    if not own or (kind_of(held.version) not in ("0", kind_of(own))):
        return False
    return order.is_newer_by_itself(own, held)


def is_news(
    wanted: SourceField, held: FieldRecord | None, gone: FieldRecord | None, order: Precedence
) -> bool:
    """Tell whether the source's value differs from the outbox's, and is newer."""
    version = order.version(wanted.version, (held, gone))
    if not order.wins(version, held) or is_undone(wanted, held, order):
        return False
    if gone is not None:
        return order.wins(version, gone)
    return held is None or not is_same(wanted, held)


def is_same(wanted: SourceField, held: FieldRecord) -> bool:
    """Tell whether source and outbox have the same value, by the rules of the type."""
    return are_same(wanted.type, wanted.value, held.value)


def _is_level(one: str, other: str) -> bool:
    """
    Tell whether two versions do not say which is newer.

    Two equal times are level, whatever their tie-breakers; and a time in whole seconds, or whole
    milliseconds, stands for any moment in it.
    """
    if one == other:
        return True
    if kind_of(one) != "t" or kind_of(other) != "t":
        return False
    low, high = sorted((Version.parse(one).number, Version.parse(other).number))
    return high - low < _unit(low)


def _unit(micros: int) -> int:
    return next(unit for unit in (1_000_000, 1000, 1) if micros % unit == 0)
