"""Items that are to be created: one claim each, and no second one before it is known what came."""

import pytest

from tests.support.outbox_creating import NAME, created, knowing, put, unknown, wanted
from tests.support.outbox_driver import event, sent
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Lookup, Wait


@pytest.fixture
def bench(bench_with):
    """An outbox that creates what is missing, and knows the schemas."""
    return knowing(bench_with(missing="create"))


def idle(bench):
    return bench.claim() == Wait(None, "idle")


def test_what_no_listing_shows_is_claimed_to_be_created(bench):
    wanted(bench, "new-1", "new-2")
    batch = bench.batch()
    assert batch.create
    assert {item.id for item in batch.items} == {""}
    assert sent(batch)["new-1"] == {"name": "Oak desk", "stock": 1}
    assert bench.counts("pending", "dead") == (4, 0)


def test_a_listing_that_began_before_the_record_asked_creates_nothing(bench):
    put(bench, "new-1")
    bench.page(bench.claim(), [], more=100)
    bench.pass_time(0.01)
    put(bench, "new-2")
    bench.page(bench.claim(), [])
    assert list(sent(bench.batch())) == ["new-1"]


def test_a_page_that_is_not_the_last_creates_nothing(bench):
    put(bench, "new-1")
    bench.page(bench.claim(), [("old", "id-old")], more=100)
    assert isinstance(bench.claim(), Lookup)


def test_a_late_page_creates_nothing(bench):
    put(bench, "new-1")
    slow = bench.claim()
    bench.pass_time(31)
    bench.page(bench.claim(), [], more=100)
    bench.page(slow, [])
    assert isinstance(bench.claim(), Lookup)


def test_a_page_that_did_not_come_creates_nothing(bench):
    put(bench, "new-1")
    bench.page(bench.claim(), [], failed=True)
    bench.pass_time(31)
    assert isinstance(bench.claim(), Lookup)


def test_a_listing_that_is_shorter_than_it_says_creates_nothing(bench):
    put(bench, "new-1")
    bench.page(bench.claim(), [], total=200, short=True)
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(31)
    bench.list_all()
    assert bench.batch().create


def test_an_item_that_is_deleted_while_pages_are_read_may_hide_another(bench):
    put(bench, "new-1")
    bench.page(bench.claim(), [("a", "id-a")], more=100, total=101)
    bench.page(bench.claim(), [], total=100)
    bench.pass_time(31)
    step = bench.claim()
    assert (step.kind, step.since) == ("index", None)
    bench.page(step, [("new-1", "id-1")], total=1)
    assert not bench.batch().create


def test_what_may_be_hidden_only_a_listing_of_the_whole_tells(bench):
    put(bench, "new-1")
    bench.page(bench.claim(), [("a", "id-a")], more=100, total=101)
    bench.page(bench.claim(), [], total=100, full_ms=600_000)
    bench.pass_time(31)
    step = bench.claim()
    assert step.since is not None
    bench.page(step, [], total=0)
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(600)
    bench.list_all()
    assert bench.batch().create


def test_an_item_that_is_added_while_pages_are_read_hides_none(bench):
    put(bench, "new-1")
    bench.page(bench.claim(), [("a", "id-a")], more=100, total=101)
    bench.page(bench.claim(), [], total=102)
    assert bench.batch().create


def test_no_item_is_created_without_the_schema(bench_with):
    bench = bench_with(missing="create")
    wanted(bench, "new-1")
    step = bench.claim()
    assert isinstance(step, Lookup)
    assert step.kind == "schema"


def test_of_an_item_one_claim_creates_it_at_a_time(bench):
    wanted(bench, "new-1")
    bench.batch()
    put(bench, "new-1", fields={"stock": 2})
    assert not isinstance(bench.claim(), Batch)


def test_the_same_claim_asked_again_is_the_same(bench):
    wanted(bench, "new-1")
    first = bench.batch(token="t1")
    assert bench.claim(token="t1") == first


def test_new_items_and_others_never_share_a_request(bench):
    put(bench, "new-1", "old")
    bench.list_all(("old", "id-old"))
    one, two = bench.batch(), bench.batch()
    assert {one.create, two.create} == {True, False}


def test_a_created_item_is_known_by_its_id_and_written_there(bench):
    wanted(bench, "new-1")
    batch = bench.batch()
    bench.settle(batch, *created(batch))
    assert bench.counts("written", "pending") == (2, 0)
    put(bench, "new-1", fields={"stock": 2})
    batch = bench.batch()
    assert (batch.create, batch.items[0].id) == (False, "id-new-1")
    assert sent(batch) == {"new-1": {"stock": 2}}


def test_what_was_created_is_confirmed(bench):
    wanted(bench, "new-1")
    batch = bench.batch()
    bench.settle(batch, *created(batch))
    put(bench, "new-1")
    assert bench.told() == ["unchanged", "unchanged"]


def test_what_arrives_meanwhile_stays_pending(bench):
    wanted(bench, "new-1")
    batch = bench.batch()
    put(bench, "new-1", fields={"stock": 2})
    bench.settle(batch, *created(batch))
    assert sent(bench.batch())["new-1"]["stock"] == 2


def test_a_settle_that_is_repeated_does_nothing_twice(bench):
    wanted(bench, "new-1")
    batch = bench.batch()
    bench.settle(batch, *created(batch))
    bench.steps.repeat("settle")
    assert bench.counts("written", "pending") == (2, 0)


# names


def test_without_a_name_it_is_a_letter_that_says_so(bench):
    bench.accept(event("new-1", {"stock": 1}, by="key"))
    bench.list_all()
    (letter,) = bench.letters()
    assert (letter["kind"], letter["key"]) == ("missing", "new-1")
    assert "a name" in letter["message"]
    assert idle(bench)


@pytest.mark.parametrize("name", [None, ""])
def test_an_empty_name_is_none(bench, name):
    bench.accept(event("new-1", {"name": name}, by="key"))
    bench.list_all()
    assert bench.counts("dead") == (1,)


def test_what_died_without_a_name_goes_along_once_there_is_one(bench):
    bench.accept(event("new-1", {"stock": 1}, by="key"))
    bench.list_all()
    bench.pass_time(31)
    bench.accept(event("new-1", NAME, by="key"))
    bench.list_all()
    assert sent(bench.batch()) == {"new-1": {"name": "Oak desk", "stock": 1}}
    assert bench.counts("dead", "pending") == (0, 2)
    assert bench.letters() == []


def test_a_name_that_has_died_since_creates_nothing(bench):
    wanted(bench, "new-1")
    batch = bench.batch()
    bench.settle(
        batch, ItemOutcome("new-1", failures=(FieldFailure("refused", ("name",), "too long"),))
    )
    assert idle(bench)
    assert bench.counts("dead", "pending") == (2, 0)


# slugs


def test_a_slug_that_is_taken_is_told_with_the_next_claim_of_the_item_alone(bench):
    wanted(bench, "new-1", "new-2")
    batch = bench.batch()
    bench.settle(batch, ItemOutcome("new-1", taken="oak-desk", limit=1), ItemOutcome("new-2"))
    taken = {}
    for _ in range(2):
        batch = bench.batch()
        taken |= {item.record: (item.taken, batch.alone) for item in batch.items}
    assert taken["new-1"] == ("oak-desk", True)
    assert taken["new-2"][0] is None


def test_the_item_that_has_the_slug_is_adopted_and_written(bench):
    wanted(bench, "new-1")
    bench.settle(bench.batch(), ItemOutcome("new-1", taken="oak-desk", limit=1))
    bench.settle(bench.batch(), ItemOutcome("new-1", made="id-1"))
    batch = bench.batch()
    assert (batch.create, batch.items[0].id, batch.items[0].taken) == (False, "id-1", None)
    assert sent(batch) == {"new-1": {"name": "Oak desk", "stock": 1}}


def test_held_back_items_are_created_staged_in_a_request_of_their_own(bench):
    put(bench, "new-1", fields={"_draft": True})
    put(bench, "new-2")
    bench.list_all()
    shapes = {}
    for _ in range(2):
        batch = bench.batch()
        shapes |= {item.record: (batch.create, batch.staged) for item in batch.items}
    assert shapes == {"new-1": (True, True), "new-2": (True, False)}


def test_the_meta_of_a_creation_is_gone_when_it_is_over(bench):
    wanted(bench, "new-1")
    unknown(bench, bench.batch())
    bench.pass_time(61)
    bench.list_all()
    batch = bench.batch()
    bench.settle(batch, *created(batch))
    held, _ = bench.item("new-1")
    assert held.keys().isdisjoint({"make", "doubt", "taken", "lookup", "claim"})


def test_its_life_tells_that_it_is_to_be_created(bench):
    wanted(bench, "new-1")
    told = bench.lives.read("products", "new-1").entries
    assert [entry.detail for entry in told if entry.what == "missing"] == [{"becomes": "create"}]
