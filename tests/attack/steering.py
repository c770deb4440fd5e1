"""What an operator does in a history: hold, approve, drop, undo, pause."""

import contextlib
from datetime import timedelta

from service.operate.undo_scope import UndoSelection
from tests.attack.mortal import Died
from tests.attack.sources import Sources
from workers.errors import ReconcileFailed, RequestRefused

SOURCES = ("erp", "shop", "till", "bare")
LANES = ("live", "replay", "reconcile")
STEERED = {
    "gone": 4, "approve": 4, "drop": 4, "undo": 6, "undo_again": 2, "edit": 2, "erase": 1,
    "source_pause": 2, "lane_pause": 1, "go_on": 2,
}  # fmt: skip


class Steering(Sources):
    """See `Sources`."""

    def __init__(self, world, width=1):
        super().__init__(world, width)
        self.undone = []  # ids of runs

    def op_gone(self, chance):
        """Some records are gone at their sources."""
        for n in range(1, self.width + 1):
            if chance.random() < 0.4:
                make = chance.choice((self._gone, self._gone, self._note_gone))
                event = make(chance, n)
                self.send(chance, event.source, [event])

    # decisions

    def op_approve(self, chance):
        self._decide(chance, "approve")

    def op_drop(self, chance):
        self._decide(chance, "drop")

    def _decide(self, chance, act):
        held = sorted(self.world.held())
        if held:
            self.world.decide(act, chance.sample(held, chance.randrange(1, len(held) + 1)))

    def approve_all(self):
        self.world.decide("approve", sorted(self.world.held()))

    def op_erase(self, chance):
        """All that is known of a record is erased, while no request of it may land."""
        places = sorted({place[:2] for place in self.truth.fields})
        if places and not self.world.cms.aloft:
            collection, key = chance.choice(places)
            self.exact = False
            self.world.forget(collection, key)
            # What would come of the system as it is then, nobody has sent since.
            self.source.pop(key, None)

    # undoes

    def op_undo(self, chance):
        now = self.world.context.runs.now()
        since = now - timedelta(seconds=chance.choice((2, 40, 400, 4000)))
        places = sorted({place[:2] for place in self.truth.fields})
        if places and chance.random() < 0.6:
            collection, key = chance.choice(places)
            named = {"collection": collection, "key": key}
            named |= {"since": since} if chance.random() < 0.5 else {}
        else:
            named = {"source": chance.choice(SOURCES), "since": since}
        self._undo(chance, UndoSelection(**named))

    def op_undo_again(self, chance):
        """What an undo has put back is undone."""
        if self.undone:
            self._undo(chance, UndoSelection(run=chance.choice(self.undone)))

    def _undo(self, chance, selection):
        self.exact = False
        left = chance.randrange(1, 30) if chance.random() < 0.3 else 0

        def point(_):
            nonlocal left
            left -= 1
            if left <= 0:
                raise Died

        with contextlib.suppress(ReconcileFailed, RequestRefused):
            self.undone.append(self.world.undo(selection, die=point if left else None))

    def op_edit(self, chance):
        """An editor writes a field."""
        for n in range(1, self.width + 1):
            collection, slug = chance.choice((("products", "price"), ("prices", "price")))
            place = (collection, f"K{n}", slug)
            if chance.random() < 0.5 and place in self.truth.fields:
                self.truth.edited[place] = 7000 + self._next()
                self.world.cms.edit(*place[:2], **{slug: self.truth.edited[place]})

    # pauses

    def op_source_pause(self, chance):
        self.world.pause(f"source:{chance.choice(SOURCES)}")

    def op_lane_pause(self, chance):
        self.world.pause(f"lane:{chance.choice(LANES)}")

    def op_go_on(self, chance):
        paused = self.world.paused()
        if paused:
            self.world.go_on(chance.choice(paused))

    def resume_all(self):
        for name in self.world.paused():
            self.world.go_on(name)
