"""Listings that nobody waits for: what was edited, re-keyed or deleted in the CMS is noticed."""

import pytest

from tests.support.outbox_driver import sent
from tests.support.outbox_listing import ids, item, lookup, put, twins, unasked
from workers.model.attempts import Batch, ItemOutcome, Lookup, Wait
from workers.model.changes import Gone, Incoming

EDITS, ROUND = ":edits", ":round"


@pytest.fixture
def written(bench):
    """An outbox that has written to k1 and k2, the last time more than ten minutes later."""
    put(bench, "k1", "k2")
    bench.list_all(("k1", "id-1"), ("k2", "id-2"))
    bench.write(bench.batch())
    bench.pass_time(601)
    put(bench, "k1", "k2", value=2)
    bench.write(bench.batch())
    return bench


def go_round(bench, *entries, **told):
    """Both listings show *entries* and nothing else."""
    for _ in range(2):
        bench.page(unasked(bench, EDITS, ROUND), entries, **told)
        bench.pass_time(11)


def noticed(bench):
    """(record, item id, what) of what a listing showed, as the lives of the records tell it."""
    names = [name.split(":", 3)[3] for name in bench.client.scan_iter("instep:life:products:*")]
    return sorted(
        (record, entry.detail["detail"], entry.detail["what"])
        for record in names
        for entry in bench.lives.read("products", record).entries
        if entry.what == "edited" and entry.detail["what"] in ("gone", "moved", "twin")
    )


# when


def test_what_was_edited_and_the_whole_are_listed_once_something_was_sent(written):
    first = unasked(written, EDITS)
    assert first.edited
    assert first.since is not None
    written.page(first, [])
    assert written.claim() == Wait(pytest.approx(10, abs=1), "later")
    written.pass_time(11)
    second = unasked(written, ROUND)
    assert (second.edited, second.since) == (False, None)
    written.page(second, [("k1", "id-1"), ("k2", "id-2")])
    assert written.claim() == Wait(None, "idle")


def test_an_idle_system_lists_nothing(bench):
    put(bench, "k1")
    bench.list_all(("k1", "id-1"))
    bench.write(bench.batch())
    bench.pass_time(86_400)
    assert bench.claim() == Wait(None, "idle")
    assert not bench.woken()


def test_nothing_is_listed_again_within_ten_minutes(written):
    go_round(written, item("k1", "id-1"), item("k2", "id-2"))
    put(written, "k1", value=3)
    written.write(written.batch())
    written.pass_time(500)
    put(written, "k1", value=4)
    written.write(written.batch())
    assert written.claim() == Wait(None, "idle")


def test_a_page_waits_until_the_one_before_is_within_the_share(written):
    written.page(unasked(written, EDITS), [], more=100)
    assert written.claim() == Wait(pytest.approx(10, abs=1), "later")
    written.pass_time(11)
    assert written.woken()


def test_a_page_waits_for_the_budget_as_well(written):
    written.page(unasked(written, EDITS), [], more=100)
    written.client.hset(f"instep:budget:{written.site.budget}", "closed", written.now_ms() + 20_000)
    wait = written.claim()
    assert (wait.reason, wait.seconds) == ("budget", pytest.approx(20, abs=1))


def test_the_two_listings_take_turns(written):
    slots = []
    for _ in range(4):
        step = lookup(written)
        slots.append((step.slot, step.offset))
        written.page(step, [item("k1", "id-1")], more=step.offset + 100)
        written.pass_time(11)
    assert slots == [(EDITS, 0), (ROUND, 0), (EDITS, 100), (ROUND, 100)]


def test_what_is_to_be_sent_goes_before_and_between(written):
    written.page(unasked(written, EDITS), [], more=100)
    put(written, "k1", value=3)
    assert sent(written.batch()) == {"k1": {"stock": 3}}


def test_a_key_that_waits_does_not_wait_for_them(written):
    written.page(unasked(written, EDITS), [], more=100)
    put(written, "k9")
    step = lookup(written)
    assert (step.slot, step.offset) == ("", 0)
    written.page(step, [item("k9", "id-9")])
    assert [each.id for each in written.batch().items] == ["id-9"]


def test_a_page_whose_worker_died_is_read_again(written):
    unasked(written, EDITS)
    written.pass_time(31)
    assert {lookup(written).slot, lookup(written).slot} == {EDITS, ROUND}


def test_in_v1_the_whole_is_listed_alone(bench_with):
    bench = bench_with(api="v1")
    put(bench, "k1")
    bench.list_all(("k1", "id-1"))
    bench.write(bench.batch())
    bench.pass_time(601)
    put(bench, "k1", value=2)
    bench.write(bench.batch())
    bench.page(unasked(bench, ROUND), [("k1", "id-1")])
    bench.pass_time(11)
    assert bench.claim() == Wait(None, "idle")


# what


def test_what_a_round_does_not_show_is_gone(written):
    go_round(written, item("k2", "id-2"))
    assert ids(written) == {"k2": "id-2"}
    assert noticed(written) == [("k1", "id-1", "gone")]
    put(written, "k1", "k2", value=2)
    assert written.told() == ["unchanged"]  # k2
    assert written.counts("pending") == (1,)


def test_the_next_value_of_what_is_gone_goes_by_missing_after_another_whole_listing(written):
    go_round(written, item("k2", "id-2"))
    put(written, "k1", value=3)
    step = lookup(written)
    assert step.slot == ""
    written.page(step, [])
    assert written.state("k1") == "pending"
    step = lookup(written)
    assert (step.slot, step.since) == ("", None)
    written.page(step, [item("k2", "id-2")])
    assert written.state("k1") == "dead"


def test_what_a_page_of_what_was_edited_does_not_show_is_there(written):
    written.page(unasked(written, EDITS), [])
    assert ids(written) == {"k1": "id-1", "k2": "id-2"}


def test_an_item_with_another_key_is_no_more_the_one_of_the_old_key(written):
    written.page(unasked(written, EDITS), [item("k3", "id-1")])
    assert ids(written) == {"k2": "id-2", "k3": "id-1"}
    assert noticed(written) == [("k1", "id-1", "moved")]
    put(written, "k1", value=2)
    assert written.told() == ["accepted"]


def test_an_item_whose_key_was_taken_away_is_nobodys(written):
    written.page(unasked(written, EDITS), [item(None, "id-1")])
    assert ids(written) == {"k2": "id-2"}


def test_an_item_that_was_edited_is_confirmed_no_more(written):
    step = unasked(written, EDITS)
    put(written, "k1", "k2", value=3)
    written.write(written.batch(), updated="2026-01-02")
    entries = [item(f"k{n}", f"id-{n}", updated=f"2026-01-0{n + 1}") for n in (1, 2)]
    written.page(step, [entries[0], entries[1]])
    put(written, "k1", value=3)
    assert written.told() == ["unchanged"]  # the edit was ours
    put(written, "k2", value=3)
    assert written.told() == ["accepted"]


def test_a_twin_that_a_round_does_not_show_is_told_no_more(written):
    old = [item("k1", "id-1"), item("k2", "id-2")]
    go_round(written, *old, item("k1", "id-9", born="2025-02"))
    assert twins(written) == {"id-9": "k1"}
    written.pass_time(601)
    put(written, "k1", value=5)
    written.write(written.batch())
    go_round(written, *old)
    assert twins(written) == {}


def test_the_twin_of_what_is_gone_takes_its_place(written):
    go_round(written, item("k1", "id-9", born="2025-02"), item("k2", "id-2"))
    assert ids(written) == {"k1": "id-9", "k2": "id-2"}
    put(written, "k1", value=2)
    assert {each.id for each in written.batch().items} == {"id-9"}


# what comes meanwhile


def test_an_item_that_was_made_or_met_since_the_round_began_is_not_gone(written):
    written.page(unasked(written, EDITS), [])
    written.pass_time(11)
    written.page(unasked(written, ROUND), [item("k1", "id-1")], more=100)
    put(written, "k9")
    written.page(lookup(written), [item("k9", "id-9")])
    written.write(written.batch())
    written.pass_time(11)
    written.page(unasked(written, ROUND), [item("k2", "id-2")])
    assert ids(written) == {"k1": "id-1", "k2": "id-2", "k9": "id-9"}


def test_an_item_that_is_deleted_while_pages_are_read_hides_no_other(written):
    written.page(unasked(written, EDITS), [])
    written.pass_time(11)
    written.page(unasked(written, ROUND), [item("k0", "id-0")] * 100, more=100, total=101)
    written.pass_time(11)
    step = unasked(written, ROUND)
    written.page(step, [], total=100)
    written.pass_time(11)
    assert unasked(written, ROUND).offset == 99


def test_a_round_that_is_shorter_than_it_says_drops_nothing(written):
    go_round(written, item("k2", "id-2"), short=True)
    assert ids(written) == {"k1": "id-1", "k2": "id-2"}


def test_a_round_whose_memory_is_lost_begins_anew(written):
    written.page(unasked(written, EDITS), [])
    written.pass_time(11)
    written.page(unasked(written, ROUND), [item("k1", "id-1")], more=100)
    (listed,) = written.client.keys("instep:listed:*")
    written.client.delete(listed)
    written.pass_time(11)
    assert unasked(written, ROUND).offset == 0


def test_a_late_page_does_not_bring_an_old_key_back(written):
    slow = unasked(written, EDITS)
    written.pass_time(31)
    written.page(lookup(written), [item("k3", "id-1")])
    written.page(slow, [item("k1", "id-1"), item("k9", "id-9")])
    assert ids(written) == {"k2": "id-2", "k3": "id-1", "k9": "id-9"}


def test_a_round_that_a_worker_did_not_finish_leaves_the_rest_to_the_next(written):
    written.drop_unlisted = lambda _: None
    go_round(written, item("k2", "id-2"))
    del written.drop_unlisted
    assert "k1" in ids(written)
    written.pass_time(601)
    put(written, "k2", value=5)
    written.write(written.batch())
    go_round(written, item("k2", "id-2"))
    assert ids(written) == {"k2": "id-2"}


def test_what_is_gone_is_dropped_some_at_a_time(written):
    place = written.settings.copy_of(written.settings.collections["products"])
    many = {f"id-x{n}": f"x{n}" for n in range(1500)}
    written.client.hset(f"instep:keys:products:{place}", mapping=many)
    written.client.hset(f"instep:ids:products:{place}", mapping={v: k for k, v in many.items()})
    calls = []
    run = written.steps.run
    written.steps.run = lambda step, *rest: calls.append(step) or run(step, *rest)
    go_round(written, item("k1", "id-1"), item("k2", "id-2"))
    assert ids(written) == {"k1": "id-1", "k2": "id-2"}
    assert calls.count("prune_index") >= 3


def test_an_item_that_the_cms_says_was_deleted_is_not_dropped_twice(written):
    gone = Gone("products", "id-1", deleted=True)
    written.accept(Incoming(None, "gone", 0, (), gone=(gone,)), source="shop")
    go_round(written, item("k2", "id-2"))
    assert noticed(written) == []


def test_a_claim_on_an_item_that_has_another_key_is_settled_and_looked_up(written):
    step = unasked(written, EDITS)
    put(written, "k1", value=3)
    batch = written.batch()
    written.page(step, [item("k3", "id-1"), item("k1", "id-7", born="2026")])
    written.settle(batch, ItemOutcome("k1", forget=True))
    assert ids(written)["k1"] == "id-7"
    assert isinstance(written.claim(), Batch | Lookup)
