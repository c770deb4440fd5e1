"""What came and went over the last hour and day, from samples of the counters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from service.operate.moments import moment
from workers.model.samples import MINUTES, QUARTERS, Column, Grain, Sample

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_LATE_MS: Final = 15_000  # after the begin of its slot, a sample stands for that; or a tenth of it


@dataclass(frozen=True, slots=True)
class Window:
    """
    A stretch of time in bins.

    Args:
        grain: Its slots are the bins.
        first: The number of the first slot.
        bins: How many there are.
        samples: By the number of their slot.
        newer: Samples of a finer grain, in order: a total goes on with them.
    """

    grain: Grain
    first: int
    bins: int
    samples: Mapping[int, Sample]
    newer: Sequence[Sample] = ()

    @property
    def begins(self) -> str | None:
        return moment(self.first * self.grain.ms)

    @property
    def is_whole(self) -> bool:
        """Whether both its ends were sampled."""
        return self._at(self.first) is not None and self._at(self.first + self.bins) is not None

    def increases(self, column: Column, names: Collection[str]) -> list[int | None]:
        """
        Return by how much *column*, a counter, rose for all *names* together, in each bin.

        None, a gap: a sample at one of its ends is missing or late, or a counter fell: it began
        anew, or the store is an older copy.
        """
        slots = range(self.first, self.first + self.bins + 1)
        read = [_numbers(self._at(slot), column, names) for slot in slots]
        return [_risen(before, after) for before, after in pairwise(read)]

    def levels(self, column: Column, names: Collection[str]) -> list[int | None]:
        """Return the sum of *column* over *names* as each bin began; None: it is not known."""
        slots = range(self.first, self.first + self.bins)
        read = (_numbers(self._at(slot), column, names) for slot in slots)
        return [sum(each.values()) if each else None for each in read]

    def totals(self, column: Column) -> dict[str, int]:
        """
        Return by how much *column* rose from the first sample to the newest, by name.

        Also across gaps; a fall is left out, and so is what it hides. No name: it is not known.
        """
        slots = range(self.first, self.first + self.bins + 1)
        found = [self.samples[slot] for slot in slots if slot in self.samples]
        found += [sample for sample in self.newer if not found or sample.at > found[-1].at]
        totals: dict[str, int] = {}
        old: Mapping[str, int] = {}
        for sample in found:
            new = sample.numbers(column)
            for name, number in new.items():
                if name in old and number >= old[name]:
                    totals[name] = totals.get(name, 0) + number - old[name]
            old = new
        return totals

    def _at(self, slot: int) -> Sample | None:
        sample, ms = self.samples.get(slot), self.grain.ms
        if sample is None or sample.at - slot * ms > max(_LATE_MS, ms / 10):
            return None
        return sample


def _numbers(
    sample: Sample | None, column: Column, names: Collection[str]
) -> dict[str, int] | None:
    if sample is None:
        return None
    numbers = sample.numbers(column)
    return {name: numbers[name] for name in names if name in numbers}


def _risen(old: dict[str, int] | None, new: dict[str, int] | None) -> int | None:
    if not old or not new:
        return None
    # One by one: a name that instep.toml has only since brings what it counted long ago.
    risen = [number - old[name] for name, number in new.items() if name in old]
    return sum(risen) if risen and min(risen) >= 0 else None


@dataclass(frozen=True, slots=True)
class Traffic:
    """
    The last hour by minute, the last day by quarter of an hour, and this hour of yesterday.

    Args:
        now: ms since 1970, on the store's clock.
    """

    now: float
    hour: Window
    day: Window
    yesterday: Window

    @classmethod
    def of(
        cls, now: float, minutes: Mapping[int, Sample], quarters: Mapping[int, Sample]
    ) -> Traffic:
        """Return the windows that end with the newest samples."""
        hour = _window(MINUTES, _HOUR_MS, now, minutes)
        newer = [minutes[slot] for slot in sorted(minutes)]
        day = _window(QUARTERS, _DAY_MS, now, quarters, newer)
        of_hour = _HOUR_MS // QUARTERS.ms
        return cls(now, hour, day, Window(QUARTERS, day.first - of_hour, of_hour, quarters))


def _window(
    grain: Grain,
    ms: int,
    now: float,
    samples: Mapping[int, Sample],
    newer: Sequence[Sample] = (),
) -> Window:
    """Return the last *ms*: up to this slot, or the one before if this has no sample yet."""
    slot, bins = int(now // grain.ms), ms // grain.ms
    ends = slot - 1 if slot not in samples and slot - 1 in samples else slot
    return Window(grain, ends - bins, bins, samples, newer)
