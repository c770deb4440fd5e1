"""
Small charts as SVG: bars by bins, a gap where nothing is known.

Lengths are units of the drawing, which a page stretches to the width that it has. Text stands
beside it, so that it is not stretched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, groupby
from typing import Final

from service.operate.overview import Chart

Numbers = Sequence[int | None]

BIN: Final = 10  # width of a bin
BAR: Final = 8  # of which this is its bar
HEIGHT: Final = 100
LEAST: Final = 2  # height of the smallest bar: a one is seen beside a thousand


@dataclass(frozen=True, slots=True)
class Layer:
    """Numbers by bins, shown in the colour of the class *tone*."""

    name: str
    tone: str
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Plot:
    """
    One drawing.

    Args:
        title: What it shows.
        description: The same as numbers, for who does not see it.
        width: Of the drawing.
        bars: Tone and path of each layer, the lowest first.
        gaps: The path of what is not known.
        top, half: The numbers at its upper edge and at half its height.
        layers: Name, tone and sum of each; None: nothing is known of it.
    """

    title: str
    description: str
    width: int
    bars: tuple[tuple[str, str], ...]
    gaps: str
    top: int
    half: int
    layers: tuple[tuple[str, str, int | None], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The numbers of one bin that is known, by layer."""

    begins: datetime
    numbers: tuple[int | None, ...]


def plot(title: str, bin_name: str, layers: Sequence[Layer]) -> Plot:
    """
    Draw *layers*, one on the other; a bin in which one of them is not known is a gap.

    Args:
        bin_name: A bin in one word, and what follows it: "minute", "quarter of an hour".
    """
    bins = [*zip(*(layer.numbers for layer in layers), strict=True)]
    sums = [None if None in each else sum(number or 0 for number in each) for each in bins]
    known = [number for number in sums if number is not None]
    top = scale(max(known, default=0))
    width = BIN * len(sums)
    return Plot(
        title=title,
        description=_description(known, len(sums), bin_name),
        width=width,
        bars=tuple((layers[at].tone, _bars(bins, at, top)) for at in range(len(layers))),
        gaps="".join(_box(BIN * at, 0, BIN * many, HEIGHT) for at, many in _runs(sums)),
        top=top,
        half=top // 2,
        layers=tuple((each.name, each.tone, _sum(each.numbers)) for each in layers),
    )


def scale(most: int) -> int:
    """Return the upper edge for numbers up to *most*: an even one of one digit and zeros."""
    power = 1
    while True:
        for digit in (2, 4, 6, 8, 10):
            if most <= digit * power:
                return digit * power
        power *= 10


def rows(chart: Chart, layers: Iterable[Layer]) -> list[Row]:
    """Return the bins of *chart* of which anything is known, the newest first."""
    begins = beginning(chart)
    found = []
    for at, numbers in enumerate(zip(*(each.numbers for each in layers), strict=True)):
        if any(number is not None for number in numbers):
            found.append(Row(begins + timedelta(seconds=at * chart.seconds), tuple(numbers)))
    return found[::-1]


def axis(chart: Chart) -> tuple[datetime, datetime, datetime]:
    """Return the times at the beginning, the middle and the end of *chart*."""
    begins, bins = beginning(chart), len(chart.calls)
    half, whole = (timedelta(seconds=chart.seconds * bins * part) for part in (0.5, 1))
    return begins, begins + half, begins + whole


def beginning(chart: Chart) -> datetime:
    """Return when the first bin of *chart* begins."""
    return datetime.fromisoformat(str(chart.begins))


def _bars(bins: Sequence[tuple[int | None, ...]], layer: int, top: int) -> str:
    """Return the path of the bars of *layer*, which stand on those of the layers before it."""
    parts = []
    for at, numbers in enumerate(bins):
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers) or not known[layer]:
            continue
        below = _height(sum(known[:layer]), top)
        height = max(LEAST, _height(sum(known[: layer + 1]), top) - below)
        parts.append(_box(BIN * at + (BIN - BAR) // 2, HEIGHT - below - height, BAR, height))
    return "".join(parts)


def _height(number: int, top: int) -> int:
    return round(HEIGHT * number / top)


def _box(x: int, y: int, width: int, height: int) -> str:
    return f"M{x} {y}h{width}v{height}h-{width}z"


def _runs(sums: Numbers) -> Iterator[tuple[int, int]]:
    """Yield where each run of gaps begins, and how many bins it has."""
    for is_gap, run in groupby(zip(count(), sums), lambda each: each[1] is None):
        if is_gap:
            places = [at for at, _ in run]
            yield places[0], len(places)


def _sum(numbers: Numbers) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _description(known: Sequence[int], bins: int, name: str) -> str:
    if not known:
        return "Nothing is known of this time."
    text = f"{sum(known):,} in all, at most {max(known):,} in one {name}."
    gaps = bins - len(known)
    if not gaps:
        return text
    word, blank, rest = name.partition(" ")
    return f"{text} Nothing is known of {gaps} of {bins} {word}s{blank}{rest}."
