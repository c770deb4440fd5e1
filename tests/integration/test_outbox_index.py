"""Item lookup: from key to id, by listing; and what becomes of items that are not there."""

import json
from datetime import datetime

import pytest

from tests.support.outbox_driver import event, sent
from workers.model.attempts import Batch, ItemOutcome, Lookup, Wait

HOUR = 3600


def put(bench, *records, value=1, **options):
    for record in records:
        bench.accept(event(record, {"stock": value}, by="key", **options))


def lookup(bench):
    step = bench.claim()
    assert isinstance(step, Lookup), step
    return step


def waiting(bench):
    return bench.client.zrange("instep:lookup:products", 0, -1)


@pytest.fixture
def listed(bench):
    """An outbox that has listed the collection: it holds sku-1."""
    put(bench, "sku-1")
    bench.list_all(("sku-1", "id-1"))
    bench.write(bench.batch())
    return bench


def test_the_first_unknown_key_asks_for_the_whole_listing(bench):
    put(bench, "sku-1")
    step = lookup(bench)
    assert (step.collection, step.offset, step.since) == ("products", 0, None)


def test_a_key_that_the_listing_knows_is_sent_to_its_item(bench):
    put(bench, "sku-1")
    answer = bench.list_all(("sku-1", "id-1"), ("sku-2", "id-2"))
    assert (answer["found"], answer["missing"], answer["done"]) == (1, 0, True)
    assert bench.batch().items[0].id == "id-1"


def test_a_key_that_a_listing_has_shown_needs_no_other_look_up(bench):
    put(bench, "sku-1")
    bench.list_all(("sku-1", "id-1"), ("sku-2", "id-2"))
    put(bench, "sku-2")
    assert {item.id for item in bench.batch().items} == {"id-1", "id-2"}


def test_a_found_item_is_due_before_the_listing_has_ended(bench):
    put(bench, "sku-1")
    bench.page(lookup(bench), [("sku-1", "id-1")], more=100)
    assert sent(bench.batch()) == {"sku-1": {"stock": 1}}


def test_the_pages_of_a_listing_follow_each_other(bench):
    put(bench, "sku-9")
    bench.page(lookup(bench), [("sku-1", "id-1")], more=100)
    assert lookup(bench).offset == 100
    assert bench.state("sku-9") == "pending"


def test_one_page_at_a_time_is_asked_for(bench):
    put(bench, "sku-1")
    lookup(bench)
    assert isinstance(bench.claim(), Wait)


def test_a_page_whose_worker_died_is_asked_for_again_after_thirty_seconds(bench):
    put(bench, "sku-1")
    bench.page(lookup(bench), [], more=100)
    lookup(bench)
    bench.pass_time(31)
    assert lookup(bench).offset == 100


def test_a_page_that_did_not_come_is_asked_for_again(bench):
    put(bench, "sku-1")
    bench.page(lookup(bench), [], more=100)
    bench.page(lookup(bench), [], failed=True)
    bench.pass_time(31)
    assert lookup(bench).offset == 100
    assert bench.state("sku-1") == "pending"


def test_a_key_that_no_item_has_becomes_a_dead_letter(bench):
    put(bench, "sku-9")
    answer = bench.list_all(("sku-1", "id-1"))
    assert answer["missing"] == 1
    (letter,) = bench.letters()
    assert (letter["kind"], letter["key"], letter["record"]) == ("missing", "sku-9", "sku-9")
    assert json.loads(letter["f:stock"])["value"] == "1"
    assert bench.counts("dead", "pending") == (1, 0)
    assert waiting(bench) == []


def test_a_key_that_no_item_has_is_ignored_where_the_collection_says_so(bench_with):
    bench = bench_with(missing="ignore")
    put(bench, "sku-9")
    bench.list_all()
    assert bench.counts("ignored", "pending") == (1, 0)
    assert bench.letters() == []


def test_a_key_that_came_after_the_listing_began_waits_for_the_next(bench):
    put(bench, "sku-8")
    bench.page(lookup(bench), [], more=100)
    bench.pass_time(0.01)
    put(bench, "sku-9")
    bench.page(lookup(bench), [])
    assert (bench.state("sku-8"), bench.state("sku-9")) == ("dead", "pending")
    assert waiting(bench) == ["sku-9"]


def test_a_miss_is_remembered_and_asked_for_again_by_a_new_value_only(bench):
    put(bench, "sku-9")
    bench.list_all(("sku-1", "id-1"))
    bench.pass_time(31)
    assert bench.claim() == Wait(None, "idle")
    put(bench, "sku-9", value=2)
    bench.list_all(("sku-9", "id-9"))
    assert sent(bench.batch()) == {"sku-9": {"stock": 2}}
    assert bench.letters() == []


def test_unknown_keys_wait_together_for_a_look_up_every_thirty_seconds(listed):
    put(listed, "sku-2")
    assert listed.claim() == Wait(pytest.approx(30, abs=1), "later")
    listed.pass_time(20)
    put(listed, "sku-3")
    assert isinstance(listed.claim(), Wait)
    listed.pass_time(11)
    listed.list_all(("sku-2", "id-2"), ("sku-3", "id-3"))
    assert sorted(sent(listed.batch())) == ["sku-2", "sku-3"]


def test_a_later_look_up_lists_only_what_was_edited_since(listed):
    listed.pass_time(31)
    put(listed, "sku-2")
    step = lookup(listed)
    since = datetime.fromisoformat(step.since).timestamp() - listed.now_ms() / 1000
    assert (step.edited, step.offset) == (True, 0)
    assert since == pytest.approx(-31 - 60, abs=2)  # the clocks of the CMS may be a minute apart


def test_v1_lists_the_whole_collection_anew_every_ten_minutes_at_most(bench_with):
    bench = bench_with(api="v1")
    put(bench, "sku-1")
    bench.list_all(("sku-1", "id-1"))
    bench.write(bench.batch())
    put(bench, "sku-2")
    bench.pass_time(590)
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(11)
    assert lookup(bench).since is None


def forget(bench, record="sku-1"):
    """The CMS knows the item no more."""
    put(bench, record, value=2)
    bench.settle(bench.batch(), ItemOutcome(record, forget=True))


def test_a_forgotten_id_is_looked_up_again_in_a_whole_listing(listed):
    forget(listed)
    listed.pass_time(31)
    step = lookup(listed)
    assert step.since is None
    listed.page(step, [("sku-1", "id-new")])
    (item,) = listed.batch().items
    assert (item.id, item.forgotten) == ("id-new", True)


def test_a_forgotten_id_is_not_missing_before_a_whole_listing_has_ended(bench):
    put(bench, "sku-1")
    bench.page(lookup(bench), [("sku-1", "id-1")], full_ms=600_000)
    forget(bench)
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(31)
    step = lookup(bench)
    assert step.since is not None
    bench.page(step, [])
    assert (bench.state("sku-1"), waiting(bench)) == ("pending", ["sku-1"])
    bench.pass_time(600)
    bench.list_all()
    assert bench.state("sku-1") == "dead"


def test_after_the_whole_listing_for_a_forgotten_id_only_what_is_new_is_listed(listed):
    forget(listed)
    listed.pass_time(31)
    listed.list_all(("sku-1", "id-new"))
    listed.pass_time(31)
    put(listed, "sku-2")
    listed.batch()
    assert lookup(listed).since is not None


def test_a_missing_item_that_appears_is_in_no_doubt(listed):
    forget(listed)
    listed.pass_time(31)
    listed.list_all()
    put(listed, "sku-1", value=3)
    listed.pass_time(31)
    listed.list_all(("sku-1", "id-new"))
    assert not listed.batch().items[0].forgotten


def test_a_forgotten_id_that_no_item_has_is_missing(listed):
    forget(listed)
    listed.pass_time(31)
    listed.list_all()
    assert listed.state("sku-1") == "dead"


def test_a_success_ends_the_doubt_about_an_id(listed):
    forget(listed)
    listed.pass_time(31)
    listed.list_all(("sku-1", "id-new"))
    listed.write(listed.batch())
    put(listed, "sku-1", value=3)
    assert not listed.batch().items[0].forgotten


def test_an_item_that_another_id_carries_now_is_confirmed_no_more(listed):
    listed.pass_time(31)
    put(listed, "sku-2")
    older = {"key": "sku-1", "id": "id-new", "created": "2024", "updated": None, "shown": True}
    listed.list_all(older, ("sku-2", "id-2"))
    put(listed, "sku-1", value=1)
    assert listed.told() == ["accepted"]
    assert {item.record: item.id for item in listed.batch().items}["sku-1"] == "id-new"


def test_an_item_that_a_listing_shows_as_published_is_written_live_again(bench):
    put(bench, "sku-1")
    bench.list_all(("sku-1", "id-1"))
    bench.settle(bench.batch(), ItemOutcome("sku-1", staged=True, wait=60))
    bench.pass_time(31)
    put(bench, "sku-2")
    bench.list_all(("sku-1", "id-1"))
    bench.pass_time(31)
    batch = bench.batch()
    assert (sorted(sent(batch)), batch.staged) == (["sku-1"], False)


def test_a_page_that_comes_after_its_lock_ran_out_ends_no_other_listing(bench):
    put(bench, "sku-1")
    slow = lookup(bench)
    bench.pass_time(31)
    bench.page(lookup(bench), [], more=100)
    answer = bench.page(slow, [("sku-2", "id-2")])
    assert (answer["done"], answer["missing"]) == (False, 0)
    assert bench.state("sku-1") == "pending"
    assert lookup(bench).offset == 100


def test_a_miss_is_decided_although_the_clock_stepped_back_meanwhile(bench):
    put(bench, "sku-8")
    bench.list_all()
    put(bench, "sku-9")
    assert isinstance(bench.claim(), Wait)  # for the next listing
    bench.pass_time(-HOUR)
    bench.list_all()
    assert bench.state("sku-9") == "dead"


def test_the_wait_for_a_listing_from_before_the_clock_stepped_back_counts_as_over(listed):
    listed.pass_time(-HOUR)
    put(listed, "sku-2")
    assert isinstance(listed.claim(), Lookup)


def test_a_collection_so_large_that_the_whole_is_listed_rarely_is_not_listed_at_once(bench):
    put(bench, "sku-1")
    bench.page(lookup(bench), [("sku-1", "id-1")], full_ms=1_200_000)
    forget(bench)
    bench.pass_time(61)
    assert lookup(bench).since is not None


def test_the_listings_of_two_collections_do_not_wait_for_each_other(bench):
    put(bench, "sku-1")
    put(bench, "store-1", collection="stores")
    assert {lookup(bench).collection, lookup(bench).collection} == {"products", "stores"}


def test_batches_go_on_while_a_listing_is_read(bench):
    put(bench, "sku-1")
    lookup(bench)
    bench.accept(event("65f0", {"stock": 1}))
    assert isinstance(bench.claim(), Batch)
