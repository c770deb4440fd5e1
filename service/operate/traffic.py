"""What came and went over the last hour and day, from samples of the counters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from service.operate.moments import moment
from workers.model.samples import MINUTES, QUARTERS, DestinationTotals, Grain, Sample, SourceTotals

Measure = Callable[[Sample], Mapping[str, int]]  # the counters that a figure is the sum of, by name

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

    def increases(self, counter: Measure) -> list[int | None]:
        """
        Return by how much *counter* rose in each bin.

        None, a gap: a sample at one of its ends is missing or late, or the counter fell: it began
        anew, or the store is an older copy.
        """
        slots = range(self.first, self.first + self.bins)
        return [_risen(self._at(slot), self._at(slot + 1), counter) for slot in slots]

    def levels(self, number: Measure) -> list[int | None]:
        """Return *number* at the begin of each bin; None: there was no sample."""
        found = (self._at(slot) for slot in range(self.first, self.first + self.bins))
        known = [None if sample is None else number(sample) for sample in found]
        return [sum(each.values()) if each else None for each in known]

    def total(self, counter: Measure) -> int | None:
        """
        Return by how much *counter* rose from the first sample to the newest, also across gaps.

        None: there are no two samples of it. A fall is left out, and so is what it hides.
        """
        inside = range(self.first, self.first + self.bins + 1)
        found = [self.samples[slot] for slot in inside if slot in self.samples]
        found += [sample for sample in self.newer if not found or sample.at > found[-1].at]
        risen = [_risen(before, after, counter) for before, after in pairwise(found)]
        known = [number for number in risen if number is not None]
        return sum(known) if known else None

    def _at(self, slot: int) -> Sample | None:
        sample, ms = self.samples.get(slot), self.grain.ms
        if sample is None or sample.at - slot * ms > max(_LATE_MS, ms / 10):
            return None
        return sample


def _risen(before: Sample | None, after: Sample | None, counter: Measure) -> int | None:
    if before is None or after is None:
        return None
    old, new = counter(before), counter(after)
    # One by one: a name that instep.toml has only since brings what it counted long ago.
    risen = [new[name] - old[name] for name in new.keys() & old.keys()]
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


def of_sources(names: Collection[str], number: Callable[[SourceTotals], int]) -> Measure:
    """Return the measure that sums *number* over the sources *names*."""
    return lambda sample: {n: number(sample.sources[n]) for n in names if n in sample.sources}


def of_destinations(names: Collection[str], number: Callable[[DestinationTotals], int]) -> Measure:
    """Return the measure that sums *number* over the destinations *names*."""
    return lambda sample: {
        n: number(sample.destinations[n]) for n in names if n in sample.destinations
    }


def accepted(sample: Sample) -> Mapping[str, int]:
    """Field values, of all sources."""
    return {"": sample.accepted}
