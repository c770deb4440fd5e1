"""Claims to create an item of which nobody knows what they came to."""

import pytest

from tests.support.outbox_creating import created, knowing, put, unknown, wanted
from tests.support.outbox_driver import sent
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Lookup
from workers.model.changes import Gone, Incoming
from workers.store.losses import Losses


@pytest.fixture
def bench(bench_with):
    """An outbox that creates what is missing, and knows the schemas."""
    return knowing(bench_with(missing="create"))


def test_after_an_unknown_outcome_it_is_looked_up_and_not_created(bench):
    wanted(bench, "new-1")
    unknown(bench, bench.batch())
    bench.pass_time(31)
    step = bench.claim()
    assert isinstance(step, Lookup)
    bench.page(step, [("new-1", "id-1")])
    batch = bench.batch()
    assert (batch.create, batch.items[0].id) == (False, "id-1")
    assert sent(batch) == {"new-1": {"name": "Oak desk", "stock": 1}}


def test_a_listing_that_began_before_the_request_could_no_longer_land_does_not_settle_it(bench):
    wanted(bench, "new-1")
    unknown(bench, bench.batch())
    bench.pass_time(59)
    bench.list_all()  # begins 59 s after the request
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(31)
    bench.list_all()
    assert bench.batch().create


def test_a_listing_that_began_early_and_ended_late_does_not_settle_it(bench):
    wanted(bench, "new-1")
    unknown(bench, bench.batch())
    bench.pass_time(59)
    bench.page(bench.claim(), [], more=100)
    bench.pass_time(20)
    bench.list_all()
    assert not isinstance(bench.claim(), Batch)


def test_a_claim_that_ran_out_may_have_sent_its_request_at_the_last_moment(bench):
    wanted(bench, "new-1")
    bench.batch()
    bench.pass_time(31)
    bench.list_all()  # 31 s after the claim: the request may have left 15 s after it
    bench.pass_time(43)
    bench.list_all()
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(31)
    bench.list_all()
    assert bench.batch().create


def test_a_claim_that_ran_out_is_adopted_where_a_listing_shows_the_item(bench):
    wanted(bench, "new-1")
    bench.batch()
    bench.pass_time(31)
    bench.list_all(("new-1", "id-1"))
    batch = bench.batch()
    assert (batch.create, batch.items[0].id) == (False, "id-1")


def test_an_answer_that_comes_after_its_claim_ran_out_still_tells_the_id(bench):
    wanted(bench, "new-1")
    slow = bench.batch()
    bench.pass_time(31)
    assert not isinstance(bench.claim(), Batch)
    assert bench.settle(slow, *created(slow)).lost == 1
    batch = bench.batch()
    assert (batch.create, batch.items[0].id) == (False, "id-new-1")
    bench.write(batch)
    assert bench.counts("written", "pending") == (2, 0)


def test_a_late_word_of_an_item_that_was_found_meanwhile_holds_up_nothing(bench):
    wanted(bench, "new-1")
    slow = bench.batch()
    bench.pass_time(31)
    bench.list_all(("new-1", "id-1"))
    unknown(bench, slow)
    assert not bench.batch().create


def test_a_late_word_that_nobody_knows_begins_the_wait_anew(bench):
    wanted(bench, "new-1")
    slow = bench.batch()
    bench.pass_time(31)
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(40)
    unknown(bench, slow)
    bench.list_all()
    bench.pass_time(31)
    bench.list_all()
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(31)
    bench.list_all()
    assert bench.batch().create


def test_the_wait_is_bounded_though_the_clock_stepped_back(bench):
    wanted(bench, "new-1")
    unknown(bench, bench.batch())
    bench.pass_time(-3600)
    bench.list_all()
    bench.pass_time(76)
    bench.list_all()
    assert bench.batch().create


def test_a_claim_that_is_given_back_is_taken_again_at_once(bench):
    wanted(bench, "new-1")
    bench.outbox.give_back(bench.batch())
    assert bench.batch().create


def test_a_listing_that_shows_it_before_it_is_claimed_ends_the_creation(bench):
    wanted(bench, "new-1")
    bench.pass_time(31)
    put(bench, "new-2")
    batch = bench.batch()
    bench.outbox.give_back(batch)
    bench.pass_time(31)
    bench.client.hset("instep:destination:site", "turn", "index")
    bench.list_all(("new-1", "id-1"), ("new-2", "id-2"))
    assert not bench.batch().create


def lose(bench):
    """What was accepted last is gone, and whatever came of it (a failover, an older backup)."""
    Losses(bench.steps).note({"id": "older 9 5", "kind": "older", "had": 9, "held": 5})


def test_what_was_found_missing_before_a_loss_is_looked_up_and_not_created(bench):
    wanted(bench, "new-1")
    lose(bench)
    bench.pass_time(31)
    step = bench.claim()
    assert isinstance(step, Lookup)
    bench.page(step, [("new-1", "id-1")])
    assert not bench.batch().create


def test_a_listing_soon_after_a_loss_does_not_tell_that_there_is_no_item(bench):
    """A request of which the store knows nothing may still land."""
    put(bench, "new-1")
    lose(bench)
    bench.list_all()
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(61)
    bench.list_all()
    assert bench.batch().create


def test_a_loss_of_long_ago_holds_up_nothing(bench):
    lose(bench)
    bench.pass_time(61)
    wanted(bench, "new-1")
    assert bench.batch().create


def test_what_was_found_missing_an_hour_ago_is_looked_up_again(bench):
    wanted(bench, "new-1")
    bench.pass_time(3601)
    assert isinstance(bench.claim(), Lookup)


def test_what_died_as_a_whole_is_looked_up_again_at_its_next_value(bench):
    wanted(bench, "new-1")
    failures = (FieldFailure("refused", ("name", "stock"), "no"),)
    bench.settle(bench.batch(), ItemOutcome("new-1", failures=failures))
    put(bench, "new-1", fields={"stock": 2})
    assert not isinstance(bench.claim(), Batch)


def test_an_item_that_was_shown_and_is_gone_again_is_looked_up_again(bench):
    wanted(bench, "new-1")
    put(bench, "new-2", collection="products")
    bench.client.hset("instep:destination:site", "turn", "batch")
    bench.pass_time(31)
    bench.outbox.give_back(bench.batch())
    bench.list_all(("new-1", "id-1"))
    place = bench.settings.collections["products"].name
    bench.accept(Incoming(None, "deleted", 0, (), gone=(Gone(place, "id-1", deleted=True),)))
    claimed = bench.batch()
    assert [item.record for item in claimed.items] == ["new-2"]
