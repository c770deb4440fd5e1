"""Pauses of sources and of lanes: what waits, what goes on, and how it goes on afterwards."""

import json

import pytest

from tests.support.outbox_creating import created, knowing
from tests.support.outbox_driver import Bench, at, event, sent
from tests.support.outbox_retiring import held, retire
from workers.model.attempts import Batch, Wait
from workers.store import keys
from workers.store.circuit_breaker import Breaker
from workers.store.pauses import HandPause, Pauses, Resting


@pytest.fixture
def bench(store):
    return Bench(store)


@pytest.fixture
def pauses(bench):
    return Pauses(bench.steps, bench.settings)


def stop(pauses, name, **options):
    pauses.pause(name, "a wrong feed", by="alice", **options)


def take(bench, record, fields, seconds, source):
    bench.accept(event(record, fields, version=at(seconds)), source=source)


def idle(bench):
    step = bench.claim()
    assert isinstance(step, Wait), step
    return step


def test_nothing_of_a_paused_source_is_sent_and_all_else_is(bench, pauses):
    stop(pauses, "source:erp")
    take(bench, "i1", {"stock": 1, "price": 1}, 1, "erp")
    take(bench, "i1", {"name": 5}, 1, "shop")
    take(bench, "i2", {"stock": 2}, 1, "erp")
    batch = bench.batch()
    assert sent(batch) == {"i1": {"name": 5}}
    bench.write(batch)
    idle(bench)
    assert bench.counts("accepted", "written", "pending") == (4, 1, 3)
    assert (bench.due(), bench.woken()) == ({}, False)
    assert [(each.collection, each.records) for each in pauses.resting("erp")] == [("products", 2)]


def test_what_was_due_as_its_source_was_paused_rests_and_is_not_looked_at_again(bench, pauses):
    for n in range(30):
        take(bench, f"i{n}", {"stock": n}, 1, "erp")
    take(bench, "last", {"stock": 1}, 1, "shop")
    stop(pauses, "source:erp")
    batch = bench.batch()
    assert sent(batch) == {"last": {"stock": 1}}
    bench.write(batch)
    idle(bench)
    assert bench.due() == {}
    assert pauses.resting("erp")[0].records == 30


def test_resumed_the_newest_values_go_out_some_at_a_time(bench, pauses):
    stop(pauses, "source:erp")
    for n in range(450):
        take(bench, f"i{n}", {"stock": n}, 1, "erp")
    take(bench, "i0", {"stock": 1000}, 2, "erp")
    take(bench, "i1", {"stock": 2000}, 2, "shop")  # it takes the place
    batch = bench.batch()
    assert sent(batch) == {"i1": {"stock": 2000}}
    bench.write(batch)
    pauses.resume("source:erp")
    answer = bench.sweep()
    assert (answer["ms"], answer["wake"]) == (0, ["site"])
    assert 20 < len(bench.due()) < 200
    while bench.sweep()["ms"] == 0:
        pass
    assert pauses.resting("erp") == []
    assert bench.client.hgetall(keys.PAUSES) == {}
    found = {}
    while isinstance(step := bench.claim(), Batch):
        found |= sent(step)
        bench.write(step)
    assert found == {f"i{n}": {"stock": n or 1000} for n in range(450) if n != 1}
    assert bench.counts("accepted", "written", "superseded") == (452, 450, 2)


def test_a_source_that_is_paused_again_meanwhile_rests_on(bench, pauses):
    stop(pauses, "source:erp")
    take(bench, "i1", {"stock": 1}, 1, "erp")
    pauses.resume("source:erp")
    stop(pauses, "source:erp")
    bench.sweep()
    assert (bench.due(), pauses.resting("erp")[0].records) == ({}, 1)


def test_a_retirement_and_what_takes_it_back(bench, pauses):
    held(bench)
    stop(pauses, "source:erp")
    retire(bench, "k1", version=at(2))
    idle(bench)
    event_of_shop = event("k1", {"stock": 3}, by="key", version=at(3))  # the record is back
    bench.accept(event_of_shop, source="shop")
    batch = bench.batch()
    assert (batch.retire, sent(batch)) == (False, {"k1": {"stock": 3}})
    bench.write(batch)
    assert pauses.resting("erp") == []


def test_a_value_of_a_claim_that_runs_out_waits_as_well(bench, pauses):
    take(bench, "i1", {"stock": 1}, 1, "erp")
    bench.batch()
    stop(pauses, "source:erp")
    bench.pass_time(31)
    idle(bench)
    bench.pass_time(100)
    idle(bench)
    assert bench.state("i1") == "pending"
    pauses.resume("source:erp")
    bench.sweep()
    assert sent(bench.batch()) == {"i1": {"stock": 1}}


def test_a_claim_of_a_paused_lane_that_runs_out_is_noticed(bench, pauses):
    take(bench, "i1", {"stock": 1}, 1, "erp")
    bench.batch()
    stop(pauses, "lane:live")
    take(bench, "i1", {"stock": 2}, 2, "erp")
    bench.pass_time(31)
    assert bench.woken()
    idle(bench)
    assert "claim" not in bench.item("i1")[0]
    pauses.resume("lane:live")
    assert sent(bench.batch()) == {"i1": {"stock": 2}}


def test_no_item_is_made_without_what_is_held(bench_with):
    bench = knowing(bench_with(missing="create"))
    pauses = Pauses(bench.steps, bench.settings)
    stop(pauses, "source:erp")
    bench.accept(event("k1", {"name": "Desk"}, by="key", kind="text", version=at(1)))
    bench.accept(event("k1", {"stock": 1}, by="key", version=at(1)), source="shop")
    bench.list_all()
    idle(bench)
    idle(bench)
    assert (bench.letters(), bench.due()) == ([], {})
    assert bench.counts("pending") == (2,)
    pauses.resume("source:erp")
    bench.sweep()
    batch = bench.batch()
    assert (batch.create, sent(batch)) == (True, {"k1": {"name": "Desk", "stock": 1}})
    bench.settle(batch, *created(batch))
    assert bench.counts("pending", "written") == (0, 2)


@pytest.mark.parametrize("lane", ["live", "replay", "reconcile"])
def test_nothing_of_a_paused_lane_is_sent(bench, pauses, lane):
    modes = {"live": "live", "replay": "remap", "reconcile": "reconcile"}
    stop(pauses, f"lane:{lane}")
    for n, mode in enumerate(modes.values()):
        bench.accept(event(f"i{n}", {"stock": 1}, version=at(1)), mode=mode)
    found = {}
    while isinstance(step := bench.claim(), Batch):
        found |= sent(step)
        bench.write(step)
    held = [*modes].index(lane)
    assert sorted(found) == [f"i{n}" for n in range(3) if n != held]
    assert not bench.woken()
    assert pauses.resume(f"lane:{lane}") == ("site",)
    bench.client.delete("instep:wake:site")
    assert bench.woken()
    assert sent(bench.batch()) == {f"i{held}": {"stock": 1}}


def test_a_value_of_another_lane_goes_out_although_its_item_waits(bench, pauses):
    stop(pauses, "lane:live")
    take(bench, "i1", {"stock": 1}, 1, "erp")
    bench.accept(event("i1", {"price": 7}, version=at(1)), mode="reconcile")
    batch = bench.batch()
    assert sent(batch) == {"i1": {"price": 7}}
    bench.write(batch)
    idle(bench)
    pauses.resume("lane:live")
    assert sent(bench.batch()) == {"i1": {"stock": 1}}


def test_all_lanes_paused_nothing_is_asked_for(bench, pauses):
    take(bench, "i1", {"stock": 1}, 1, "erp")
    for lane in ("live", "replay", "reconcile"):
        stop(pauses, f"lane:{lane}")
    idle(bench)
    assert not bench.woken()


def test_a_pause_ends_by_itself(bench, pauses):
    breaker = Breaker(bench.steps, bench.settings)
    stop(pauses, "source:erp", seconds=60)
    stop(pauses, "lane:reconcile", seconds=120)
    breaker.pause("site", "works", who="bob", seconds=60)
    breaker.pause("products", "works", seconds=90)
    take(bench, "i1", {"stock": 1}, 1, "erp")
    bench.pass_time(59)
    assert not bench.woken()
    assert [*pauses.read()] == ["source:erp", "lane:reconcile"]
    bench.pass_time(2)
    assert not bench.woken()
    bench.pass_time(30)
    assert bench.woken()
    assert sent(bench.batch()) == {"i1": {"stock": 1}}
    assert [*pauses.read()] == ["lane:reconcile"]
    audit = [fields for _, fields in bench.client.xrange(keys.AUDIT)]
    assert [(each["by"], each["target"]) for each in audit] == [
        ("instep", "source:erp"),
        ("instep", "destination:site"),
        ("instep", "collection:products"),
    ]


def test_the_end_of_an_older_pause_ends_none_of_an_older_release(bench):
    breaker = Breaker(bench.steps, bench.settings)
    breaker.pause("site", "works", seconds=60)
    # As that release resumes and pauses.
    bench.client.hdel(keys.destination("site"), "paused", "by", "since")
    bench.pass_time(1)
    held = {"paused": "by hand", "by": "operator", "since": bench.now_ms()}
    bench.client.hset(keys.destination("site"), mapping=held)
    bench.pass_time(120)
    bench.sweep()
    assert bench.client.hget(keys.destination("site"), "paused") == "by hand"


def test_who_paused_what_is_read(bench, pauses):
    stop(pauses, "source:erp", seconds=60)
    stop(pauses, "lane:live")
    now = bench.now_ms()
    found = pauses.read()
    assert found["source:erp"].till == found["source:erp"].since + 60_000
    lane = found["lane:live"]
    assert lane == HandPause("a wrong feed", "alice", lane.since, None)
    assert abs(lane.since - now) < 5000
    take(bench, "i1", {"stock": 1}, 1, "erp")
    (rest,) = pauses.resting("erp")
    assert rest == Resting("products", 1, rest.oldest)
    assert abs(rest.oldest - now) < 5000


def test_a_record_that_is_forgotten_leaves_what_rests(bench, pauses):
    stop(pauses, "source:erp")
    take(bench, "i1", {"stock": 1}, 1, "erp")
    request = {"act": "record", "collection": "products", "record": "i1", "places": []}
    bench.steps.run("forget", request)
    assert pauses.resting("erp") == []


def test_what_an_older_release_has_sent_meanwhile_is_let_go_without_trace(bench, pauses):
    stop(pauses, "source:erp")
    take(bench, "i1", {"stock": 1}, 1, "erp")
    field = bench.field("i1") | {"s": "written"}
    bench.client.hset(keys.item("products", "i1"), "f:stock", json.dumps(field))
    bench.client.hset(keys.COUNTS, mapping={"pending": 0, "written": 1})
    pauses.resume("source:erp")
    bench.sweep()
    assert (bench.due(), bench.client.hgetall(keys.PAUSES)) == ({}, {})
    assert "paused" not in bench.item("i1")[0]
