"""
What the outbox promises of accepted values, said as simply as possible: no claims, no due times,
no marks; only which value is the newest and what became of each.
"""

from collections import Counter
from dataclasses import dataclass, field

BEFORE = -1
RIGHT_AFTER = BEFORE + 0.5  # and before all that has a version


@dataclass
class Newest:
    """The newest accepted value of one field."""

    value: int
    version: object  # None: arrival decides; BEFORE: before everything
    number: int  # its arrival number
    ids: set = field(default_factory=set)  # of the events accepted at this version
    state: str = "pending"
    undo: bool = False  # it has taken back what was there


class Reference:
    def __init__(self):
        self.fields = {}  # (record, slug) → Newest
        self.counts = Counter()
        self.seen = set()
        self.arrivals = 0

    def accept(self, source, mode, events):
        """
        Take in *events*: (id, record, {slug: (value, version)}); the version may be None, "held" or
        "first" (workers/model/changes.py).

        Yields each field value with what must become of it: "stale" or "newest". Of the newest
        ones the caller says which need not be sent (``move``).
        """
        for id, record, values in events:
            name = id and (source, id)
            if name in self.seen:
                continue
            for slug, (value, told) in values.items():
                version = self._version((record, slug), told)
                self.counts["accepted"] += 1
                if self._wins((record, slug), version, name, mode, own=version is told):
                    self._place((record, slug), value, version, name)
                    yield (record, slug), "newest"
                else:
                    self.counts["stale"] += 1
                    yield (record, slug), "stale"
            if name:
                self.seen.add(name)

    def _version(self, place, told):
        """Without one a value takes that which is held, or comes before all that has one."""
        held = self.fields.get(place)
        if told == "held":
            return held.version if held else RIGHT_AFTER
        return BEFORE if told == "first" else told

    def undo(self, place, number, value):
        """Take back the value with that arrival number; return whether it is still there."""
        self.counts["accepted"] += 1
        held = self.fields.get(place)
        if held is None or held.number != number:
            self.counts["stale"] += 1
            return False
        ids, mark = held.ids, not held.undo
        self._place(place, value, held.version, None)
        self.fields[place].ids, self.fields[place].undo = ids, mark
        return True

    def _wins(self, place, version, name, mode, *, own):
        held = self.fields.get(place)
        if held is None or version is None or version > held.version:
            return True
        if version != held.version or mode != "live" or name in held.ids:
            return False
        return not held.undo or not own or name is not None

    def _place(self, place, value, version, name):
        held = self.fields.get(place)
        ids = {name} if name else set()
        if held:
            if held.state in ("pending", "dead"):
                self.move(place, "superseded")
            if version is not None and version == held.version:
                ids |= held.ids
        self.arrivals += 1
        self.fields[place] = Newest(value, version, self.arrivals, ids)
        self.counts["pending"] += 1

    def forget(self, record):
        """What is not in the CMS, and was given up by hand, is as if it had never come."""
        for place in [place for place in self.fields if place[0] == record]:
            del self.fields[place]

    def echo(self, place, fate):
        """The CMS tells of a value that we wrote: it is counted, and nothing else."""
        assert place in self.fields
        assert fate in ("unchanged", "stale")
        self.counts["accepted"] += 1
        self.counts[fate] += 1

    def move(self, place, state):
        """The newest value of *place* meets another fate."""
        held = self.fields[place]
        self.counts[held.state] -= 1
        self.counts[state] += 1
        held.state = state

    def holds(self, place, number):
        """Whether *place* still holds the value that was claimed."""
        return self.fields[place].number == number
