"""Lanes of one destination: reconciles run beside live changes, and in nobody's way."""

import pytest

from tests.support.outbox_driver import event, sent
from workers.model.attempts import Batch, ItemOutcome, Lookup, Wait
from workers.store.rate_limiter import Limiter

RECONCILE = {"mode": "reconcile"}


def put(bench, *records, **options):
    """Accept a value for each of *records*, in one delivery."""
    by = options.pop("by", "item")
    collection = options.pop("collection", "products")
    events = (
        event(record, {"stock": 1}, index=n, by=by, collection=collection)
        for n, record in enumerate(records)
    )
    return bench.accept(*events, **options)


def many(number, prefix="r"):
    return [f"{prefix}{n}" for n in range(number)]


def drain(bench, slots):
    """Let the worker write until it has taken so many *slots*; return what was written of each."""
    written = []
    while len(written) < slots:
        step = bench.claim()
        if isinstance(step, Wait):
            bench.pass_time(step.seconds)
        else:
            bench.write(step)
            written.append([item.record for item in step.items])
    return written


def test_a_live_change_does_not_wait_for_the_slot_that_a_reconcile_has_just_taken(bench_with):
    bench = bench_with(requests_per_minute=60)
    put(bench, *many(1500), **RECONCILE)
    drain(bench, 5)
    assert bench.claim().reason == "budget"
    for n in range(4):
        put(bench, f"live{n}")
        bench.write(bench.batch())


def test_steady_live_changes_leave_a_reconcile_its_share(bench_with):
    bench = bench_with(requests_per_minute=60)
    for n in range(20):  # before it, for which nothing is owed to it
        put(bench, f"before{n}")
        drain(bench, 1)
    put(bench, *many(2000), collection="stores", **RECONCILE)
    lanes = []
    for n in range(120):
        put(bench, f"i{n}")
        lanes += [records[0][0] for records in drain(bench, 1)]
    assert lanes[:6] == ["i"] * 6
    assert lanes.count("r") == pytest.approx(0.15 * 120, abs=2)


def test_live_changes_that_never_wait_leave_a_reconcile_its_share(bench):
    put(bench, *many(500), collection="stores", **RECONCILE)
    lanes = []
    for n in range(40):
        put(bench, f"i{n}")
        batch = bench.batch()
        bench.write(batch)
        lanes.append(batch.items[0].record[0])
    assert lanes.count("r") == 0.15 * 40 - 1


def test_a_reconcile_that_goes_before_live_changes_asks_for_somebody_who_sends_them(bench):
    put(bench, "r0", collection="stores", **RECONCILE)
    batches = []
    for n in range(8):
        put(bench, f"i{n}")
        batches.append(bench.batch())
        bench.write(batches[-1])
    assert [batch.more for batch in batches if batch.collection == "stores"] == [True]


def test_a_reconcile_leaves_one_flight_to_live_changes(bench):
    put(bench, *many(600), **RECONCILE)
    for _ in range(3):
        bench.batch(flights=4)
    assert bench.claim(flights=4) == Wait(None, "flight")
    put(bench, "live")
    assert "live" in sent(bench.batch(flights=4))


def test_a_worker_alone_carries_out_a_reconcile_as_well(bench):
    put(bench, *many(200), **RECONCILE)
    bench.batch(flights=4, lower=1)
    assert bench.claim(flights=4, lower=1) == Wait(None, "flight")


def test_a_live_change_does_not_linger_since_a_reconcile_is_sent(bench_with):
    bench = bench_with(linger=5.0)
    put(bench, *many(100), **RECONCILE)
    bench.batch()
    put(bench, "live")
    assert sent(bench.batch()) == {"live": {"stock": 1}}
    put(bench, "another")
    assert bench.claim().reason == "linger"


def test_a_part_filled_batch_of_a_reconcile_lingers_on_an_idle_destination(bench_with):
    bench = bench_with(linger=5.0)
    put(bench, "r0", **RECONCILE)
    assert bench.claim() == Wait(pytest.approx(5, abs=0.3), "linger")
    put(bench, *many(100), **RECONCILE)
    assert len(bench.batch().items) == 100


def test_while_a_reconcile_waits_a_live_event_wakes_and_one_of_the_reconcile_does_not(bench_with):
    bench = bench_with(requests_per_minute=60)
    put(bench, *many(300), **RECONCILE)
    drain(bench, 1)
    assert bench.claim().reason == "budget"
    assert put(bench, "r400", **RECONCILE).wake == ()
    assert not bench.woken()
    assert put(bench, "live").wake == ("site",)


# hold


def test_what_is_held_is_due_together(bench):
    put(bench, *many(60, "a"), hold=10.0, **RECONCILE)
    bench.pass_time(4)
    put(bench, *many(60, "b"), hold=6.0, **RECONCILE)
    assert bench.claim() == Wait(pytest.approx(6, abs=0.5), "later")
    bench.pass_time(6.1)
    assert [len(bench.batch().items) for _ in range(2)] == [100, 20]


def test_a_hold_has_an_end(bench):
    put(bench, "r0", hold=3600.0, **RECONCILE)
    assert bench.due("reconcile")["r0"] == pytest.approx(60, abs=0.5)


def test_what_is_held_wakes_nobody_but_when_it_is_due(bench):
    assert put(bench, "r0", hold=10.0, **RECONCILE).wake == ()
    put(bench, "r1", hold=20.0, **RECONCILE)
    bench.pass_time(9.5)
    assert not bench.woken()
    bench.pass_time(0.6)
    assert bench.woken()


def test_the_end_of_a_hold_is_a_time_at_which_the_sweep_comes(bench):
    put(bench, "r0", hold=0.5, **RECONCILE)
    put(bench, "r1", hold=20.0, **RECONCILE)
    assert bench.sweep()["ms"] <= 500


def test_a_hold_defers_nothing_that_is_due_already(bench):
    put(bench, "i1")
    bench.accept(event("i1", {"price": 1}), hold=10.0, **RECONCILE)
    assert sent(bench.batch()) == {"i1": {"stock": 1, "price": 1}}


def test_a_hold_holds_an_item_that_was_written_before(bench):
    bench.confirm("i1", {"stock": 1})
    bench.accept(event("i1", {"stock": 2}, version=bench.ahead(1)), hold=10.0, **RECONCILE)
    assert bench.due("reconcile")["i1"] == pytest.approx(10, abs=0.5)


def test_a_live_change_ends_the_hold_of_its_item(bench):
    put(bench, "i1", hold=10.0, **RECONCILE)
    bench.accept(event("i1", {"stock": 2}))
    assert sent(bench.batch()) == {"i1": {"stock": 2}}


def test_a_live_change_is_not_held(bench):
    put(bench, "i1", hold=10.0)
    assert isinstance(bench.claim(), Batch)


# room in a batch


def test_the_room_of_a_live_batch_goes_to_a_reconcile_of_the_same_collection(bench):
    put(bench, *many(150), **RECONCILE)
    put(bench, "s0", collection="stores", **RECONCILE)
    put(bench, "live0", "live1")
    batch = bench.batch()
    assert {item.record for item in batch.items[:2]} == {"live0", "live1"}
    assert len(batch.items) == 100
    assert all(item.record[0] == "r" for item in batch.items[2:])


def test_what_is_held_takes_no_room(bench):
    put(bench, "r0", hold=10.0, **RECONCILE)
    put(bench, "live")
    assert list(sent(bench.batch())) == ["live"]


def test_what_was_refused_before_takes_no_room(bench):
    put(bench, "r0", "r1", **RECONCILE)
    bench.settle(bench.batch(), ItemOutcome("r0", failed=True), ItemOutcome("r1", refused=True))
    put(bench, "live")
    assert list(sent(bench.batch())) == ["live"]


def test_after_a_batch_was_refused_live_changes_go_by_themselves_for_a_minute(bench):
    put(bench, "r0", "r1", **RECONCILE)
    bench.settle(
        bench.batch(), ItemOutcome("r0", limit=1), ItemOutcome("r1", limit=1), health="refusal"
    )
    put(bench, "r2", **RECONCILE)
    put(bench, "live0")
    batch = bench.batch()
    assert list(sent(batch)) == ["live0"]
    bench.write(batch)
    bench.pass_time(61)
    put(bench, "live1")
    assert set(sent(bench.batch())) == {"live1", "r2"}


def test_a_batch_that_imports_files_takes_nothing_along(bench):
    photo = {"photo": "https://example.com/1.png"}
    bench.accept(event("r0", photo, kind="image"), **RECONCILE)
    bench.accept(event("live", photo, kind="image"))
    assert list(sent(bench.batch())) == ["live"]


# look-ups


def test_a_look_up_that_a_live_change_waits_for_goes_before_a_reconcile(bench_with):
    bench = bench_with(requests_per_minute=60)
    put(bench, *many(500), **RECONCILE)
    drain(bench, 1)
    put(bench, "a-key", by="key", collection="stores")
    step = bench.claim()
    assert isinstance(step, Lookup)
    assert step.collection == "stores"


def test_a_look_up_for_a_reconcile_leaves_the_burst_to_live_changes(bench_with):
    bench = bench_with(requests_per_minute=60)
    put(bench, "a-key", by="key", collection="stores", **RECONCILE)
    put(bench, *many(100), **RECONCILE)
    assert isinstance(bench.claim(), Lookup | Batch)
    assert bench.claim().reason == "budget"
    put(bench, "live")
    assert isinstance(bench.claim(), Batch)


def test_a_claim_looks_at_so_many_items_and_no_more(bench):
    put(bench, *many(2000), by="key", collection="stores")
    bench.claim()
    sought = bench.client.zcard("instep:lookup:stores")
    assert 1 <= sought <= 1400


def test_a_repair_of_what_a_reconcile_wrote_is_of_its_lane(bench):
    put(bench, "r0", "r1", **RECONCILE)
    bench.settle(
        bench.batch(),
        ItemOutcome("r0", written=("stock",)),
        ItemOutcome("r1", unknown=True, written=("stock",)),
    )
    assert set(bench.due("reconcile")) == {"r1"}


# calls outside of claims


def test_a_page_of_a_listing_leaves_the_burst_to_live_changes(bench_with):
    bench = bench_with(requests_per_minute=60)
    limiter = Limiter(bench.steps)
    assert limiter.take(bench.site, "reconcile") == 0
    assert limiter.take(bench.site, "reconcile") == pytest.approx(1.1, abs=0.1)
    put(bench, "live")
    assert isinstance(bench.claim(), Batch)


def test_pages_of_a_listing_have_their_share_beside_live_changes(bench_with):
    bench = bench_with(requests_per_minute=60)
    limiter, pages, comes = Limiter(bench.steps), 0, 0.0
    begun = bench.now_ms()
    for n in range(60):
        put(bench, f"i{n}")
        while isinstance(step := bench.claim(), Wait):
            if bench.now_ms() >= comes:
                wait = limiter.take(bench.site, "reconcile")
                pages += not wait
                comes = bench.now_ms() + 1000 * wait
            bench.pass_time(min(step.seconds, 0.2))
        bench.write(step)
    assert bench.now_ms() - begun < 75_000
    assert pages >= 0.15 * 60 - 2
