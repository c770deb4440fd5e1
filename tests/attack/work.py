"""The work of the processes of a world: steps, fetches, sweeps, until all is quiet."""

from workers.delivery.deliver import Deliverer
from workers.model.attempts import Wait
from workers.store import keys
from workers.store.outbox import FETCHES
from workers.store.packing import Packing

MOST_STEPS = 4000
MARKED = 5  # s after which a wake-up that no job took may be asked for again


class Work:
    """What of a World works; all but this it has of its own."""

    def step(self):
        """Carry out one step of the destination; returns None, or its Wait."""
        site = self.settings.destinations["site"]
        return self.deliverer.step(site, flights=4, more=self.queued.add)

    def other_step(self):
        """The same, by another worker."""
        other = Deliverer(self.context, spread=lambda: 0.5, clock=lambda: self.clock.t)
        other.reader.client = lambda _: self.line
        other.step(self.settings.destinations["site"], flights=4, more=lambda _: None)

    def fetch(self):
        """Carry out what is due of the fetch queue; returns the seconds until there is more."""
        for _ in range(20):
            step = self.runner.step(lambda: None)
            if isinstance(step, Wait):
                return step.seconds
        return 0.0

    def sweep(self):
        """As the sweeper does: what steps have left for slices first."""
        while self.context.outbox.slice().more:
            self.clock.go(0.001)
        self.clock.note_sweep()
        # A round each time, and no rest before (mortal.py): as often as may be.
        self.context.steps.client.delete(keys.PACKING)
        Packing(self.context.steps).look()
        return self.context.outbox.sweep(tuple(self.configuration.mappings.fetchers))

    def run(self, seconds, *, steps=MOST_STEPS):
        """Work until nothing is left to be done, or *seconds* have passed; True: it is quiet."""
        till = self.clock.t + seconds
        while steps > 0:
            self._forget_wakes()
            fetching = self.fetch()
            wait, before = None, steps
            while steps > 0 and wait is None:
                wait = self.step()
                steps -= 1
            stated = [s for s in (wait and wait.seconds, fetching, self.tell()) if s is not None]
            landing = [one.at - self.clock.t for one in self.cms.aloft]
            if not stated and not landing:
                full = wait is not None and wait.reason == "flight"
                woken = self.sweep()[0]
                if not (woken or self.queued or full):
                    return True
                if steps == before - 1:  # no flight is left for what there is: a second later
                    self.pass_time(1.0)
                continue
            pause = max(0.0, min([*stated, *landing])) + 0.003
            if self.clock.t + pause > till:
                self.pass_time(max(0.0, till - self.clock.t))
                return False
            self.pass_time(pause)
            # Whoever is due is woken by the sweep, or waits for ever.
            told = {"site": wait and wait.seconds, FETCHES: fetching}
            due = {name for name, s in told.items() if s is not None and s < pause}
            self._await_sweep(due)
        raise AssertionError("no end")

    def _forget_wakes(self):
        """A job starts for whoever is woken."""
        self.queued.clear()
        for name in ("site", FETCHES):
            self.context.outbox.job_started(name)

    def _await_sweep(self, due):
        """Until a job is asked for, for each of those that are *due*."""
        for second in range(30):
            if due <= self.queued:
                return
            if second > MARKED:
                for name in due - self.queued:
                    self.context.outbox.job_started(name)
            self.queued.update(self.sweep()[0])
            self.pass_time(0.0 if due <= self.queued else 1.0)
        self.failed.append(f"nobody is woken though the time of {due - self.queued} has come")
