"""The first start: a reconcile lists the collection, and live changes beside it need no listing."""

import pytest

from service.reconcile.state.cms_listing import CmsLister
from tests.support.reconcile_rig import Reconciling
from workers.errors import ReconcileFailed

ITEMS = 700
PAGES = ITEMS // 100


class First(Reconciling):
    def __init__(self, store, **options):
        super().__init__(store, items=ITEMS, **options)
        products = self.settings.collections["products"]
        place = f"instep:index:products:{self.settings.copy_of(products)}:filter"
        # No filter finds a key here: listings do all of it.
        store.hset(place, "off", round(self.now() * 1000) + 86_000_000)

    def sleep(self, seconds):
        self.run_for(seconds)

    def forget_requests(self):
        """What was listed before the reconcile counts as well."""

    def pages(self):
        wholes = [r for r in self.requests if r.method == "GET" and r.path.endswith("/items")]
        return [r for r in wholes if not any("lastUpdated" in k for k in r.query)]

    def sent_at(self, n):
        """When the CMS got a change of the *n*-th product first."""
        return next(r.at for r in self.requests if r.method == "PATCH" and self.id(n) in r.sent)

    def list(self, during):
        """List as a reconcile does; *during*: called with the number of pages so far."""

        def told(items, _):
            during(items // 100)
            self.sleep(1)

        products = self.settings.collections["products"]
        CmsLister(self.context, products, "key", on_progress=told, sleep=self.sleep).into(None)

    def load(self):
        return self.reconcile(self.products_as_source(range(1, ITEMS + 1)))


@pytest.fixture
def first(store):
    way = First(store)
    yield way
    way.close()
    way.check()


def test_the_collection_is_listed_once(first):
    for n in range(1, 8):
        first.change(n * 99, stock=5000 + n)
    told = first.load()
    first.run()
    assert len(first.pages()) == told.listing == PAGES
    assert first.counts("pending") == (0,)
    assert first.staged(99)["stock"] == 5001


def test_a_listing_that_was_under_way_is_not_ended_beside_it(first):
    first.change(690, stock=5000)
    first.step()
    begun = len(first.pages())
    first.load()
    first.run()
    assert (begun, len(first.pages())) == (1, PAGES + 1)
    assert first.staged(690)["stock"] == 5000


def test_a_change_of_what_was_listed_already_goes_at_once(first):
    asked = {}

    def during(pages):
        n = 100 * pages - 50
        asked[n] = first.now()
        first.change(n, stock=6000 + n)

    first.list(during)
    first.run()
    waits = sorted(first.sent_at(n) - at for n, at in asked.items())
    assert len(waits) == PAGES
    assert waits[-2] < 5


def test_a_change_of_what_is_not_listed_yet_goes_with_its_page(first):
    first.change(150, stock=5000)
    first.load()
    first.run()
    second = first.pages()[1].at
    assert first.sent_at(150) - second < 5


def test_its_end_says_which_keys_are_missing(first):
    first.change("no such key", stock=1)
    first.claim()  # whoever took it dies, and the listing goes on in half a minute
    first.pass_time(31)
    first.load()
    assert [letter.kind for letter in first.letters()] == ["missing"]
    assert len(first.pages()) == PAGES


def test_a_key_that_came_while_it_went_on_waits_for_what_was_edited_since(first):
    def during(pages):
        if pages == 3:
            first.change("no such key", stock=1)

    first.list(during)
    first.run()
    assert [letter.kind for letter in first.letters()] == ["missing"]
    assert len(first.pages()) == PAGES


def test_one_that_breaks_off_leaves_the_listing_to_the_workers(first):
    first.change(690, stock=5000)

    def during(pages):
        if pages == 3:
            raise ReconcileFailed("stopped")

    with pytest.raises(ReconcileFailed):
        first.list(during)
    first.run()
    assert first.staged(690)["stock"] == 5000


def test_one_that_was_killed_is_waited_for_a_minute_at_most(first):
    first.change(690, stock=5000)
    products = first.settings.collections["products"]
    place = f"instep:index:products:{first.settings.copy_of(products)}:reconcile"
    first.store.hset(place, mapping={"began": 1, "till": round((first.now() + 60) * 1000)})
    begun = first.now()
    first.run()
    assert first.staged(690)["stock"] == 5000
    assert first.sent_at(690) - begun < 60 + 3 * PAGES
