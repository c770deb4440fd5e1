"""Held deletes beside all else: masses, merges, erasure, listings, snapshots, older releases."""

import json
import random
import uuid
from importlib.resources import files

import pytest
import redis

from service.operate.record_entries import says
from service.operate.record_rests import rests, state_of
from tests.support.depth import depth
from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import Bench, at, event
from tests.support.outbox_holding import (
    approve,
    deletes,
    drop,
    go_by,
    guarded,
    keys,
    listed,
    named,
    sweep,
    waits,
)
from tests.support.outbox_retiring import idle, retire, update
from workers.config.settings import Guard
from workers.model.attempts import Batch, Lookup
from workers.model.changes import Change, Delivery, Gone, Incoming, Snapshot
from workers.policy import run_guard
from workers.store.erasure import Erasure
from workers.store.held_deletes import AT_ONCE
from workers.store.item_totals import ItemTotals
from workers.store.key_text import KeyText
from workers.store.outbox import balanced
from workers.store.record_reader import RecordReader
from workers.store.rewrites import Repair, Repairs
from workers.store.status import Report

MANY = depth(400, 1000)


@pytest.fixture
def bench(store):
    return guarded(store, *keys(8))


@pytest.fixture(scope="module")
def masses():
    return keys(MANY)


def mass(bench, number=6, **options):
    for record in keys(number):
        retire(bench, record, version=at(9), **options)
    go_by(bench)


def life(bench, record="k1"):
    return bench.lives.read("products", record).entries


def told(bench, record="k1"):
    return [says(entry) for entry in life(bench, record) if entry.what == "held"]


def facts(bench, record="k1"):
    return RecordReader(bench.steps, bench.settings).read("products", record)


def sent(bench):
    """Write all that is due; the slugs that went out, by record."""
    found = {}
    while isinstance(step := bench.claim(), Batch):
        for item in step.items:
            found.setdefault(item.record, set()).update(field.slug for field in item.fields)
        bench.write(step)
    return found


# masses -----------------------------------------------------------------------------------------


def test_of_hundreds_none_goes_before_it_is_approved(store, masses):
    bench = guarded(store, *masses[:1])
    place = f"products:{bench.settings.copy_of(bench.settings.collections['products'])}"
    bench.client.hset(f"instep:ids:{place}", mapping={r: f"id-{r}" for r in masses})
    for start in range(0, MANY, 100):
        events = (event(r, {"stock": 7}, by="key", version=at(5)) for r in masses[start:][:100])
        bench.accept(*events)
    for start in range(0, MANY, 20):
        bench.accept(*(gone(r, n) for n, r in enumerate(masses[start:][:20])))
        bench.pass_time(60 / 50)
        sweep(bench)
    assert set().union(*sent(bench).values()) == {"stock"}
    bench.pass_time(120)
    sweep(bench)
    assert idle(bench)
    assert waits(bench) == MANY
    first = listed(bench, limit=50)
    deletes(bench).approve("products", [(one.record, one.arrival) for one in first], "ada")
    assert set(sent(bench)) == {one.record for one in first} == set(masses[:50])
    assert waits(bench) == MANY - 50
    drop(bench)
    assert len(bench.steps.calls["decide_held"][0]["named"]) <= AT_ONCE
    assert sent(bench) == {}
    assert waits(bench) == 0
    for record in masses[50:60]:
        assert bench.value(record) == 7
    counts = bench.counts()
    assert (counts["discarded"], counts["pending"]) == (MANY - 50, 0)
    assert balanced(counts)


def gone(record, index):
    change = Change("gone", "products", record, "key", (), at(9), retire="archive")
    return Incoming(f"gone-{record}", "gone", index, (change,))


def test_ten_on_a_quiet_day_go_after_a_minute(store):
    bench = guarded(store, *keys(30))
    for record in keys(10):
        retire(bench, record, version=at(9))
    assert idle(bench)
    assert go_by(bench) == ("site",)
    assert set(sent(bench)) == set(keys(10))
    retire(bench, "k11", version=at(9))
    go_by(bench)
    assert waits(bench) == 1


def test_the_delay_of_a_mass_of_many_portions_ends_in_parts(store):
    bench = guarded(store, *keys(230), at_most=1000, half_from=1000)
    for record in keys(230):
        retire(bench, record, "archive", version=at(9))
    go_by(bench)
    assert set(sent(bench)) == set(keys(230))


def test_the_store_decides_by_the_rule_of_runs(store):
    """The rule stands twice: in the step, which must count and decide at one moment, and here."""
    text = (files("workers.store") / "lua/lib/retirement_guard.lua").read_text()
    script = "local step, calls = {}, {on_begin = function() end}\n" + text.replace(
        "\nreturn retirement_guard",
        "\nreturn retirement_guard.most(cjson.decode(ARGV[1]), tonumber(ARGV[2]))",
    )
    draw = random.Random(7)  # noqa: S311
    for _ in range(300):
        limits = Guard(draw.randrange(30), draw.choice([0.0, 1.5, 5.0, 33.3]), draw.randrange(1, 9))
        items = draw.randrange(1, 2000)
        told = {"at_most": limits.at_most, "percent": limits.percent}
        told["half_from"] = limits.half_from
        most = store.eval(script, 0, json.dumps(told), items)
        assert most == run_guard.most(run_guard.RETIRED, limits, items), (limits, items)


def test_where_the_cms_tells_no_number_of_items_at_most_decides(store):
    bench = knowing(Bench(store, guard=Guard()))
    totals = ItemTotals(bench.steps, bench.settings)
    totals.keep(bench.settings.collections["products"], None, bench.now_ms())
    for n in range(11):
        retire(bench, f"i{n}", by="item", version=at(9))
    go_by(bench)
    assert waits(bench) == 11
    assert listed(bench)[0].reason == "11 items would be retired within 24 h: more than 10"
    assert listed(bench)[0].item == "i0"


@pytest.mark.parametrize(("mode", "number"), [("remap", 9), ("reconcile", 9), ("reconcile", 11)])
def test_where_the_number_is_not_known_a_reconcile_alone_does_not_wait(store, mode, number):
    """It has listed the collection: where that told no number, no other answer would."""
    bench = knowing(Bench(store, guard=Guard()))
    for n in range(number):
        change = Change("gone", "products", f"i{n}", "item", (), at(9), retire="archive")
        retiring = number - n if mode == "reconcile" else None
        event = Incoming(None, "gone", 0, (change,))
        bench.outbox.accept(Delivery("erp", f"t{n}", (event,), mode=mode, retiring=retiring))
    go_by(bench)
    found = {"remap": (9, 0), "reconcile": (11, 11) if number > 10 else (0, 0)}
    assert (len(listed(bench)), waits(bench)) == found[mode]
    assert (getattr(bench.claim(), "kind", "") == "total") is (mode == "remap")


@pytest.mark.parametrize(("total", "held"), [(12, 0), (5, 3)])
def test_a_page_of_a_whole_listing_tells_the_number_too(store, total, held):
    bench = knowing(Bench(store, guard=Guard()))
    for n in range(3):
        retire(bench, f"i{n}", by="item", version=at(9))
    go_by(bench)
    page = Lookup("products", "index", "t", slot=":reconcile")
    bench.page(page, [("k0", "i0")], more=1, total=total)
    sweep(bench)
    assert waits(bench) == held
    assert getattr(bench.claim(), "kind", "") != "total"


def test_a_clock_that_goes_back_holds_nothing_for_ever(bench):
    bench.pass_time(1000)
    retire(bench, "k1", version=at(9))
    bench.pass_time(-1000)
    bench.client.delete("instep:clock")
    sweep(bench)
    sweep(bench)
    assert set(sent(bench)) == {"k1"}


# ways -------------------------------------------------------------------------------------------


def test_what_is_retired_already_is_not_held_again(bench):
    retire(bench, "k1", "archive", version=at(9))
    go_by(bench)
    retire(bench, "k1", "archive", version=at(10))  # on its way
    assert listed(bench) == []
    sent(bench)
    retire(bench, "k1", "archive", version=at(11))
    assert listed(bench) == []
    assert bench.counts("unchanged") == (1,)
    retire(bench, "k1", "delete", version=at(12))
    assert len(listed(bench)) == 1


def test_an_item_that_an_editor_has_put_back_is_held_again(bench):
    retire(bench, "k1", "archive", version=at(9))
    go_by(bench)
    sent(bench)
    stored = json.loads(bench.client.hget("instep:item:products:k1", "f::gone"))
    stored.pop("c")  # what a listing shows of it is not what was confirmed
    bench.client.hset("instep:item:products:k1", "f::gone", json.dumps(stored))
    retire(bench, "k1", "archive", version=at(11))
    assert [each.record for each in listed(bench)] == ["k1"]


def test_a_remap_is_held_as_well(bench):
    mass(bench, mode="remap")
    assert waits(bench) == 6


def test_a_retirement_that_was_approved_with_its_run_goes_at_once(bench):
    mass(bench)
    retire(bench, "k1", version=at(10), mode="reconcile")
    assert waits(bench) == 5
    assert set(sent(bench)) == {"k1"}
    assert bench.counts("superseded") == (1,)


def test_an_event_confirms_what_a_snapshot_lacked(bench):
    change = Change("reconcile", "products", "k1", "key", (), at(20), retire="delete")
    change = Change(**{**fields_of(change), "snapshot": Snapshot(10, 5)})
    held = Incoming(None, None, 0, (change,))
    bench.accept(held, mode="live")
    before = listed(bench)[0].arrival
    retire(bench, "k1", version=at(12))
    assert listed(bench)[0].arrival > before


def fields_of(change):
    return {name: getattr(change, name) for name in change.__dataclass_fields__}


def test_a_snapshot_with_the_record_ends_what_an_earlier_one_inferred(bench):
    change = Change("reconcile", "products", "k1", "key", (), at(20), retire="delete")
    change = Change(**{**fields_of(change), "snapshot": Snapshot(1_000, 500)})
    bench.accept(Incoming(None, None, 0, (change,)))
    repairs = Repairs(bench.steps, bench.settings)
    own = bench.settings.collections["products"]
    again = Repair("k1", "id-k1", back=True)
    assert repairs.repair(own, [again], source="erp", as_of_ms=900).left == ("k1",)
    assert len(listed(bench)) == 1
    assert repairs.repair(own, [again], source="erp", as_of_ms=2_000).left == ()
    assert listed(bench) == []
    assert balanced(bench.counts())


def test_a_snapshot_with_the_record_shows_that_it_exists(bench):
    mass(bench)
    drop(bench)
    assert facts(bench).dropped.by == "ada"
    own = bench.settings.collections["products"]
    Repairs(bench.steps, bench.settings).repair(own, [Repair("k1", "id-k1", back=True)])
    assert facts(bench).dropped is None
    retire(bench, "k1", version=at(13))
    assert len(listed(bench)) == 1


def test_an_edit_in_the_cms_does_not_say_that_the_record_is_there(bench):
    retire(bench, "k1", version=at(9))
    _edit(bench, "k1", 9)
    assert [each.record for each in listed(bench)] == ["k1"]
    go_by(bench)
    assert set(sent(bench)) == {"k1"}
    [entry] = [entry for entry in life(bench) if entry.what == "held"]
    assert entry.detail["act"] == "sent"


def _edit(bench, record, value):
    change = Change(
        "cms", "products", record, "key", event(record, {"stock": value}).changes[0].fields, None
    )
    seen = bench.ahead(0)
    change = Change(**{**fields_of(change), "echo": seen, "version": seen})
    bench.accept(Incoming(None, "changed", 0, (change,)), source="shop")
    assert bench.value(record) == value


def test_what_the_cms_has_deleted_itself_needs_no_approval(bench):
    mass(bench)
    bench.accept(Incoming("x", "gone", 0, (), (), (Gone("products", "id-k1", True),)))
    approve(bench, "k1")
    assert bench.counts("pending") == (6,)
    assert balanced(bench.counts())


def test_a_listing_that_shows_no_item_ends_the_wait(store):
    bench = guarded(store, "k1")
    for kind in ("ids", "keys", "index"):
        for key in store.keys(f"instep:{kind}:products:*"):
            store.delete(key)
    update(bench, "k2", version=at(5), stock=1)
    retire(bench, "k2", version=at(9))
    assert len(listed(bench)) == 1
    bench.pass_time(40)
    step = bench.claim()
    bench.page(step, [("k1", "id-k1")])
    assert listed(bench) == []
    assert told(bench, "k2") == ["its delete no longer waits: there is no item"]
    assert bench.counts("pending") == (0,)
    assert balanced(bench.counts())


# what holds it ----------------------------------------------------------------------------------


def test_a_life_tells_what_became_of_it(bench):
    mass(bench)
    [entry] = [entry for entry in life(bench) if ":gone" in entry.fields and entry.event is None][
        :1
    ]
    assert entry.fields[":gone"].fate == "held"
    assert told(bench) == told(bench, "k6")
    assert told(bench) == ["its delete is one of many: they wait for approval"]
    approve(bench, "k1")
    assert told(bench)[-1] == "its delete was approved by ada"
    drop(bench, "k2")
    assert told(bench, "k2")[-1] == "its delete was dropped by ada"
    update(bench, "k3", version=at(12), stock=3)
    assert told(bench, "k3")[-1] == "its delete, which was held, is overtaken"
    retire(bench, "k2", version=at(12))
    assert life(bench, "k2")[-1].fields[":gone"].fate == "discarded"


def test_a_record_tells_what_it_waits_for(bench):
    retire(bench, "k1", version=at(8))
    assert facts(bench).held.waits == "delay"
    mass(bench)
    assert facts(bench).held.waits == "approval"
    assert facts(bench).held.reason.startswith("6 of 8")
    drop(bench, "k2")
    states = {}
    for record in ("k1", "k2", "k3"):
        found = rests(facts(bench, record))
        states[record] = (found[0].cause if found else "", state_of(facts(bench, record), found))
    assert states["k1"] == states["k3"] == ("approval", "held")
    assert states["k2"] == ("dropped", "dropped")


def test_a_record_tells_that_the_number_of_items_is_waited_for(store):
    bench = knowing(Bench(store, guard=Guard()))
    for n in range(3):
        retire(bench, f"i{n}", by="item", version=at(9))
    assert "say how many" not in rests(facts(bench, "i1"))[0].says
    go_by(bench)
    (wait,) = rests(facts(bench, "i1"))
    assert wait.says.endswith(": the CMS has yet to say how many items there are")
    assert (wait.cause, wait.at) == ("delay", None)


def test_what_was_held_for_days_is_not_late(bench):
    mass(bench)
    bench.pass_time(3 * 86_400)
    approve(bench, "k1")
    waited = bench.now_ms() - bench.client.zscore("instep:waiting:products", "k1")
    assert waited < 60_000
    assert set(sent(bench)) == {"k1"}
    assert bench.client.hget("instep:metrics", f"fresh:{place(bench)}:live:inf") is None


def place(bench):
    return f"products:{bench.settings.copy_of(bench.settings.collections['products'])}"


def test_a_repeated_sweep_does_nothing_twice(bench):
    retire(bench, "k1", version=at(9))
    go_by(bench)
    request = bench.steps.calls["held_sweep"][0]
    assert bench.steps.run("held_sweep", request)["done"] == 1  # as redis-py repeats it
    assert set(sent(bench)) == {"k1"}
    assert balanced(bench.counts())


def test_erased_records_leave_nothing_that_is_held(bench, store_socket):
    mass(bench)
    with redis.Redis(unix_socket_path=store_socket) as raw:
        text = KeyText("products", "k1", is_key=lambda _: False)
        erasure = Erasure(raw, bench.steps, text)
        erased = erasure.run(erasure.find())
    assert erased.discarded == 1
    assert waits(bench) == 5
    assert bench.client.zscore("instep:held:products", "k1") is None
    assert balanced(bench.counts())


def test_a_held_delete_by_an_event_that_is_named_by_another_record_is_found(bench, store_socket):
    retire(bench, "k2", version=at(9), id="gone K1-KEY")
    with redis.Redis(unix_socket_path=store_socket) as raw:
        text = KeyText("products", "K1-KEY", is_key=lambda _: False)
        hits = Erasure(raw, bench.steps, text).find()
    assert ("reference", "held") in [(hit.kind, hit.id) for hit in hits]


def test_records_of_one_key_that_are_merged_keep_the_newer_of_what_is_held(bench):
    retire(bench, "k1", "archive", version=at(9))
    odd(bench)
    retire(bench, " k1", "delete", version=at(10))
    assert len(listed(bench)) == 2
    merge(bench, " k1", "k1")
    [held] = listed(bench)
    assert (held.record, held.action) == ("k1", "delete")
    assert bench.counts("superseded", "pending") == (1, 1)
    assert balanced(bench.counts())


def test_a_merged_record_with_something_newer_is_not_held(bench):
    odd(bench)
    retire(bench, " k1", "delete", version=at(10))
    update(bench, "k1", version=at(11), stock=5)
    merge(bench, " k1", "k1")
    assert listed(bench) == []
    assert balanced(bench.counts())


def test_a_merged_record_that_is_asked_for_goes_on_being_asked_for(bench):
    odd(bench)
    for record in (*keys(4), " k1"):
        retire(bench, record, version=at(10))
    drop(bench, *keys(4))
    assert waits(bench) == 1
    merge(bench, " k1", "k1")
    assert waits(bench) == 1


def test_what_was_dropped_of_a_merged_record_stays_dropped(bench):
    odd(bench)
    retire(bench, " k1", "delete", version=at(10))
    drop(bench)
    merge(bench, " k1", "k1")
    retire(bench, "k1", "delete", version=at(11))
    assert listed(bench) == []


def odd(bench):
    """An older release has found an item by a key that is not in its normal form."""
    place = f"products:{bench.settings.copy_of(bench.settings.collections['products'])}"
    bench.client.hset(f"instep:ids:{place}", " k1", "id-k1")


def merge(bench, record, to):
    request = {"token": uuid.uuid4().hex, "collection": "products", "from": record, "to": to}
    return bench.steps.run("merge", request | {"texts": {}, "look": False})


def test_something_newer_of_a_process_that_knows_of_no_holds_counts(bench):
    """The release before accepts beside this one, and leaves what is held as it is."""
    retire(bench, "k1", version=at(9))
    key = "instep:item:products:k1"
    held = bench.client.hget(key, "held")
    update(bench, "k1", version=at(12), stock=5)
    bench.client.hset(key, "held", held)
    arrival = json.loads(json.loads(held)["gone"])["a"]
    bench.client.zadd("instep:held:products", {"k1": arrival})
    bench.client.zadd("instep:held-delay:products", {"k1": 1})
    bench.client.hincrby("instep:counts", "pending", 1)
    bench.client.hincrby("instep:counts", "superseded", -1)
    sweep(bench)
    assert set(sent(bench)) == {"k1"}
    assert bench.value("k1") == 5
    assert facts(bench).held is None
    assert facts(bench).gone is None
    assert balanced(bench.counts())


def test_what_such_a_process_has_erased_is_not_listed(bench):
    mass(bench)
    bench.client.delete("instep:item:products:k1")
    assert [each.record for each in listed(bench)] == keys(6)[1:]
    decided = deletes(bench).approve("products", [("k1", 1)], "ada")
    assert decided.left == ("k1",)
    assert bench.client.zscore("instep:held:products", "k1") is None


def test_the_status_counts_them(bench):
    mass(bench)
    status = Report(bench.steps, bench.settings).status()
    assert status["held_deletes"] == 6
    assert status["collections"]["products"]["held_deletes"] == 6
    assert status["collections"]["stores"]["held_deletes"] == 0
    assert named(bench)[0][0] == "k1"
