"""
Random histories of records that become items: answers that are lost, filters that lag, workers
that die between any two steps, keys in odd forms, equal names, an editor who makes items and gives
others a key.
"""

import random
import unicodedata
from collections import Counter
from contextlib import suppress

import pytest

from tests.support.depth import depth
from workers.model.attempts import Batch
from workers.webflow.item_keys import normal

SEEDS = [("v2", 4), ("v1", 0), ("v2", 5), ("v2", 6), ("v2", 7), ("v1", 1)][: depth(2, 6)]
LOST = ("timeout-after", "timeout-before", "reset-after", "reset-before")
POST = {"method": "POST"}
# What a filter asks for as well, and what a listing alone shows.
TYPED = (
    lambda key: f"{key} ",
    lambda key: f" {key}",
    lambda key: unicodedata.normalize("NFD", key),
)
ODD = (*TYPED, lambda key: f"{key}\u3000", lambda key: f"\u2003{key}\xa0", lambda key: f"{key:<20}")


class Died(Exception):
    """The worker is gone, with what it had just learnt."""


class History:
    """
    Args:
        way: To twenty products, by their keys.
        seed: Of everything that is random.
        odd: Some keys of the collection were in odd forms from the beginning.
    """

    def __init__(self, way, seed, *, odd):
        self.way, self.chance, self.odd = way, random.Random(seed), odd  # noqa: S311
        way.filters.lag = self.chance.choice((0, 5, 60, 600))
        self.records = []  # keys that have had an event
        self.waiting = []  # (ms, key): keys that an editor has given, and when their events come
        self.version = 0
        self.number = 20
        self.renamed = set()
        if odd:
            for n in range(1, 6):
                way.edit(n, sku=self.chance.choice(ODD)(way.key(n)))

    def play(self, actions):
        acts = (self.event, self.event, self.lose, self.kill, self.kill, self.edit, self.rest)
        for _ in range(actions):
            self.chance.choice(acts)()
            self.let_come()
            self.way.run(self.chance.choice((0, 1, 5, 40, 200)))
        self.way.mend()
        self.way.pass_time(self.way.filters.lag + 1)
        for key in dict.fromkeys([*self.records, *(key for _, key in self.waiting)]):
            self.tell(key)
        self.way.run(90_000)

    def event(self):
        known = self.chance.random() < 0.4
        n = self.chance.randrange(1, 21)
        if known and n not in self.renamed:
            self.tell(self.way.key(n))
        elif self.records and self.chance.random() < 0.3:
            self.tell(self.chance.choice(self.records))
        else:
            for _ in range(self.chance.choice((1, 1, 3))):
                self.tell(self.new_key())

    def new_key(self):
        self.number += 1
        return f"{self.chance.choice(('new', 'Grün', 'Zoë'))}-{self.number}"

    def tell(self, key):
        self.version += 1
        if key not in self.records:
            self.records.append(key)
        fields = {"name": f"Desk {len(key) + ord(key[-1]) % 4}", "stock": self.version}
        self.way.change(key, fields, version=self.version)

    def lose(self):
        self.way.fault(self.chance.choice(LOST), times=1, delay=0.0, match=POST)
        self.tell(self.new_key())

    def kill(self):
        """A worker dies with a step that it has taken, or with the answer to it."""
        if self.records:
            self.tell(self.chance.choice((self.records[-1], self.new_key())))
        for _ in range(self.chance.randrange(3)):
            self.way.step()
        if self.chance.random() < 0.5:
            self.way.claim()
        else:
            context = self.way.context
            context.outbox.settle = context.items.ingest_page = self.die
            with suppress(Died):
                self.way.step()
        self.way.begin()

    def die(self, *_, **__):
        raise Died

    def edit(self):
        """An editor makes an item with a key, or gives it to one; its events come later."""
        key = self.new_key()
        forms = (str, *(ODD if self.odd else TYPED))
        form = self.chance.choice(forms)(key)
        if self.chance.random() < 0.5:
            self.number += 1
            self.way.add(self.number, sku=form, slug=f"edited-{self.number}")
        else:
            n = self.chance.randrange(6, 21)
            self.renamed.add(n)
            self.way.edit(n, sku=form)
        self.way.filters.keep()
        # Sooner than a filter shows what somebody else wrote, nobody knows of it.
        self.waiting.append((self.way.now() + self.way.filters.lag + 1, key))

    def let_come(self):
        due = [key for at, key in self.waiting if at <= self.way.now()]
        self.waiting = [(at, key) for at, key in self.waiting if at > self.way.now()]
        for key in due:
            self.tell(key)

    def rest(self):
        self.way.pass_time(self.chance.choice((30, 700, 4000)))

    def keys(self):
        items = self.way.products.items.values()
        return Counter(normal(item.staged.fields["sku"]) for item in items)


@pytest.mark.parametrize("odd", [False, True], ids=["normal keys", "odd keys"])
@pytest.mark.parametrize(("api", "seed"), SEEDS)
def test_whatever_happens_each_record_is_one_item(open_way, api, seed, odd):
    way = open_way(
        api=api, by="key", collection={"missing": "create"}, window=600, requests_per_minute=600
    )
    history = History(way, seed, odd=odd)
    history.play(40)
    held = history.keys()
    assert {key: held[key] for key in history.records if held[key] != 1} == {}
    assert way.counts("pending", "dead") == (0, 0), way.letters()
    assert not any(isinstance(way.step(), Batch) for _ in range(2))
