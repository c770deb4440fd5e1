"""Keys in fields that keep them in a form of their own: addresses."""

import pytest

from tests.support.depth import depth

FORMS = {
    "contact": ("Ann@X.example", "ann@x.example"),
    "website": ("https://x.example/Ann/", "https://x.example/Ann"),
}
MODES = ["answered", "ignored"]
# Each form and each version of the API once, with --full by each other.
BOTH = [("contact", "v2"), ("website", "v1")]
EACH = depth(BOTH, [*BOTH, ("contact", "v1"), ("website", "v2")])


@pytest.fixture(params=EACH, ids="-".join)
def form(request):
    return request.param


@pytest.fixture
def slug(form):
    return form[0]


@pytest.fixture
def open_kept(open_way, form, slug):
    """Opens a way out to products by their addresses, which the site keeps in its own form."""

    def open(mode="answered", missing="create", api=form[1], **options):
        collection = {"missing": missing, "key": slug}
        way = open_way(api=api, by="key", collection=collection, **options)
        way.filters.mode = mode
        way.site.rules.lowers_emails = way.site.rules.trims_links = True
        return way

    return open


def settle_down(way):
    """An hour later, once what was edited since and the whole have been listed."""
    way.pass_time(4000)
    way.change(
        "other@x.example" if "contact" in str(way.settings) else "https://o.example", stock=9
    )
    way.run()


@pytest.mark.parametrize("mode", MODES)
def test_an_item_that_was_created_is_its_records_from_then_on(open_kept, slug, mode):
    way = open_kept(mode)
    sent, kept = FORMS[slug]
    way.change(sent, name="Ann", stock=1)
    way.run()
    settle_down(way)
    way.change(sent, stock=2)
    way.run()
    settle_down(way)
    way.change(sent, stock=3)
    way.run()
    assert way.the(kept, slug).live.fields["stock"] == 3
    assert way.counts("written", "pending") == (4, 0)
    assert [f["name"] for f in way.created()].count("Ann") == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("missing", ["create", "dead-letter"])
def test_an_item_that_is_there_is_found_by_the_form_of_its_field(open_kept, slug, mode, missing):
    way = open_kept(mode, missing)
    sent, kept = FORMS[slug]
    way.edit(3, **{slug: kept})
    way.change(sent, stock=77)
    way.run()
    assert way.live(3)["stock"] == 77
    assert way.counts("dead", "pending") == (0, 0)
    assert not way.posts()


@pytest.mark.parametrize("mode", MODES)
def test_so_is_one_that_was_listed_before_its_record_was_known(open_kept, slug, mode):
    way = open_kept(mode)
    sent, kept = FORMS[slug]
    way.edit(3, **{slug: kept})
    settle_down(way)
    settle_down(way)
    way.change(sent, name="Ann", stock=77)
    way.run()
    assert way.live(3)["stock"] == 77
    assert [f["name"] for f in way.created()].count("Ann") == 0


@pytest.mark.parametrize("kind", ["timeout-after", "reset-after"])
def test_none_is_made_twice_whose_answer_was_lost(open_kept, slug, kind):
    way = open_kept()
    way.filters.lag = 600
    sent, kept = FORMS[slug]
    way.fault(kind, delay=0.0, match={"method": "POST"}, times=1)
    way.change(sent, name="Ann", stock=1)
    way.run()
    assert way.the(kept, slug).live.fields["stock"] == 1
    assert way.counts("dead", "pending") == (0, 0)
    assert len(way.posts()) == 1


def test_the_ids_may_be_lost(open_kept, slug):
    way = open_kept()
    sent, kept = FORMS[slug]
    way.change(sent, name="Ann", stock=1)
    way.run()
    for name in ("ids", "keys", "index", "born", "schema", "listed"):
        for key in way.store.keys(f"instep:{name}:*"):
            way.store.delete(key)
    way.change(sent, stock=2)
    way.run()
    assert way.the(kept, slug).live.fields["stock"] == 2
    assert len(way.posts()) == 1


def test_no_schema_is_needed_to_know_an_item_again(open_kept, slug):
    way = open_kept("ignored")
    sent, kept = FORMS[slug]
    way.change(sent, name="Ann", stock=1)
    way.run()
    for key in way.store.keys("instep:schema:*"):
        way.store.delete(key)
    way.change("OTHER@x.example/", stock=1)
    way.pass_time(4000)
    way.run()
    way.change(sent, stock=2)
    way.run()
    assert way.the(kept, slug).live.fields["stock"] == 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("together", [True, False])
def test_two_spellings_of_one_key_are_one_item(open_kept, slug, mode, together):
    way = open_kept(mode)
    sent, kept = FORMS[slug]
    way.change(sent, name="Ann", stock=1)
    if not together:
        way.run()
    way.change(kept, name="Ann", price=2)
    way.run()
    way.change(sent, stock=3)
    way.run()
    way.change(kept, price=4)
    way.run()
    held = way.the(kept, slug).live.fields
    assert (held["stock"], held["price"]) == (3, 4)
    assert way.counts("dead", "pending") == (0, 0)


def test_in_a_field_of_text_two_spellings_are_two_keys(open_way, api):
    way = open_way(api=api, by="key", collection={"missing": "create"})
    way.change("Ann@X.example", name="Ann", stock=1)
    way.change("ann@x.example", name="Anne", stock=2)
    way.run()
    assert way.the("Ann@X.example").live.fields["stock"] == 1
    assert way.the("ann@x.example").live.fields["stock"] == 2


def test_a_record_that_goes_and_comes_back_has_its_item(open_kept, slug):
    way = open_kept()
    sent, kept = FORMS[slug]
    way.change(sent, name="Ann", stock=1, version=1)
    way.run()
    way.retire(sent, "archive", version=2)
    way.run()
    assert way.the(kept, slug).staged.archived
    settle_down(way)
    way.change(sent, name="Ann", stock=2, version=3)
    way.run()
    item = way.the(kept, slug)
    assert not item.staged.archived
    assert item.live.fields["stock"] == 2


def test_a_hundred_are_found_by_one_filter(open_kept, slug):
    way = open_kept(api="v2", items=150)
    sent, kept = FORMS[slug]
    for n in range(1, 101):
        way.edit(n, **{slug: kept.replace("nn", f"nn{n}")})
    for n in range(1, 101):
        way.change(sent.replace("nn", f"nn{n}"), stock=n)
    way.run()
    assert way.shown("stock", range(1, 101)) == list(range(1, 101))
    assert len(way.filtered()) == 1
    assert not way.listings()


@pytest.mark.parametrize("known", [True, False])
def test_a_reconcile_compares_them_with_their_items(reconciling, known):
    way = reconciling(items=3, missing="create", policy={"orphans": "archive"})
    way.configure(key="contact")
    way.site.rules.lowers_emails = True
    for n, address in ((1, "Ann@X.example"), (2, "Ben@X.example"), (3, "Cat@X.example")):
        way.edit(n, contact=address.lower(), stock=n)
        if known:
            way.change(address, stock=n, version=1)
    way.run()
    source = {
        "Ann@X.example": ({"stock": 1}, 2),
        "Ben@X.example": ({"stock": 22}, 2),
        "Cat@X.example": ({"stock": 3}, 2),
    }
    way.reconcile(source)
    way.run()
    assert way.shown("stock", (1, 2, 3)) == [1, 22, 3]
    assert not way.posts()
    assert not any(item.staged.archived for item in way.products.items.values())
    assert not way.reconcile(source).by_cause()


@pytest.mark.parametrize("key", ["9007199254740993", "1234567890.123456789", "1" * 400])
def test_a_number_that_would_read_back_as_another_makes_no_item(open_way, api, key):
    way = open_way(api=api, by="key", collection={"missing": "create", "key": "code"})
    held = len(way.products.items)
    for stock in (1, 2):
        way.change(key, name="Oak desk", stock=stock)
        way.run()
    assert len(way.products.items) == held
    assert not way.posts()
    assert key[:100] in way.letters()[0].message


def test_a_long_number_that_reads_back_as_it_is_makes_one(open_way, api):
    way = open_way(api=api, by="key", collection={"missing": "create", "key": "code"})
    for stock in (1, 2):
        way.change("9007199254740992", name="Oak desk", stock=stock)
        way.run()
    assert way.the(9007199254740992, "code").live.fields["stock"] == 2
