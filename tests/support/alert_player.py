"""Plays looks at causes in a time of its own."""

from datetime import UTC, datetime

from workers.alerts.cause import Cause
from workers.alerts.rules import Memory, plan
from workers.config.settings import ALERT_KINDS

EVERY = 900.0


def cause(kind="problems", name="x", *, since=None, after=0.0, parts=(), **figures):
    at = None if since is None else datetime.fromtimestamp(since, UTC)
    return Cause(kind, name, at, figures=figures, parts=frozenset(parts), after=after)


class Player:
    """*works*: messages are taken; *every*: seconds between two about one cause."""

    def __init__(self):
        self.now, self.memory, self.entries = 1_800_000_000.0, Memory(), ()
        self.works, self.kinds, self.every = True, ALERT_KINDS, EVERY

    def wait(self, seconds, *causes):
        self.now += seconds
        if causes:
            self.memory = self._plan(causes).memory

    def look(self, *causes):
        """Return the states of the entries of the message that is due."""
        found = self._plan(causes)
        self.entries = found.entries
        self.memory = found.told if self.works else found.memory
        return [entry.state for entry in found.entries]

    def _plan(self, causes):
        return plan(causes, self.memory, self.now, every=self.every, kinds=self.kinds)
