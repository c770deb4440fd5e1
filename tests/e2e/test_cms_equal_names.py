"""Records of one name: each becomes an item, with a slug of its own, and once."""

from random import Random

import pytest

from service.sandbox.site.items import delete
from service.sandbox.site.publish import publish_site
from tests.support.depth import depth

LOSSES = ["timeout-after", "timeout-before", "reset-after", "reset-before", "status"]
MAKING = {"by": "key", "collection": {"missing": "create"}, "window": 600}


def slugs(way, *keys):
    return [way.the(key).staged.fields["slug"] for key in keys]


def asked(way):
    """The slugs that were asked for."""
    return [request.query["slug"] for request in way.gets() if "slug" in request.query]


def told(way):
    """Record → what its life says of its slug."""
    return {
        record: entry.detail
        for record, entries in way.lives().items()
        for entry in entries
        if entry.what == "named"
    }


def test_the_second_gets_name_and_key_in_its_slug(making):
    making.change("new-1", name="Oak desk", stock=1)
    making.run()
    making.change("new-2", name="Oak desk", stock=2)
    making.run()
    assert slugs(making, "new-1", "new-2") == ["oak-desk", "oak-desk-new-2"]
    assert making.the("new-2").live.fields["stock"] == 2
    assert making.counts("dead", "pending") == (0, 0)


def test_what_slug_it_got_and_why_stands_in_the_history(making):
    for key in ("new-1", "new-2"):
        making.change(key, name="Oak desk")
        making.run()
    assert list(told(making)) == ["new-2"]
    entry = told(making)["new-2"]
    assert (entry["slug"], entry["instead"]) == ("oak-desk-new-2", "oak-desk")
    assert entry["passed"] == "oak-desk"


def test_keys_that_leave_the_same_get_a_number(making):
    for key in ("a 1", "a-1", "A_1", "a.1"):
        making.change(key, name="Oak desk")
        making.run()
    assert slugs(making, "a 1", "a-1", "A_1", "a.1") == [
        "oak-desk",
        "oak-desk-a-1",
        "oak-desk-a-1-2",
        "oak-desk-a-1-3",
    ]


def test_those_of_one_request_take_no_call_more(open_way):
    way = open_way(**MAKING)
    for n, name in enumerate(("Oak desk", "Oak desk", "Pine desk", "Oak desk")):
        way.change(f"new-{n}", name=name)
    way.run()
    assert [len(request.body["items"]) for request in way.posts()] == [4]
    assert slugs(way, *(f"new-{n}" for n in range(4))) == [
        "oak-desk",
        "oak-desk-new-1",
        "pine-desk",
        "oak-desk-new-3",
    ]
    assert set(told(way)) == {"new-1", "new-3"}


def test_of_a_hundred_ten_names_that_items_have_cost_a_look_each(open_way):
    way = open_way(**MAKING)
    for n in range(100):
        way.change(f"new-{n}", name=f"Product {n + 1}" if n < 10 else f"Desk {n}")
    way.run()
    # The sandbox quotes every slug that is taken: one refusal, most of the others, and the rest.
    assert [len(request.body["items"]) for request in way.posts()] == [100, 92, 8]
    assert len(asked(way)) == 10
    assert slugs(way, "new-0", "new-9") == ["product-1-new-0", "product-10-new-9"]
    assert way.counts("dead", "pending") == (0, 0)


def test_a_slug_of_a_mapping_is_never_changed(making):
    making.change("new-1", name="Desk", slug="product-3", stock=1)
    making.run()
    assert not making.made("new-1")
    (letter,) = making.letters()
    assert (letter.kind, set(letter.fields)) == ("refused", {"name", "slug", "stock"})
    assert "product-3" in letter.message


def test_an_item_without_a_key_that_has_the_slug_is_told(open_way):
    way = open_way(**MAKING)
    way.edit(3, sku=None)
    way.change("new-1", name="Product 3")
    way.run()
    (letter,) = way.letters()
    assert way.id(3) in letter.message
    assert not way.made("new-1")


def test_a_slug_of_a_deleted_item_waits_for_a_publish(open_way):
    way = open_way(**MAKING)
    delete(way.site, way.products, [way.id(3)])
    way.change("new-1", name="Product 3", stock=1)
    way.run()
    (letter,) = way.letters()
    assert "until the site is published" in letter.message
    assert len(way.posts()) == 1
    assert len(asked(way)) == 3
    publish_site(way.site)
    way.context.letters.replay(letter.id)
    way.run()
    assert slugs(way, "new-1") == ["product-3"]


def test_a_name_that_leaves_nothing_and_one_that_is_too_long(making):
    making.change("椅", name="椅子")
    making.change("桌", name="桌子")
    making.change("new-1", name="x" * 256)
    making.run()
    making.change("new-2", name="x" * 256)
    making.run()
    assert slugs(making, "new-1", "new-2") == ["x" * 256, "x" * 250 + "-new-2"]
    assert len(set(slugs(making, "椅", "桌"))) == 2


def test_a_cms_that_tells_slugs_apart_itself_is_believed(open_way):
    way = open_way(**MAKING)
    way.site.rules.suffixes_slugs = True
    way.change("new-1", name="Product 3", stock=7)
    way.run()
    (slug,) = slugs(way, "new-1")
    assert slug.startswith("product-3-")
    assert told(way)["new-1"]["slug"] == slug
    assert len(way.posts()) == 1
    assert way.counts("written", "dead") == (2, 0)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_answer_that_is_lost_makes_no_second_item(making, times):
    making.change("new-1", name="Oak desk", stock=1)
    making.run()
    making.fault("timeout-after", delay=0, times=times, match={"method": "POST"})
    making.change("new-2", name="Oak desk", stock=2)
    making.run()
    assert making.the("new-2").live.fields["stock"] == 2
    assert making.counts("dead", "pending") == (0, 0)


def test_a_worker_that_dies_at_any_step_leaves_one_item(open_way):
    for dies in range(8):
        way = open_way(**MAKING)
        way.store.flushdb()
        way.change("new-1", name="Product 3", stock=1)
        for _ in range(dies):
            way.step()
        way.claim()
        way.pass_time(31)
        way.run()
        assert slugs(way, "new-1") == ["product-3-new-1"]


@pytest.mark.parametrize("seed", range(depth(5, 16)))
def test_whatever_happens_each_record_becomes_one_item(making, seed):
    random = Random(seed)  # noqa: S311
    names = ["Oak", "Product 3", "椅子"]
    keys = [f"k{n}" for n in range(random.randint(2, 5))]
    for n, key in enumerate(keys):
        making.change(key, name=random.choice(names), stock=n)
        if random.random() < 0.6:
            making.fault(
                random.choice(LOSSES),
                delay=0,
                status=502,
                times=random.randint(1, 2),
                match={"method": "POST"},
            )
        if random.random() < 0.6:
            making.run(seconds=random.choice([1, 40]))
    making.run(seconds=20_000)
    assert [making.the(key).staged.fields["stock"] for key in keys] == list(range(len(keys)))
    assert making.counts("dead", "pending") == (0, 0)
