"""Which event ids a store must still know, whatever its clock is set to."""

from workers.store.acceptance import DEDUPE_HOURS

HOUR_MS = 3_600_000
AHEAD_MS = 330_000  # a clock that goes forward by more was set (lua/lib/step.lua)
MARGIN_MS = 10 * 60_000  # more than the store makes up for in a history (lua/steps/sweep.lua)
OWN_VERSIONS = (int, float)


class EventIds:
    """
    The time that counts does not go back when the clock does, nor forward when that is put right.
    A clock that leaps ahead takes it along: an id may be forgotten by that alone.
    """

    def __init__(self):
        self.behind = 0  # ms by which the clock has gone back since it was right
        self.until = {}  # (source, id) → ms until which the store surely knows it

    def move_clock(self, ms):
        """The clock goes by *ms*, in one piece: it was set, or time passed."""
        if ms < 0:
            self.behind -= ms
        elif ms > AHEAD_MS:
            self.behind = max(0, self.behind - ms)

    def known(self, source, mode, event, *, clock):
        """The id of *event*, which comes at *clock*; None where it may be forgotten by now."""
        id, _, values = event
        now = clock + self.behind
        until = self.until.setdefault((source, id), now + self._kept_ms(mode, values))
        return id if now < until else None

    def _kept_ms(self, mode, values):
        """An hour where the versions of the event tell that it is a repeat, else the window."""
        tells = mode == "live" and all(isinstance(v, OWN_VERSIONS) for _, v in values.values())
        return (HOUR_MS if tells else DEDUPE_HOURS * HOUR_MS) - MARGIN_MS
