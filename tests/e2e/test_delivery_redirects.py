"""Slugs that change: where links to the old ones lead."""

import csv
import io

import pytest

from service.operate.redirects import csv_of, list_redirects
from workers.store import keys
from workers.store.redirects import MOST, redirects_of


@pytest.fixture(params=["v1", "v2"])
def way(request, reconciling):
    return reconciling(items=3, api=request.param, by="key")


def rename(way, n, slug, version):
    way.change(n, slug=slug, version=version)
    way.run()
    assert way.live(n)["slug"] == slug


def led(way):
    return {each.old: each.new for each in redirects_of(way.store, "products")}


def listed(way, **options):
    return list_redirects(way.context, **options)


def test_an_old_slug_leads_to_the_new_one(way):
    first = way.live(1)["slug"]
    rename(way, 1, "second", 1)
    assert led(way) == {first: "second"}
    rename(way, 1, "third", 2)
    assert led(way) == {first: "third", "second": "third"}


def test_a_slug_that_is_back_leads_nowhere(way):
    first = way.live(1)["slug"]
    rename(way, 1, "second", 1)
    rename(way, 1, first, 2)
    assert led(way) == {"second": first}


def test_a_slug_that_another_item_takes_leads_nowhere(way):
    first, other = way.live(1)["slug"], way.live(2)["slug"]
    rename(way, 1, "second", 1)
    rename(way, 2, first, 1)
    assert led(way) == {other: first}


def test_a_slug_that_a_new_item_takes_leads_nowhere(making):
    first = making.live(1)["slug"]
    rename(making, 1, "second", 1)
    making.change("new-1", name="Oak desk", slug=first)
    making.run()
    assert making.the("new-1").live.fields["slug"] == first
    assert led(making) == {}


def test_a_slug_that_is_refused_leads_nowhere(way):
    way.change(1, slug=way.live(2)["slug"], version=1)
    way.run()
    assert way.counts("dead") == (1,)
    assert led(way) == {}


def test_what_was_overtaken_before_it_was_sent_leads_nowhere(way):
    first = way.live(1)["slug"]
    way.change(1, slug="second", version=1)
    rename(way, 1, "third", 2)
    assert led(way) == {first: "third"}


def test_the_same_slug_again_leads_nowhere(way):
    rename(way, 1, way.live(1)["slug"], 1)
    assert led(way) == {}


def test_nothing_leads_to_a_page_that_is_gone(way):
    rename(way, 1, "second", 1)
    way.retire(1, "archive", version=2)
    way.run()
    assert led(way) == {}


def test_paths_are_below_that_of_the_collection(way):
    first = way.live(1)["slug"]
    rename(way, 1, "second", 1)
    copy = way.settings.copy_of(way.settings.collections["products"])
    index = keys.index("products", copy)
    way.store.hdel(index, "slug")
    (entry,) = listed(way).items
    assert (entry["old"], entry["new"], entry["old_slug"]) == (None, None, first)
    assert csv_of([entry]) == "Old path,Redirect to\r\n"
    way.store.hset(index, "slug", "wood & more")
    (entry,) = listed(way).items
    assert entry["key"] == way.record(1)
    rows = list(csv.reader(io.StringIO(csv_of([entry]))))
    assert rows == [
        ["Old path", "Redirect to"],
        [f"/wood%20%26%20more/{first}", "/wood%20%26%20more/second"],
    ]


def test_a_list_goes_on_by_its_cursor(way):
    old = sorted(way.live(n)["slug"] for n in (1, 2, 3))
    for n in (1, 2, 3):
        rename(way, n, f"new-{n}", 1)
    first = listed(way, limit=2)
    rest = listed(way, limit=2, cursor=first.next)
    assert [each["old_slug"] for each in (*first.items, *rest.items)] == old
    assert rest.next is None


def test_the_oldest_go_beyond_the_bound(way):
    rename(way, 1, "second", 1)
    by_time, slugs = keys.redirects_at("products"), keys.redirects("products")
    way.store.zadd(by_time, {f"s{n}": n for n in range(MOST - 1)})
    way.store.hset(slugs, mapping=dict.fromkeys([f"s{n}" for n in range(MOST - 1)], '["x",0]'))
    rename(way, 1, "third", 2)
    assert way.store.zcard(by_time) == way.store.hlen(slugs) == MOST
    assert not way.store.hexists(slugs, "s0")
    assert led(way)["second"] == "third"
