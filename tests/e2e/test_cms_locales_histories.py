"""Random histories: once it is quiet, every variant that there is shows the newest values."""

import random

import pytest

from service.sandbox.site.items import publish, unpublish
from tests.support.depth import depth
from tests.support.locale_rig import DE, EN, FR, add_variant, localize, staged_in

ITEMS = (1, 2, 3)


class History:
    """What happens, one thing after the other; remembers what each variant is to show."""

    def __init__(self, way, seed):
        self.way, self.random = way, random.Random(seed)  # noqa: S311
        self.stock, self.names = {}, {}
        self.untouched = {(n, locale) for n in ITEMS for locale in (EN, DE)}  # always live

    def variants(self):
        held = self.way.products.locales
        return [(n, at) for n in ITEMS for at in held if self.way.id(n) in held[at].items]

    def change_stock(self):
        n, value = self.random.choice(ITEMS), self.random.randrange(1000)
        self.stock[n] = value
        self.way.change(n, stock=value)

    def name_it_in_german(self):
        n, value = self.random.choice(ITEMS), f"Name {self.random.randrange(1000)}"
        self.names[n] = value
        self.way.change(n, {"name@de": value})

    def take_a_variant_back(self):
        n, locale = self.random.choice(self.variants())
        self.untouched.discard((n, locale))
        unpublish(self.way.site, self.way.products, [self.way.id(n)], {self.way.id(n): [locale]})

    def publish_a_variant(self):
        n, locale = self.random.choice(self.variants())
        publish(self.way.site, self.way.products, [self.way.id(n)], {self.way.id(n): [locale]})

    def make_a_variant(self):
        n = self.random.choice(ITEMS)
        if (n, FR) not in self.variants():
            add_variant(self.way, n, FR, published=self.random.random() < 0.5)

    def delete_a_variant(self):
        n = self.random.choice(ITEMS)
        if (n, FR) in self.variants():
            self.way.products.remove(self.way.products.variants(FR).items[self.way.id(n)])

    def lose_an_answer(self):
        self.way.fault("reset-after", times=1)

    def fail(self):
        self.way.fault("status", status=self.random.choice([500, 502]), times=1)

    def work(self):
        self.way.run(self.random.choice([1, 30, 600]))

    def happen(self, times):
        acts = [self.change_stock, self.name_it_in_german, self.work]
        rare = [
            self.take_a_variant_back,
            self.publish_a_variant,
            self.make_a_variant,
            self.delete_a_variant,
            self.lose_an_answer,
            self.fail,
        ]
        for _ in range(times):
            self.random.choice(acts if self.random.random() < 0.6 else rare)()


@pytest.mark.parametrize("seed", range(depth(2, 8)))
@pytest.mark.parametrize("by", ["key", "item"])
def test_what_is_quiet_shows_the_newest_in_every_variant(open_way, seed, by):
    way = open_way(by=by, items=4, collection={"locales": "all"})
    localize(way, "en", "de", "fr")
    for n in ITEMS:
        add_variant(way, n)
    history = History(way, seed)
    history.happen(60)
    way.mend()
    way.run()
    way.pass_time(3700)
    way.change(4, stock=1)
    way.run()
    for n, locale in history.variants():
        if n in history.stock:
            assert staged_in(way, n, locale) == history.stock[n]
        if (n, locale) in history.untouched and n in history.stock:
            held = way.products.variants(locale).items[way.id(n)]
            assert held.live.fields["stock"] == history.stock[n]
    for n, name in history.names.items():
        assert staged_in(way, n, DE, "name") == name
    assert way.counts("dead", "pending") == (0, 0)
