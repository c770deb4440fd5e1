"""
Two workers that publish, of which each may die at any step or be late, while values come and an
editor edits.
"""

import random
from contextlib import suppress
from itertools import pairwise

import pytest

from service.sandbox.site.site import SITE_ID
from tests.support.depth import some
from tests.support.publishes import Publishes
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


@pytest.mark.parametrize("seed", [*some(range(200), 20)])
def test_by_the_item(open_way, seed):
    """All that no editor holds is on the site in the end, and nothing of an editor's ever."""
    way = open_way(live=False, publish="items", site=SITE_ID, items=len(ITEMS))
    history = History(Publishes(way), seed)
    history.acts = tuple(act for act in history.acts if act != history.queue)
    history.play(40)
    mine = [n for n in ITEMS if n not in history.theirs]
    staged = [way.staged(n)["stock"] for n in mine]
    assert way.shown("stock", mine) == staged
    assert set(history.told.waiting()) <= {way.id(n) for n in history.theirs}


@pytest.mark.parametrize("seed", [*some(range(200), 20)])
def test_by_the_site(open_way, seed):
    """The same; what others have queued holds it up, and once they have published it goes on."""
    way = open_way(live=False, publish="site", site=SITE_ID, items=len(ITEMS))
    history = History(Publishes(way), seed)
    history.play(40)
    held = dict(history.theirs)
    history.theirs.clear()
    way.publish(*held)
    way.run(4 * AGAIN)
    assert way.shown("stock", ITEMS) == [way.staged(n)["stock"] for n in ITEMS]
    assert history.told.waiting() == {}
    assert history.told.status()["held"] is None
