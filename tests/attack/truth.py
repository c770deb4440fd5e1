"""
What each field must finally hold, said as simply as possible: the newest accepted value wins.

A version is (kind, number, tie): kind 0 is before everything, and numbers of one collection are of
one kind. No claims, no due times, no marks.
"""

from dataclasses import dataclass, field

BEFORE = (0, 0, 0)
GONE = ":gone"


@dataclass
class Newest:
    """The newest accepted value of one field."""

    value: object
    version: tuple
    ids: set = field(default_factory=set)  # of the events accepted at this version
    wanted: bool = True  # False: it went with an item that was deleted
    older: list = field(default_factory=list)  # values before it
    lifted: bool = False  # of a retirement: the record is back
    took: object = None  # the retirement with which it went
    also: list = field(default_factory=list)  # values that are as right
    of_row: bool = False  # of a snapshot


@dataclass
class Event:
    """One event as its source sends it: *at* is a version, None, or "held"."""

    source: str
    id: str | None
    collection: str
    key: str
    values: dict
    at: object
    payload: dict = field(default_factory=dict)
    bad: bool = False  # one field more cannot be read


class Truth:
    def __init__(self):
        self.fields = {}  # (collection, key, slug) → Newest
        self.seen = set()
        self.accepted = self.stale = 0
        self.discarded = set()  # (collection, key, slug), until a newer value comes
        self.arrivals = []  # µs, as versions that arrival gave
        self.came = {}  # (collection, key) → what came, with its version: a remap brings it again
        self.forgotten = set()  # (collection, key)

    def accept(self, event, now_us):
        """Take in an event of a live delivery; returns how many values are accepted."""
        name = event.id and (event.source, event.id)
        if name in self.seen:
            return 0
        for slug, value in event.values.items():
            self._take((event.collection, event.key, slug), value, event, name, now_us)
        if name and event.values:
            self.seen.add(name)
        self.accepted += len(event.values)
        return len(event.values)

    def _take(self, place, value, event, name, now_us):
        version = self._version(place, event.at, now_us)
        self.came.setdefault(place[:2], []).append((place, value, event.source, name, version))
        if not self._wins(place, version, name):
            self.stale += 1
            return
        self._put(place, value, name, version)

    def _put(self, place, value, name, version):
        held = self.fields.get(place)
        ids = {name} if name else set()
        if held and held.version == version:
            ids |= held.ids
        self._place(place, Newest(value, version, ids))
        if place[2] == GONE and value == "delete":
            for other in self._others(place):
                self.fields[other].wanted = False

    def _place(self, place, newest):
        held = self.fields.get(place)
        newest.older = [*held.older, held.value] if held else []
        self.fields[place] = newest
        self.discarded.discard(place)
        gone = self.fields.get((*place[:2], GONE))
        if gone and place[2] != GONE:
            gone.lifted = True

    def _others(self, place):
        return [p for p in self.fields if p[:2] == place[:2] and p[2] != GONE]

    def _compared(self, place):
        """A value is compared with its field and the retirement of its item; that with all."""
        both = {place, (*place[:2], GONE)}
        places = both | set(self._others(place)) if place[2] == GONE else both
        return [self.fields[p] for p in places if p in self.fields]

    def _version(self, place, at, now_us):
        newest = max((held.version for held in self._compared(place)), default=None)
        if at == "held":
            return newest or (0, 0, 1)
        if at is not None:
            return at
        number = now_us if newest is None or newest[0] == 0 else max(now_us, newest[1] + 1)
        self.arrivals.append(number)
        return (1, number, 0)

    def _wins(self, place, version, name):
        return all(
            version > held.version or (version == held.version and name not in held.ids)
            for held in self._compared(place)
        )

    def row(self, collection, key, values, version):
        """A row of a snapshot, with a version of its own."""
        for slug, value in values.items():
            place = (collection, key, slug)
            if place in self.discarded and self.fields[place].value == value:
                continue  # no difference: what was discarded does not come back by a snapshot
            if all(version > held.version for held in self._compared(place)):
                self._place(place, Newest(value, version))

    def forget(self, collection, key):
        """The record is unknown again: no item ever had its key, and its letter was discarded."""
        self.forgotten.add((collection, key))
        for place in [place for place in self.fields if place[:2] == (collection, key)]:
            del self.fields[place]

    def remap(self, source):
        """All that came from *source* comes again: news only of records that were forgotten."""
        for record in self.forgotten:
            for place, value, of, name, version in self.came.get(record, ()):
                if of == source and self._wins(place, version, name):
                    self._put(place, value, name, version)

    def is_gone(self, collection, key):
        """The way in which the record is retired, or None."""
        gone = self.fields.get((collection, key, GONE))
        return gone.value if gone and not gone.lifted else None
