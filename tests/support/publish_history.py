"""Histories of a destination that publishes: workers that die or are late, values, an editor."""

import random
from contextlib import suppress
from itertools import pairwise

from workers.delivery.deliver import SEND_WITHIN
from workers.errors import StoreUnavailable
from workers.model.attempts import Batch, Claimed, Publish, Wait
from workers.policy.publish_items import AGAIN

ITEMS = range(1, 7)


class History:
    """
    One history of a destination.

    Args:
        told: Its publishes.
    """

    def __init__(self, told, seed):
        self.told, self.way = told, told.way
        self.random = random.Random(seed)  # noqa: S311
        self.number = 0
        self.late = []  # steps that are claimed, and carried out later or never
        self.theirs = {}  # product → the text that an editor has not published
        self.acts = (self.value, self.value, self.draft, self.queue, self.work, self.work)
        self.acts += (self.die_before, self.die_after, self.carry_out_late, self.lose, self.wait)

    def play(self, steps):
        for _ in range(steps):
            self.random.choice(self.acts)()
            self.check()
        self.way.mend()
        self.way.run(4 * AGAIN)
        self.check()

    def value(self):
        self.number += 1
        n = self.random.choice(ITEMS)
        if n not in self.theirs or self.told.waiting().get(self.way.id(n)) in ("d", "e"):
            # Else it might be written before Instep has seen that it was edited.
            self.way.change(n, stock=1000 + self.number)

    def draft(self):
        self._edit(self.told.draft)

    def queue(self):
        if not self.told.way.settings.destinations["site"].publish_others:
            self._edit(self.told.queue)

    def _edit(self, edit):
        n = self.random.choice(ITEMS)
        # What is written behind an edit, before Instep has seen that, is taken for its own.
        quiet = self.way.meta(n, "lane") is None
        if quiet and n not in self.theirs and self.random.random() < 0.3:
            self.number += 1
            self.theirs[n] = f"theirs {self.number}"
            edit(n, self.theirs[n])
            # What is queued between the look and the publish would go along: no worker is there.
            self.late.clear()
            self.way.pass_time(31)

    def work(self):
        self.way.run(self.random.choice([1, 11, 40]))

    def wait(self):
        self.way.pass_time(self.random.choice([1, 31, 100]))

    def lose(self):
        kind = self.random.choice(["reset-after", "reset-before"])
        self.told.fault(kind, times=1)

    def die_before(self):
        """Claim a step, and do nothing about it for now."""
        step = self.way.claim()
        if isinstance(step, Publish | Batch):
            self.late.append((self.way.now(), step))

    def carry_out_late(self):
        if self.late:
            at, step = self.late.pop(self.random.randrange(len(self.late)))
            late = self.way.now() - at > SEND_WITHIN
            with suppress(StoreUnavailable):
                self._carry_out(Claimed(step, 0.0 if late else float("inf")))

    def die_after(self):
        """Carry out a step whose settle never comes."""
        publishing = self.way.context.publishing
        settle = type(publishing).settle

        def fail(*_):
            raise StoreUnavailable("died")

        try:
            type(publishing).settle = fail
            with suppress(StoreUnavailable):
                self._carry_out(None)
        finally:
            type(publishing).settle = settle

    def _carry_out(self, claimed):
        site = self.way.settings.destinations["site"]
        found = self.way.deliverer.step(site, flights=4, more=lambda _: None, claimed=claimed)
        assert found is None or isinstance(found, Wait)

    def check(self):
        for n, text in self.theirs.items():
            assert self.way.live(n)["name"] != text, f"{text} of {n} is on the site"
        times = [r.at for r in self.told.published() if "/sites/" in r.path]
        assert all(later - earlier >= 60 for earlier, later in pairwise(times)), times
