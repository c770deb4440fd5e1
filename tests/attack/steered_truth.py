"""What an operator's decisions make of the truth: deletes that are held, dropped, and undoes."""

from tests.attack.truth import GONE, Newest, Truth


class SteeredTruth(Truth):
    """
    Retirements do not take their places at once: they are held until they are `release`d.

    Args:
        holds: Whether they are.
    """

    def __init__(self, *, holds):
        super().__init__()
        self.holds = holds
        self.held = {}  # (collection, key) → Newest, of a retirement
        self.dropped = {}  # the same of those that an operator has dropped
        self.edited = {}  # place → what an editor wrote there: anything may be in the CMS

    def _take(self, place, value, event, name, now_us):
        if not self.holds or place[2] != GONE:
            super()._take(place, value, event, name, now_us)
            return
        record, version = place[:2], self._version(place, event.at, now_us)
        if not self._wins(place, version, name):
            self.stale += 1
        elif record not in self.dropped:
            self.held[record] = Newest(value, version, {name} if name else set())

    def _place(self, place, newest):
        record = place[:2]
        super()._place(place, newest)
        if place[2] == GONE:
            self.held.pop(record, None)
            return
        for waiting in (self.held, self.dropped):
            gone = waiting.get(record)
            # At one version the later delivery has won already.
            if gone is not None and newest.version >= gone.version:
                del waiting[record]

    def _version(self, place, at, now_us):
        """Whatever is held of the record counts, too."""
        gone = self.held.get(place[:2])
        if gone is None:
            return super()._version(place, at, now_us)
        newest = max(held.version for held in (gone, *self._compared(place)))
        if at == "held":
            return newest
        if at is not None:
            return at
        number = max(now_us, newest[1] + 1)
        self.arrivals.append(number)
        return (1, number, 0)

    def _wins(self, place, version, name):
        gone = self.held.get(place[:2]) if place[2] == GONE else None
        if gone and (version < gone.version or (version == gone.version and name in gone.ids)):
            return False
        return super()._wins(place, version, name)

    def row(self, collection, key, values, version):
        """A row may come after the retirement that is held of its record has taken its place."""
        gone = self.held.get((collection, key))
        before = {slug: self.fields.get((collection, key, slug)) for slug in values}
        super().row(collection, key, values, version)
        for slug, held in before.items():
            now = self.fields.get((collection, key, slug))
            if now is not None and now is not held:
                now.of_row = True
                if gone and version < gone.version:
                    now.also = [held.value if held else None]

    def release(self, record):
        """What is held of *record* takes its place."""
        gone = self.held.pop(record)
        place = (*record, GONE)
        self._place(place, gone)
        if gone.value == "delete":
            for other in self._others(place):
                if self.fields[other].wanted:
                    self.fields[other].wanted, self.fields[other].took = False, gone

    def drop(self, record):
        self.dropped[record] = self.held.pop(record)

    def erase(self, collection, key):
        """Nothing is known of the record any more."""
        self.forget(collection, key)
        self.came.pop((collection, key), None)  # what is kept of it is erased, too
        for known in (self.held, self.dropped):
            known.pop((collection, key), None)

    # undoes --------------------------------------------------------------------------------

    def undo(self, place, value):
        """*value* is put back in the place of the newest, at the version of that."""
        held = self.fields[place]
        undone = Newest(value, held.version, set(held.ids))
        undone.older = [*held.older, held.value]
        undone.wanted = held.wanted
        if held.of_row:
            # Of a row that told nothing new, not even its version: what came before may come again.
            undone.of_row, undone.also = True, undone.older
        self.fields[place] = undone

    def lift(self, record):
        """The retirement in force is taken back."""
        gone = self.fields[*record, GONE]
        gone.lifted = True
        for place in self._others((*record, GONE)):
            if self.fields[place].took is gone:
                self.fields[place].wanted, self.fields[place].took = True, None

    def take_away(self, record, way):
        """
        The creation of its item is taken back, or what had lifted its retirement; held as any is.
        """
        newest = max(self.fields[place].version for place in self.fields if place[:2] == record)
        self.held[record] = Newest(way, newest)
