"""Variants that are not what was known of them: new, gone, or unknown while the site is away."""

import pytest

from tests.support.locale_rig import (
    DE,
    FR,
    add_variant,
    calls,
    edit_in,
    live_in,
    localize,
    staged_in,
    variant,
)


@pytest.fixture
def everywhere(open_way):
    """A way out to three products, each with a variant in de, as configured."""

    def open(by="key", collection=None, numbers=(1, 2, 3), **options):
        way = open_way(
            by=by, items=3, collection={"locales": "all", **(collection or {})}, **options
        )
        localize(way, "en", "de")
        for n in numbers:
            add_variant(way, n)
        return way

    return open


@pytest.mark.parametrize("by", ["key", "item"])
def test_an_item_that_is_new_has_its_variants_written_within_the_minute(everywhere, by):
    way = everywhere(by)
    way.change(1, stock=9)
    way.run(60)
    way.add(4)
    add_variant(way, 4)
    way.change(4, stock=44)
    way.run(60)
    assert (way.live(4)["stock"], live_in(way, 4)) == (44, 44)


def test_a_variant_that_is_gone_costs_two_listings_and_no_isolation(everywhere):
    way = everywhere()
    for n in (1, 2, 3):
        way.change(n, stock=9)
    way.run()
    way.products.remove(variant(way, 2))
    way.forget_requests()
    for n in (1, 2, 3):
        way.change(n, stock=8)
    way.run()
    assert ([live_in(way, n) for n in (1, 3)], way.live(2)["stock"]) == ([8, 8], 8)
    assert calls(way) == [
        ("PATCH", "live", ""),
        ("GET", "items", ""),
        ("GET", "items", DE),
        ("PATCH", "live", ""),
    ]
    assert way.counts("written", "dead") == (6, 0)


def test_locales_that_cannot_be_read_for_now_are_read_later_by_themselves(everywhere):
    way = everywhere()
    way.fault("status", status=500, times=2, match={"method": "GET", "path": "/v2/sites"})
    way.change(1, stock=1)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (1, 1)
    assert way.state("products") == ("flowing", "")


def test_without_a_live_copy_every_variant_is_staged(everywhere):
    way = everywhere(live=False)
    before = live_in(way, 1)
    way.change(1, stock=before + 1)
    way.run()
    assert (way.staged(1)["stock"], staged_in(way, 1), live_in(way, 1)) == (
        before + 1,
        before + 1,
        before,
    )
    assert len(way.patches()) == 1


def test_a_new_item_is_made_in_the_primary_locale(everywhere):
    way = everywhere(collection={"missing": "create"}, numbers=())
    way.change("N", name="Desk", stock=4)
    way.run()
    way.change("N", stock=5)
    way.run()
    assert way.the("N").staged.fields["stock"] == 5
    assert not way.products.variants(DE).items
    assert (len(way.posts()), len(way.patches())) == (1, 1)


def test_pictures_are_imported_once_in_each_variant_and_repaired_by_their_id(everywhere):
    way = everywhere()
    way.change(1, image="https://example.com/a.png")
    way.run()
    first = [way.live(1)["image"]["fileId"], live_in(way, 1, slug="image")["fileId"]]
    way.fault("reset-after", times=1)
    way.change(1, image="https://example.com/b.png")
    way.run()
    last = [way.live(1)["image"], live_in(way, 1, slug="image")]
    assert not {each["fileId"] for each in last} & set(first)
    assert all(each["url"].endswith("b.png") for each in last)
    assert way.counts("written", "dead") == (2, 0)


def test_a_missing_variant_of_many_items_is_found_by_one_listing(everywhere):
    way = everywhere(collection={"locales": "primary"}, numbers=(1,))
    for n in (1, 2, 3):
        way.change(n, {"name@de": f"Name {n}"})
    way.run()
    assert [call for call in calls(way) if call[2]] == [("GET", "items", DE)]
    assert way.counts("written", "dead") == (1, 2)


def test_what_landed_late_is_put_right_though_another_variant_took_its_time(everywhere):
    way = everywhere(numbers=(1,))
    add_variant(way, 1, FR, published=False)
    localize(way, "en", "de", "fr")
    way.change(1, stock=1)
    way.run()
    way.fault("reset-after", times=1)
    way.change(1, stock=2)
    way.run(1)
    way.fault("status", status=503, seconds=90, match={"path": "*/items"})  # staged writes alone
    way.change(1, stock=3)
    way.run(30)
    assert (way.live(1)["stock"], live_in(way, 1), staged_in(way, 1, FR)) == (3, 3, 1)
    edit_in(way, 1, stock=2)  # the request that had no answer
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1), staged_in(way, 1, FR)) == (3, 3, 3)


# what `locales` says changes --------------------------------------------------------------------


def test_locales_that_are_changed_are_listed_again_once_and_then_written(everywhere):
    way = everywhere()
    way.change(1, stock=1)
    way.run()
    stock = 1
    for locales in (("de",), "all", ("en", "de"), ("fr", "de"), "primary", "all"):
        way.configure(locales=locales)
        way.forget_requests()
        for _ in range(2):
            stock += 1
            way.change(1, stock=stock)
            way.run()
        way.pass_time(60)
        assert len(way.gets()) <= 1, locales
        assert len(way.patches()) <= 4, locales
        shown = way.live(1)["stock"], live_in(way, 1)
        expected = {("de",): stock, ("fr", "de"): stock, "primary": stock - 2}
        assert shown[1] == expected.get(locales, stock)
    assert shown == (stock, stock)
    assert way.counts("pending", "dead") == (0, 0)


def test_locales_that_are_narrowed_cost_no_call(everywhere):
    way = everywhere()
    for n in (1, 2, 3):
        way.change(n, stock=n)
    way.run()
    way.configure(locales=("en", "de"))
    way.forget_requests()
    way.change(1, stock=9)
    way.run()
    assert [method for method, _, _ in calls(way)] == ["PATCH"]


def test_what_changed_while_the_primary_locale_was_written_alone_follows_later(everywhere):
    way = everywhere()
    way.change(1, stock=1)
    way.run()
    way.configure(locales="primary")
    way.change(1, stock=2)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (2, 1)
    way.configure(locales="all")
    way.pass_time(60)
    way.change(2, stock=3)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (2, 2)


def test_a_listing_that_is_under_way_as_locales_change_is_begun_anew(everywhere):
    way = everywhere(collection={"locales": ("en",)})
    add_variant(way, 1, FR)
    way.configure(locales=("de",))
    way.change(1, stock=1)
    way.run(2)
    way.pass_time(60)

    def switched():
        way.configure(locales="all")
        way.change(2, stock=2)
        way.step()

    way.on_request = switched
    way.change(1, stock=3)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (3, 3)
    assert way.state("products")[0] == "flowing"
