"""Unknown keys are asked for by filter first: which, when, and what its answer says of them."""

import pytest

from tests.support.outbox_driver import Bench, event, sent
from workers.model.attempts import ItemOutcome, Lookup, Wait


def put(bench, *records, value=1, **options):
    for record in records:
        bench.accept(event(record, {"stock": value}, by="key", **options))


def filter_step(bench):
    step = bench.claim()
    assert isinstance(step, Lookup), step
    assert step.kind == "filter"
    return step


def listing(bench):
    step = bench.claim()
    assert isinstance(step, Lookup), step
    assert step.kind == "index"
    return step


def waits_for_a_listing(bench, key):
    assert bench.state(key) == "pending"
    assert key in bench.client.zrange("instep:lookup:products", 0, -1)
    assert key not in bench.client.zrange("instep:filter:products", 0, -1)


@pytest.fixture
def fresh(store):
    """An outbox whose site answers filters, and of which nothing is known."""
    return Bench(store, filters=True)


@pytest.fixture
def listed(fresh):
    """One that has listed its collection, which holds sku-1, and has rested since."""
    put(fresh, "sku-1")
    fresh.filtered(filter_step(fresh), shown=False)
    fresh.page(listing(fresh), [("sku-1", "id-1")])
    fresh.write(fresh.batch())
    fresh.pass_time(120)
    return fresh


def test_a_key_that_a_filter_shows_is_sent_to_its_item_without_a_listing(fresh):
    put(fresh, "sku-1")
    step = filter_step(fresh)
    assert step.keys == ("sku-1",)
    fresh.filtered(step, [("sku-1", "id-1")])
    (item,) = fresh.batch().items
    assert item.id == "id-1"
    assert isinstance(fresh.claim(), Wait)


def test_of_a_collection_that_was_never_listed_a_filter_says_of_nothing_that_it_is_missing(fresh):
    put(fresh, "sku-1", "sku-2")
    fresh.filtered(filter_step(fresh), [("sku-1", "id-1")])
    waits_for_a_listing(fresh, "sku-2")


def test_of_one_that_was_listed_it_does(listed):
    put(listed, "sku-9")
    step = filter_step(listed)
    assert (step.keys, step.canary) == (("sku-9",), "sku-1")
    answer = listed.filtered(step)
    assert (answer["missing"], listed.state("sku-9")) == (1, "dead")


def test_not_where_it_does_not_show_the_key_that_is_there(listed):
    put(listed, "sku-9")
    listed.filtered(filter_step(listed), shown=False)
    waits_for_a_listing(listed, "sku-9")


def test_nor_where_a_key_was_seen_in_another_form(listed):
    put(listed, "sku-8")
    listed.filtered(filter_step(listed), odd=True)
    put(listed, "sku-9")
    listed.pass_time(2)
    listed.filtered(filter_step(listed))
    waits_for_a_listing(listed, "sku-9")


def test_that_is_so_until_the_whole_was_listed_without_one(listed):
    listed.page(Lookup("products", "index", "r", slot=":reconcile"), [], odd=True)
    put(listed, "sku-9")
    listed.filtered(filter_step(listed))
    waits_for_a_listing(listed, "sku-9")
    listed.page(listing(listed), [])  # what was edited since
    put(listed, "sku-8")
    listed.pass_time(31)
    listed.filtered(filter_step(listed))
    waits_for_a_listing(listed, "sku-8")
    listed.page(listing(listed), [])
    products = listed.settings.collections["products"]
    index = f"instep:index:products:{listed.settings.copy_of(products)}"
    listed.client.hset(index, "full", 1)
    put(listed, "sku-7")
    listed.pass_time(31)
    listed.filtered(filter_step(listed))
    whole = listing(listed)
    assert whole.since is None
    listed.page(whole, [("sku-1", "id-1")])
    put(listed, "sku-6")
    listed.pass_time(31)
    listed.filtered(filter_step(listed))
    assert listed.state("sku-6") == "dead"


def test_nor_where_the_index_has_lost_its_ids(listed):
    put(listed, "sku-9")
    step = filter_step(listed)
    for key in listed.client.keys("instep:ids:*"):
        listed.client.delete(key)
    put(listed, "sku-8")
    listed.filtered(step, [("sku-8", "id-8")])
    waits_for_a_listing(listed, "sku-9")


def test_nor_of_a_value_that_came_after_the_filter_began(listed):
    put(listed, "sku-9")
    step = filter_step(listed)
    listed.pass_time(0.1)
    put(listed, "sku-9", value=2)
    listed.filtered(step)
    assert listed.state("sku-9") == "pending"
    listed.pass_time(2)
    listed.filtered(filter_step(listed))
    assert listed.state("sku-9") == "dead"


def test_nor_of_a_record_whose_id_was_wrong(listed):
    put(listed, "sku-1", value=2)
    listed.settle(listed.batch(), ItemOutcome("sku-1", forget=True))
    listed.pass_time(31)
    step = listing(listed)
    assert step.since is None


def test_nor_by_pages_that_something_has_fallen_through(listed):
    put(listed, "sku-9")
    listed.filtered(filter_step(listed), more=100, total=120)
    step = filter_step(listed)
    assert (step.keys, step.offset) == (("sku-9",), 100)
    listed.filtered(step, total=119)
    waits_for_a_listing(listed, "sku-9")


def test_a_filter_of_several_pages_decides_at_its_end(listed):
    put(listed, "sku-8", "sku-9")
    listed.filtered(filter_step(listed), more=100, total=120)
    assert listed.state("sku-9") == "pending"
    listed.filtered(filter_step(listed), [("sku-8", "id-8")], total=120, shown=False)
    assert listed.state("sku-9") == "dead"
    assert sent(listed.batch()) == {"sku-8": {"stock": 1}}


def test_one_whose_worker_died_is_asked_again_with_the_same_keys(listed):
    put(listed, "sku-9")
    filter_step(listed)
    assert isinstance(listed.claim(), Wait)
    listed.pass_time(31)
    assert filter_step(listed).keys == ("sku-9",)


def test_one_that_comes_after_its_lock_ran_out_decides_nothing(listed):
    put(listed, "sku-9")
    slow = filter_step(listed)
    listed.pass_time(31)
    filter_step(listed)
    listed.filtered(slow)
    assert listed.state("sku-9") == "pending"


def test_no_answer_is_asked_for_once_more_and_then_listed(listed):
    put(listed, "sku-9")
    listed.page(filter_step(listed), [], failed=True)
    assert isinstance(listed.claim(), Wait)
    listed.pass_time(3)
    listed.page(filter_step(listed), [], failed=True)
    listing(listed)


@pytest.mark.parametrize("outcome", ["refused", "void"])
def test_a_site_without_filters_is_asked_again_a_day_later(listed, outcome):
    put(listed, "sku-9")
    listed.filtered(filter_step(listed), outcome=outcome, shown=False)
    listed.page(listing(listed), [])
    for _ in range(23):
        listed.pass_time(3600)
        put(listed, "sku-8")
        listed.page(listing(listed), [])
    listed.pass_time(3700)
    put(listed, "sku-7")
    filter_step(listed)


def test_what_no_filter_can_ask_for_is_listed(listed):
    put(listed, "sku-8", "sku-9")
    listed.filtered(filter_step(listed), left=["sku-9"])
    assert listed.state("sku-8") == "dead"
    waits_for_a_listing(listed, "sku-9")


def test_where_one_shows_too_much_its_keys_are_listed(listed):
    put(listed, "sku-9")
    listed.filtered(filter_step(listed), outcome="wide", shown=False)
    waits_for_a_listing(listed, "sku-9")
    listed.page(listing(listed), [])
    put(listed, "sku-8")
    listed.pass_time(31)
    filter_step(listed)


def test_a_store_of_before_has_the_whole_listed_before_a_filter_says_of_a_key_that_it_is_missing(
    listed,
):
    products = listed.settings.collections["products"]
    listed.client.hdel(f"instep:index:products:{listed.settings.copy_of(products)}", "plain")
    put(listed, "sku-9")
    listed.filtered(filter_step(listed))
    waits_for_a_listing(listed, "sku-9")


def test_a_hundred_keys_go_at_once_where_one_has_shown_lately_that_lists_are_understood(listed):
    put(listed, *(f"new-{n}" for n in range(150)))
    step = filter_step(listed)
    assert (len(step.keys), step.canary) == (99, "sku-1")
    listed.filtered(step)
    listed.pass_time(2)
    step = filter_step(listed)
    assert (len(step.keys), step.canary) == (51, "sku-1")
    listed.filtered(step)
    put(listed, *(f"newer-{n}" for n in range(150)))
    step = filter_step(listed)
    assert (len(step.keys), step.canary) == (100, None)


def test_v1_is_asked_for_nothing_by_filter(store):
    bench = Bench(store, filters=True, api="v1")
    put(bench, "sku-1")
    listing(bench)
