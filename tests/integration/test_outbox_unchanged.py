"""When a value need not be sent: the CMS confirmed it, and nothing casts doubt on that."""

import dataclasses

import pytest

from tests.support.outbox_driver import Bench, at, event
from workers.model.attempts import Batch, FieldFailure, ItemOutcome
from workers.store.outbox import Outbox


@pytest.fixture
def confirmed(bench):
    """An outbox of which one item is confirmed with stock 5 and price 9."""
    bench.confirm("i1", {"stock": 5, "price": 9})
    return bench


def accepted(bench, value=5, slug="stock"):
    """What becomes of *value* when it is accepted now."""
    bench.accept(event("i1", {slug: value}))
    return bench.told()[-1]


def test_the_confirmed_value_is_counted_as_unchanged_and_not_sent(confirmed):
    assert accepted(confirmed) == "unchanged"
    assert confirmed.counts("written", "unchanged", "pending") == (2, 1, 0)
    assert not isinstance(confirmed.claim(), Batch)


def test_an_unchanged_value_wakes_nobody(confirmed):
    confirmed.client.delete("instep:wake:site")
    assert confirmed.accept(event("i1", {"stock": 5})).wake == ()


def test_an_unchanged_value_still_takes_the_place_with_its_version(bench):
    bench.confirm("i1", {"stock": 5}, version=at(10))
    bench.accept(event("i1", {"stock": 5}, version=at(20)))
    bench.accept(event("i1", {"stock": 4}, version=at(15)))
    assert (bench.value("i1"), bench.told()) == (5, ["stale"])


def test_another_value_is_sent(confirmed):
    assert accepted(confirmed, 6) == "accepted"


def test_a_confirmed_value_supersedes_one_that_was_never_claimed(confirmed):
    accepted(confirmed, 4)
    assert accepted(confirmed, 5) == "unchanged"
    assert confirmed.counts("superseded", "unchanged", "pending") == (1, 1, 0)
    assert not isinstance(confirmed.claim(), Batch)


def test_a_claim_clears_the_confirmation_of_what_it_sends_and_of_nothing_else(confirmed):
    accepted(confirmed, 4)
    confirmed.batch()
    assert accepted(confirmed, 5, "stock") == "accepted"
    assert accepted(confirmed, 9, "price") == "unchanged"


def test_a_claim_that_was_given_back_leaves_no_confirmation(confirmed):
    accepted(confirmed, 4)
    confirmed.outbox.give_back(confirmed.batch())
    assert accepted(confirmed, 5) == "accepted"


def test_only_what_was_written_is_confirmed(bench):
    bench.accept(event("i1", {"stock": 5, "price": 9}))
    bench.settle(bench.batch(), ItemOutcome("i1", written=("stock",), missed=("price",)))
    assert accepted(bench, 5, "stock") == "unchanged"
    assert accepted(bench, 9, "price") == "accepted"


def test_a_settle_confirms_nothing_that_was_overtaken_meanwhile(bench):
    bench.accept(event("i1", {"stock": 5}))
    batch = bench.batch()
    bench.accept(event("i1", {"stock": 6}))
    bench.write(batch)
    assert accepted(bench, 5) == "accepted"


def test_an_unknown_outcome_clears_the_confirmation(bench):
    bench.accept(event("i1", {"stock": 5}))
    bench.settle(bench.batch(), ItemOutcome("i1", unknown=True), health="failure")
    bench.write(bench.batch())  # the retry is answered; the first request may still land
    assert accepted(bench, 5) == "accepted"


def test_a_lost_settle_clears_the_confirmation(bench):
    bench.accept(event("i1", {"stock": 5}))
    slow = bench.batch()
    bench.pass_time(31)
    bench.write(bench.batch())
    bench.write(slow)
    assert accepted(bench, 5) == "accepted"


def test_a_forgotten_id_clears_the_confirmation_of_the_whole_item(confirmed):
    accepted(confirmed, 4)
    confirmed.settle(confirmed.batch(), ItemOutcome("i1", forget=True))
    assert accepted(confirmed, 9, "price") == "accepted"


def test_a_dead_value_leaves_no_confirmation(confirmed):
    accepted(confirmed, 4)
    confirmed.settle(
        confirmed.batch(), ItemOutcome("i1", failures=(FieldFailure("refused", ("stock",), "no"),))
    )
    assert accepted(confirmed, 5) == "accepted"


def other_site(bench, **changes):
    """The same outbox after instep.toml was changed."""
    site = dataclasses.replace(bench.site, **changes)
    settings = dataclasses.replace(bench.settings, destinations={"site": site})
    bench.site, bench.settings = site, settings
    bench.outbox = Outbox(bench.steps, settings)
    return bench


@pytest.mark.parametrize(
    "changes",
    [{"live": False}, {"base_url": "http://sandbox"}],
    ids=["staged instead of live", "another address"],
)
def test_a_confirmation_says_nothing_of_another_copy(confirmed, changes):
    assert accepted(other_site(confirmed, **changes), 5) == "accepted"


def test_a_confirmation_says_nothing_of_another_collection(confirmed):
    products = dataclasses.replace(confirmed.settings.collections["products"], id="c" * 24)
    collections = {**confirmed.settings.collections, "products": products}
    settings = dataclasses.replace(confirmed.settings, collections=collections)
    confirmed.outbox = Outbox(confirmed.steps, settings)
    assert accepted(confirmed, 5) == "accepted"


def test_the_first_write_of_another_copy_confirms_itself_and_clears_what_was_confirmed(confirmed):
    other_site(confirmed, live=False)
    accepted(confirmed, 5, "stock")
    confirmed.write(confirmed.batch())
    assert accepted(confirmed, 5, "stock") == "unchanged"
    assert accepted(confirmed, 9, "price") == "accepted"


def test_what_was_written_staged_only_is_not_confirmed_for_the_live_copy(bench):
    bench.accept(event("i1", {"stock": 4}))
    bench.settle(bench.batch(), ItemOutcome("i1", staged=True))
    batch = bench.batch()
    assert batch.staged
    bench.write(batch)
    assert accepted(bench, 4) == "accepted"


def test_a_restart_of_a_weaker_store_clears_all_confirmations(bench_with):
    bench = bench_with(durability="everysec")
    bench.confirm("i1", {"stock": 5})
    assert accepted(bench, 5) == "unchanged"
    # The server cannot be restarted here: the run that the item was confirmed in is another one.
    key = "instep:item:products:i1"
    copy = bench.client.hget(key, "copy")
    run = bench.client.info("server")["run_id"]
    assert copy.endswith(run)
    bench.client.hset(key, "copy", copy.replace(run, "0" * 40))
    assert accepted(bench, 5) == "accepted"


def test_a_restart_of_a_durable_store_clears_none(confirmed):
    run = confirmed.client.info("server")["run_id"]
    assert run not in confirmed.item("i1")[0]["copy"]


def listed(bench, updated):
    bench.accept(event("other", {"stock": 1}, by="key"))
    entry = {"key": "i1", "id": "id-1", "updated": updated, "created": "1", "shown": True}
    bench.list_all(entry, ("other", "id-2"))


@pytest.fixture
def confirmed_by_key(store):
    bench = Bench(store)
    bench.accept(event("i1", {"stock": 5}, by="key"))
    bench.list_all(("i1", "id-1"))
    bench.write(bench.batch(), updated="2025-03-01T00:00:00.000Z")
    bench.pass_time(31)
    return bench


def test_a_newer_change_in_a_listing_clears_the_confirmation(confirmed_by_key):
    listed(confirmed_by_key, "2025-03-01T00:00:00.001Z")
    assert accepted(confirmed_by_key, 5) == "accepted"


def test_the_same_change_in_a_listing_clears_nothing(confirmed_by_key):
    listed(confirmed_by_key, "2025-03-01T00:00:00.000Z")
    assert accepted(confirmed_by_key, 5) == "unchanged"
