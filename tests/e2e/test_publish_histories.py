"""
Two workers that publish, of which each may die at any step or be late, while values come and an
editor edits; and the store that is lost.
"""

import pytest

from service.sandbox.site.site import SITE_ID
from tests.support.depth import some
from tests.support.publish_history import ITEMS, History
from tests.support.publishes import Publishes
from workers.policy.publish_items import AGAIN


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


class LostHistory(History):
    """The store is lost now and then, and a reconcile follows; records are named by keys."""

    def __init__(self, told, seed):
        super().__init__(told, seed)
        self.way.sleep = lambda _: self.way.run_for(2)
        self.stock = {n: self.way.staged(n)["stock"] for n in ITEMS}
        self.acts = (*self.acts, self.lose_store, self.lose_store)

    def value(self):
        self.number += 1
        n = self.random.choice(ITEMS)
        if n not in self.theirs or self.told.waiting().get(self.way.record(n)) in ("d", "e"):
            self.stock[n] = 1000 + self.number
            self.way.change(n, stock=self.stock[n])

    def lose_store(self):
        self.late.clear()
        self.way.store.flushall()
        self.way.begin()
        self.way.pass_time(61)
        self.reconcile()

    def reconcile(self):
        rows = {self.way.record(n): ({"stock": self.stock[n]}, None) for n in ITEMS}
        self.way.reconcile(rows)


@pytest.mark.parametrize("publish", ["items", "site"])
@pytest.mark.parametrize("seed", [*some(range(100), 50)])
def test_with_a_store_that_is_lost(reconciling, seed, publish):
    """What the source says is on the site in the end, and nothing of an editor's ever."""
    way = reconciling(live=False, publish=publish, site=SITE_ID, items=len(ITEMS))
    history = LostHistory(Publishes(way), seed)
    history.play(25)
    theirs = dict(history.theirs)
    history.theirs.clear()
    way.publish(*theirs)
    history.lose_store()
    way.run(4 * AGAIN)
    assert way.shown("stock", ITEMS) == [history.stock[n] for n in ITEMS]
    assert history.told.waiting() == {}
