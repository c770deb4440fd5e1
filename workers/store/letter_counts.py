"""How many records and values the open letters of problems hold (``count_letters.lua``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from workers.store.scripts import Steps

SLICE: Final = 1000  # letters that one step reads


@dataclass(slots=True)
class LetterCount:
    """
    What the letters of one problem hold.

    Args:
        values: Field values.
        many: Letters each of which stands for many.
        times: For how many these stand.
        names: Of the records, of all others.
    """

    values: int = 0
    many: int = 0
    times: int = 0
    names: set[str] = field(default_factory=set)

    @property
    def records(self) -> int:
        return len(self.names) + self.times


def count_letters(steps: Steps, groups: Mapping[str, int], most: int) -> dict[str, LetterCount]:
    """
    Return what the letters of each of *groups* hold; those beyond *most* are left out.

    Args:
        groups: How many of the newest letters of each count; the first come first.
        most: Letters that are read.

    Raises:
        StoreUnavailable: The store does not answer.
    """
    read, chosen = 0, dict[str, int]()
    for group, letters in groups.items():
        if read + letters <= most:
            read += letters
            chosen[group] = letters
    found = {group: LetterCount() for group in chosen}
    for parts in _requests(chosen):
        answer = steps.run("count_letters", {"parts": parts})
        for (group, *_), (values, many, times, names) in zip(parts, answer["parts"], strict=True):
            count = found[group]
            count.values += values
            count.many += many
            count.times += times
            count.names.update(names or ())  # an empty Lua table is an object in JSON
    return found


def _requests(groups: Mapping[str, int]) -> Iterator[list[tuple[str, int, int]]]:
    """Yield parts of groups, for one step each: group, first and last place."""
    parts, room = list[tuple[str, int, int]](), SLICE
    for group, letters in groups.items():
        left = letters
        while left:
            size = min(room, left)
            parts.append((group, -left, size - left - 1))
            left, room = left - size, room - size
            if not room:
                yield parts
                parts, room = [], SLICE
    if parts:
        yield parts
