"""What a reconcile has written once more: by arrival number, in its own lane, outside of P4."""

import pytest

from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import at, event, sent
from tests.support.outbox_listing import ids, twins
from workers.model.attempts import FieldFailure, ItemOutcome, Lookup
from workers.store.rewrites import Repair, Repairs


def repair(bench, *repairs, **options):
    products = bench.settings.collections["products"]
    return Repairs(bench.steps, bench.settings).repair(products, repairs, **options)


def as_held(bench, record, *slugs):
    """The repair of the values that are held of *record*."""
    slugs = slugs or ("stock",)
    return Repair(record, record, tuple((s, bench.field(record, s)["a"]) for s in slugs))


def listed(bench, newest="2025-01-01", at=None):
    products = bench.settings.collections["products"]
    Repairs(bench.steps, bench.settings).listed(products, newest, 10, at)


def test_a_written_value_goes_once_more_in_the_reconcile_lane(bench):
    bench.confirm("i1", {"stock": 5})
    before = bench.counts()
    assert repair(bench, as_held(bench, "i1")).fields == 1
    assert list(bench.due("reconcile")) == ["i1"]
    batch = bench.batch()
    assert sent(batch) == {"i1": {"stock": 5}}
    bench.write(batch)
    assert (bench.counts(), bench.due("reconcile")) == (before, {})
    assert "m" not in bench.field("i1")


def test_a_value_that_was_overtaken_is_left_alone(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    read = as_held(bench, "i1")
    bench.confirm("i1", {"stock": 6}, version=at(2))
    done = repair(bench, read)
    assert (done.fields, done.left) == (0, ("i1",))
    assert bench.due("reconcile") == {}


@pytest.mark.parametrize("state", ["pending", "dead"])
def test_what_is_on_its_way_or_in_a_letter_is_left_alone(bench, state):
    bench.accept(event("i1", {"stock": 5}))
    if state == "dead":
        batch = bench.batch()
        bench.settle(
            batch, ItemOutcome("i1", failures=(FieldFailure("refused", ("stock",), "no"),))
        )
    assert repair(bench, as_held(bench, "i1")).fields == 0
    assert bench.state("i1") == state


def test_a_second_run_marks_nothing_twice(bench):
    bench.confirm("i1", {"stock": 5})
    read = as_held(bench, "i1")
    assert [repair(bench, read).fields for _ in range(2)] == [1, 0]


def test_a_repeat_of_the_call_gets_the_first_answer(bench):
    bench.confirm("i1", {"stock": 5})
    done = repair(bench, as_held(bench, "i1"))
    assert bench.steps.repeat("rewrite")["fields"] == done.fields


def test_a_live_value_takes_the_item_out_of_the_reconcile_lane(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    repair(bench, as_held(bench, "i1"))
    bench.accept(event("i1", {"stock": 6}, version=at(2)))
    assert (list(bench.due("live")), bench.due("reconcile")) == (["i1"], {})
    assert sent(bench.batch()) == {"i1": {"stock": 6}}


def test_it_is_held_until_batches_can_fill(bench):
    bench.confirm("i1", {"stock": 5})
    repair(bench, as_held(bench, "i1"), hold=2.0)
    assert 1.5 < bench.due("reconcile")["i1"] <= 2.0


def by_key(bench, record="k1", id="i1", **fields):
    """One item that is known by its key, and written."""
    bench.accept(event(record, fields or {"stock": 5}, by="key"))
    bench.list_all((record, id), ("k9", "i9"))
    bench.write(bench.batch())


def began(bench):
    return bench.now_ms()


def test_an_item_that_is_gone_is_created_anew_without_a_look_up(bench_with):
    bench = bench_with(missing="create")
    by_key(bench, name="Desk", stock=5)
    listed(bench)
    before = bench.counts()
    done = repair(bench, Repair("k1", "i1", gone=True, make=True), began_ms=began(bench))
    knowing(bench)
    batch = bench.batch()
    assert done.fields == 2
    assert (batch.create, sent(batch)) == (True, {"k1": {"name": "Desk", "stock": 5}})
    assert bench.counts() == before


def test_an_item_that_is_gone_and_not_to_be_created_becomes_a_letter(bench):
    by_key(bench)
    listed(bench, at=bench.now_ms())
    repair(bench, Repair("k1", "i1", gone=True), began_ms=began(bench))
    bench.pass_time(31)
    look_up = bench.claim()
    assert isinstance(look_up, Lookup)
    assert look_up.edited
    bench.page(look_up, [])
    assert [letter["kind"] for letter in bench.letters()] == ["missing"]
    assert bench.counts("written", "dead") == (0, 1)


def test_an_item_that_was_found_again_meanwhile_is_not_forgotten(bench):
    by_key(bench)
    assert repair(bench, Repair("k1", "other", gone=True, make=True)).left == ("k1",)
    assert repair(bench, Repair("k1", None, make=True)).left == ("k1",)


def test_an_item_at_which_somebody_works_is_not_called_gone(bench):
    by_key(bench)
    bench.accept(event("k1", {"stock": 6}, by="key"))
    bench.batch()
    assert repair(bench, Repair("k1", "i1", gone=True, make=True)).left == ("k1",)


def test_what_is_missing_is_created_without_a_look_up(bench_with):
    bench = bench_with(missing="create")
    listed(bench)
    repair(bench, Repair("k2", make=True), began_ms=began(bench))
    bench.accept(event("k2", {"name": "Chair"}, by="key"), mode="reconcile")
    knowing(bench)
    assert bench.batch().create


def test_an_item_that_is_held_back_is_written_staged_only(bench):
    bench.confirm("i1", {"stock": 5})
    repair(bench, Repair("i1", "i1", staged=True))
    bench.accept(event("i1", {"stock": 6}))
    assert bench.batch().staged


def test_a_whole_listing_spares_the_workers_one_of_their_own(bench):
    by_key(bench)
    bench.pass_time(31)
    listed(bench, "2025-03-01", at=bench.now_ms())
    bench.accept(event("k2", {"stock": 5}, by="key"))
    look_up = bench.claim()
    assert (look_up.edited, look_up.slot) == (True, "")


def test_a_whole_listing_puts_off_those_that_nobody_waits_for(bench):
    by_key(bench)
    bench.pass_time(590)
    listed(bench, at=bench.now_ms())
    bench.pass_time(590)
    bench.accept(event("k1", {"stock": 6}, by="key"))
    bench.write(bench.batch())
    assert not isinstance(bench.claim(), Lookup)
    bench.pass_time(20)
    bench.accept(event("k1", {"stock": 7}, by="key"))
    bench.write(bench.batch())
    assert bench.claim().slot == ":edits"


def test_a_listing_that_the_workers_are_in_is_left_to_them(bench):
    bench.accept(event("k1", {"stock": 5}, by="key"))
    first = bench.claim()
    listed(bench, "2025-03-01")
    bench.page(first, [("k2", "i2")], more=1)
    assert bench.claim().since is None


def shown(bench, *entries, **more):
    """Take in a page of a reconcile's own listing."""
    bench.page(Lookup("products", "index", "mine", slot=":reconcile"), entries, **more)


def test_a_page_of_its_own_listing_tells_of_edits_and_of_keys_that_have_moved(bench):
    by_key(bench)
    bench.accept(event("k1", {"stock": 6}, by="key"))
    bench.write(bench.batch(), updated="2025-02-01")
    assert "c" in bench.field("k1")
    shown(bench, {"key": "k1", "id": "i1", "updated": "2025-03-01"}, ("other", "i9"))
    assert "c" not in bench.field("k1")
    assert ids(bench) == {"k1": "i1", "other": "i9"}


def test_a_page_of_its_own_listing_takes_the_older_of_two_items_and_keeps_the_other(bench):
    by_key(bench)
    shown(
        bench,
        {"key": "k1", "id": "i1", "created": "2025-02-01"},
        {"key": "k1", "id": "i0", "created": "2025-01-01"},
    )
    assert ids(bench)["k1"] == "i0"
    assert twins(bench) == {"i1": "k1"}


def test_a_page_of_its_own_listing_leaves_the_pass_of_the_workers_where_it_is(bench):
    bench.accept(event("k1", {"stock": 5}, by="key"))
    first = bench.claim()
    shown(bench, ("k1", "i1"))
    bench.page(first, [("k2", "i2")], more=1)
    bench.accept(event("k3", {"stock": 5}, by="key"))
    bench.write(bench.batch())
    assert bench.claim().offset == 1


def test_repairs_that_are_held_wake_nobody_before_they_are_due(bench):
    bench.confirm("i1", {"stock": 5})
    bench.claim()
    assert not repair(bench, as_held(bench, "i1"), hold=2.0).wake
    assert not bench.woken()
    bench.pass_time(2.1)
    assert bench.woken()


def test_a_value_that_waits_for_a_backoff_is_not_sent_earlier_by_a_repair(bench):
    bench.accept(event("i1", {"stock": 5}))
    bench.confirm("i1", {"size": 5})
    bench.accept(event("i1", {"stock": 6}))
    bench.settle(bench.batch(), ItemOutcome("i1", wait=10.0))
    repair(bench, as_held(bench, "i1", "size"))
    assert 9 < bench.due()["i1"] <= 10
