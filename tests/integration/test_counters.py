"""The counters of the metrics move with the state, and those of several processes add up."""

import re
import uuid

import pytest

from tests.support.outbox_driver import Bench, at, bad, event
from workers.model.attempts import BatchOutcome, Call, FieldFailure, Heard, ItemOutcome
from workers.model.changes import Delivery
from workers.store import histograms
from workers.store.background_counts import BackgroundCounts
from workers.store.circuit_breaker import Breaker
from workers.store.counters import CountersReader
from workers.store.histograms import AckTimes
from workers.store.metrics import text
from workers.store.rate_limiter import Limiter
from workers.store.status import Report


def counters(bench):
    return CountersReader(bench.client, lambda: 2).read()


def counted(bench, kind):
    """Return the labels of each counter of *kind* → its number."""
    return {":".join(labels): number for labels, number in counters(bench).of(kind)}


def refused(record, slug="stock"):
    return ItemOutcome(record, failures=(FieldFailure("refused", (slug,), "no", 400),))


def shown(bench):
    reader = CountersReader(bench.client, lambda: 2)
    return text(Report(bench.steps, bench.settings).status, reader.read).decode()


def test_a_value_counts_each_fate_that_it_comes_to(bench):
    bench.accept(event("65f1", {"stock": 1}, version=at(1)))
    bench.accept(event("65f1", {"stock": 2}, version=at(2)), source="shop")
    bench.accept(event("65f1", {"stock": 1}, version=at(1), id="late"))
    bench.write(bench.batch())
    assert counted(bench, "values") == {
        "erp:products:pending": 1,
        "erp:products:superseded": 1,
        "erp:products:stale": 1,
        "shop:products:pending": 1,
        "shop:products:written": 1,
    }


def test_a_replayed_value_is_pending_once_more_and_no_counter_falls(bench):
    bench.accept(event("65f1", {"stock": 1}))
    bench.settle(bench.batch(), refused("65f1"))
    (letter,) = bench.letters()
    bench.letter(letter["id"], "replay")
    assert counted(bench, "values") == {"erp:products:pending": 2, "erp:products:dead": 1}
    bench.write(bench.batch())
    assert counted(bench, "values")["erp:products:written"] == 1
    assert bench.counts("dead", "written") == (0, 1)


def test_an_erased_value_counts_as_discarded_for_its_source(bench):
    bench.accept(event("65f1", {"stock": 1}), source="shop")
    request = {"token": uuid.uuid4().hex, "act": "record", "places": []}
    bench.steps.run("forget", request | {"collection": "products", "record": "65f1"})
    assert counted(bench, "values")["shop:products:discarded"] == 1


def outcomes(bench):
    lines = [line for line in shown(bench).splitlines() if "outcome=" in line and "erp" in line]
    found = {line.split('outcome="')[1].split('"')[0]: float(line.split()[-1]) for line in lines}
    return {outcome: number for outcome, number in found.items() if number}


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        pytest.param([event("65f1", {"stock": 1}, id="e1")], "kept", id="kept"),
        pytest.param([bad(id="e1")], "unmapped", id="nothing could be read"),
        pytest.param(
            [event("65f1", {"stock": 1}, id="e1"), bad(id="e2", index=1)],
            "kept",
            id="a part could not be read",
        ),
        pytest.param([], "unwanted", id="no mapping wants it"),
        pytest.param([bad(index=n) for n in range(600)], "unmapped", id="nothing, in slices"),
        pytest.param(
            [event(f"65f{n}", {"stock": n}, index=n) for n in range(600)], "kept", id="in slices"
        ),
        pytest.param(
            [*(event(f"65f{n}", {"stock": n}, index=n) for n in range(600)), bad(index=600)],
            "kept",
            id="in slices, and a part could not be read",
        ),
    ],
)
def test_a_delivery_counts_by_its_outcome(bench, events, outcome):
    bench.accept(*events)
    assert outcomes(bench) == {outcome: 1}


def test_a_repeat_counts_as_duplicate(bench):
    for _ in range(3):
        bench.accept(event("65f1", {"stock": 1}, id="e1"))
    assert outcomes(bench) == {"kept": 1, "duplicate": 2}


def test_a_remap_is_no_delivery(bench):
    bench.accept(mode="remap")
    assert outcomes(bench) == {}


def settle(bench, *items, status=200, **options):
    batch = bench.batch()
    outcome = BatchOutcome(items, "success", **options)
    return bench.outbox.settle(batch, outcome, call=Call(status), heard=Heard("heard"))


@pytest.mark.parametrize(
    ("item", "batch", "action"),
    [
        ({"written": ("stock",)}, {}, "written"),
        ({"wait": 2.0, "attempt": True}, {}, "retried"),
        ({"limit": 50}, {}, "isolated"),
        ({"unknown": True}, {}, "unknown"),
        ({}, {"close_budget": 0.0}, "snoozed"),
        ({}, {"pause": "401"}, "paused"),
        ({}, {"not_published": "409"}, "waiting"),
        ({"staged": True}, {}, "staged"),
        ({"staged": False}, {}, "published"),
        ({"forget": True}, {}, "looked-up"),
    ],
)
def test_an_item_of_a_request_counts_by_what_the_answer_made_of_it(bench, item, batch, action):
    bench.accept(event("65f1", {"stock": 1}))
    settle(bench, ItemOutcome("65f1", **item), **batch)
    assert counted(bench, "attempts") == {f"products:{action}": 1}


def test_an_item_that_dies_counts_as_dead(bench):
    bench.accept(event("65f1", {"stock": 1}))
    settle(bench, refused("65f1"))
    assert counted(bench, "attempts") == {"products:dead": 1}


def test_an_item_whose_claim_had_run_out_counts_as_lost(bench):
    bench.accept(event("65f1", {"stock": 1}))
    batch = bench.batch()
    bench.pass_time(31)
    bench.batch()
    outcome = BatchOutcome((ItemOutcome("65f1", written=("stock",)),), "success")
    bench.outbox.settle(batch, outcome, call=Call(200), heard=Heard("heard"))
    assert counted(bench, "attempts") == {"products:lost": 1}


def test_a_claim_that_is_given_back_is_no_attempt_and_no_call(bench):
    bench.accept(event("65f1", {"stock": 1}))
    bench.outbox.give_back(bench.batch())
    assert counted(bench, "attempts") == counted(bench, "calls") == {}


def test_an_item_that_was_not_sent_beside_others_is_no_attempt(bench):
    bench.accept(event("65f1", {"stock": 1}), event("65f2", {"stock": 1}, index=1))
    settle(bench, ItemOutcome("65f1", written=("stock",)), ItemOutcome("65f2", carried=False))
    assert counted(bench, "attempts") == {"products:written": 1}


def test_a_request_counts_once_by_kind_and_status(bench):
    bench.accept(*(event(f"65f{n}", {"stock": n}, index=n) for n in range(5)))
    settle(bench, *(ItemOutcome(f"65f{n}", written=("stock",)) for n in range(5)))
    Breaker(bench.steps, bench.settings).record("site", "read", called="list:503")
    Limiter(bench.steps).learn(bench.site, limit=None, remaining=None, age=0.0, called="site:none")
    assert counted(bench, "calls") == {
        "site:update:200": 1,
        "site:list:503": 1,
        "site:site:none": 1,
    }


def test_a_request_without_an_answer_counts_as_such(bench):
    bench.accept(event("65f1", {"stock": 1}))
    settle(bench, ItemOutcome("65f1", unknown=True), status=None)
    assert counted(bench, "calls") == {"site:update:none": 1}


def times(bench, stage="live"):
    found = counters(bench).histograms("fresh").get(("products", stage), {})
    return {bound: number for bound, number in found.items() if bound != "sum"}


def test_freshness_is_the_time_from_the_arrival_of_the_event_to_the_answer(bench):
    bench.accept(event("65f1", {"stock": 1, "price": 2}))
    bench.pass_time(7)
    bench.write(bench.batch())
    assert times(bench) == {"10000": 2}
    assert 14_000 <= counters(bench).histograms("fresh")["products", "live"]["sum"] < 20_000


def test_freshness_of_a_newer_value_does_not_count_how_long_the_older_one_waited(bench):
    bench.accept(event("65f1", {"stock": 1}, version=at(1)))
    bench.pass_time(100)
    bench.accept(event("65f1", {"stock": 2}, version=at(2)))
    bench.write(bench.batch())
    assert times(bench) == {"1000": 1}


def test_a_staged_value_is_in_the_cms_and_not_on_the_site(bench_with):
    bench = bench_with(live=False)
    bench.confirm("65f1", {"stock": 1})
    assert (times(bench, "staged"), times(bench, "live")) == ({"1000": 1}, {})
    assert 'count{collection="products",stage="cms"} 1.0' in shown(bench)
    assert 'stage="site"' not in shown(bench)


def test_what_a_reconcile_or_a_replay_writes_says_nothing_of_freshness(bench):
    bench.accept(event("65f1", {"stock": 1}), mode="reconcile")
    bench.write(bench.batch())
    bench.accept(event("65f2", {"stock": 1}))
    bench.settle(bench.batch(), refused("65f2"))
    bench.letter(bench.letters()[0]["id"], "replay")
    bench.write(bench.batch())
    assert times(bench) == {}


def test_the_status_has_the_freshness_of_the_last_hour(bench):
    report = Report(bench.steps, bench.settings)
    assert report.status()["freshness"] == {"p50": None, "p99": None}
    bench.accept(event("65f1", {"stock": 1}))
    bench.pass_time(7)
    bench.write(bench.batch())
    assert report.status()["freshness"] == {"p50": 7.5, "p99": 9.95}
    bench.pass_time(5400)
    assert report.status()["freshness"] == {"p50": None, "p99": None}


def test_what_is_kept_of_late_is_bounded(bench):
    for hour in range(12):
        bench.confirm("65f1", {"stock": hour}, version=at(hour))
        bench.pass_time(3600)
    held = bench.client.hgetall("instep:freshness")
    assert len(held) <= 2


def test_the_buckets_of_freshness_are_those_that_the_step_counts():
    from workers.store.step_library import library

    bounds = ", ".join(map(str, histograms.FRESHNESS))
    assert f"local BOUNDS = {{{bounds}}}" in " ".join(library().text.split())


def test_the_counters_are_a_table_which_is_quick_to_count_in(bench):
    bench.confirm("65f1", {"stock": 1})
    assert bench.client.object("encoding", "instep:metrics") == "hashtable"


def test_the_counters_of_two_processes_add_up(store):
    one, other = Bench(store), Bench(store)
    one.confirm("65f1", {"stock": 1})
    other.confirm("65f2", {"stock": 1})
    for process in (one, other):
        acks = BackgroundCounts(process.client)
        AckTimes(acks).observe("erp", 0.02)
        acks.flush()
    assert counted(one, "values")["erp:products:written"] == 2
    assert counters(other).histograms("ack")["erp",] == {"25": 2, "sum": 40_000}
    # What the store itself takes differs from one look to the next.
    one, other = (
        re.sub(r"(?m)^instep_store_used_bytes .*", "", shown(each)) for each in (one, other)
    )
    assert one == other


def test_open_letters_count_by_collection_and_kind(bench):
    reader = CountersReader(bench.client, lambda: 2)
    bench.accept(event("65f1", {"stock": 1}), bad(index=1))
    bench.settle(bench.batch(), refused("65f1"))
    assert reader.read().letters == {("products", "refused"): 1, ("", "unmapped"): 1}
    for letter in bench.letters():
        bench.letter(letter["id"], "discard")
    assert reader.read().letters == {}


def test_no_key_and_no_payload_is_in_the_counters(bench):
    made = Delivery("erp", "t", (event("SECRET-KEY", {"stock": 4711}),), b'{"a": 4711}', {}, "live")
    bench.outbox.accept(made)
    bench.write(bench.batch())
    held = {**bench.client.hgetall("instep:metrics"), **bench.client.hgetall("instep:freshness")}
    assert held
    assert not [name for name in held if "SECRET" in name or "4711" in name]
