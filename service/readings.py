"""A body, read and mapped, and what of it goes to the dead letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workers.changes import FieldProblem, Incoming

WHOLE_BODY: Final = -1  # the index of a dead letter whose body could not be split into events
LETTERS: Final = 200  # of one delivery; more would fill the room of its source, and then get 503


@dataclass(frozen=True, slots=True)
class Read:
    """A body, read and mapped."""

    events: tuple[Incoming, ...]
    wanted: bool

    @property
    def problems(self) -> tuple[FieldProblem, ...]:
        return tuple(problem for event in self.events for problem in event.problems)


def unreadable(message: str) -> Read:
    """Return what is read of a body that cannot be split into events."""
    return Read((_letter(message),), wanted=True)


def _letter(message: str) -> Incoming:
    """Return the dead letter of a whole body."""
    return Incoming(None, None, WHOLE_BODY, problems=(FieldProblem("body", message),))


def bounded(read: Read) -> Read:
    """Return *read*, with one letter of the whole body for its bad events if they are very many."""
    bad = [event for event in read.events if event.problems]
    if len(bad) <= LETTERS:
        return read
    first = bad[0].problems[0]
    words = f"{len(bad)} of {len(read.events)} events have problems; the first: {first.path}"
    good = (event for event in read.events if not event.problems)
    return Read((*good, _letter(f"{words} {first.message}")), read.wanted)
