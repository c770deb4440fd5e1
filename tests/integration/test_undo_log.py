"""What was written is remembered, with what the CMS held before."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.outbox_creating import created, knowing, unknown, wanted
from tests.support.outbox_driver import at, change, event
from workers.model.attempts import ItemOutcome
from workers.model.changes import Incoming
from workers.model.retirement import GONE
from workers.store import memory, undo_keys
from workers.store.undo_log import UndoLog

WHOLE = {"bytes": 10**9, "ms": 3 * 86_400_000}


@pytest.fixture
def log(bench):
    return UndoLog(bench.steps)


def told(entries):
    return [(e.slug, e.before, e.value) for e in entries]


def trim(bench, **bound):
    """Sweep until nothing is left to trim."""
    while bench.steps.run("sweep", {"destinations": [], "undo": WHOLE | bound})["ms"] == 0:
        pass


@pytest.fixture(autouse=True)
def check(store):
    """What is counted is what the entries that are kept weigh."""
    yield
    texts = store.hgetall(undo_keys.UNDO)
    assert sorted(texts) == sorted(store.lrange(undo_keys.UNDO_IDS, 0, -1))
    bytes = sum(len(text.encode()) + 150 for text in texts.values())
    assert int(store.hget(undo_keys.UNDO_STATE, "bytes") or 0) == bytes


def test_the_first_value_of_a_field_went_over_something_unknown(bench, log):
    bench.confirm("i1", {"stock": 1})
    [entry] = log.of_record("products", "i1")
    assert (entry.slug, entry.act, entry.before, entry.value) == ("stock", "write", None, "1")
    assert (entry.source, entry.run, entry.sure, entry.waits) == ("erp", None, True, False)
    assert entry.arrival == bench.field("i1")["a"]
    assert entry.version == bench.field("i1")["r"]
    assert abs(entry.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_value_went_over_the_one_that_was_written_before(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.confirm("i1", {"stock": 2}, version=at(2))
    bench.confirm("i1", {"stock": 3}, version=at(3))
    assert told(log.of_record("products", "i1")) == [
        ("stock", "2", "3"),
        ("stock", "1", "2"),
        ("stock", None, "1"),
    ]


def test_what_was_never_written_was_never_there(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    bench.accept(event("i1", {"stock": 3}, version=at(3)))
    bench.write(bench.batch())
    assert told(log.of_record("products", "i1"))[0] == ("stock", "1", "3")


def test_what_landed_while_it_was_overtaken_was_there(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    batch = bench.batch()
    bench.accept(event("i1", {"stock": 3}, version=at(3)))
    bench.accept(event("i1", {"stock": 4}, version=at(4)))
    bench.write(batch)
    bench.write(bench.batch())
    assert told(log.of_record("products", "i1"))[0] == ("stock", "2", "4")


def test_a_request_of_unknown_outcome_may_have_written(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    for _ in range(2):
        bench.settle(bench.batch(), ItemOutcome("i1", unknown=True), health="failure")
        bench.pass_time(120)
    entry, _ = log.of_record("products", "i1")[1:]
    assert (entry.before, entry.value, entry.sure) == ("1", "2", False)
    assert bench.client.llen(undo_keys.UNDO_IDS) == 2
    bench.write(bench.batch())
    sure, _ = log.of_record("products", "i1")
    assert (sure.before, sure.value, sure.sure) == ("1", "2", True)


def test_a_claim_that_ran_out_may_have_written(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    bench.batch()
    bench.pass_time(31)
    bench.claim()
    unsure = [entry for entry in log.of_record("products", "i1") if not entry.sure]
    assert told(unsure) == [("stock", "1", "2")]


def test_a_repeated_settle_is_one_entry(bench, log):
    bench.confirm("i1", {"stock": 1})
    bench.steps.repeat("settle")
    assert len(log.of_record("products", "i1")) == 1


def test_a_value_that_waits_is_told_with_what_is_there(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.take(event("i1", {"stock": 2}, version=at(2)))
    entry, _ = log.of_record("products", "i1")
    assert (entry.before, entry.value, entry.waits) == ("1", "2", True)


def test_the_same_value_again_is_no_write(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 1}, version=at(2)))
    assert len(log.of_record("products", "i1")) == 1


def creating(bench_with):
    bench = knowing(bench_with(missing="create"))
    return bench, UndoLog(bench.steps)


def test_an_item_that_was_created_is_one_entry(bench_with):
    bench, log = creating(bench_with)
    wanted(bench, "k1")
    bench.settle(batch := bench.batch(), *created(batch))
    [entry] = log.of_record("products", "k1")
    assert (entry.slug, entry.act, entry.before, entry.type) == ("", "create", "null", "item")
    assert json.loads(entry.value) == "id-k1"
    held = bench.item("k1")[1]
    assert entry.arrival == max(field["a"] for field in held.values())
    bench.accept(event("k1", {"stock": 9}, by="key", version=bench.ahead(1)))
    bench.write(bench.batch())
    assert told(log.of_record("products", "k1"))[0] == ("stock", "1", "9")


def test_a_creation_of_unknown_outcome_is_told_once(bench_with):
    bench, log = creating(bench_with)
    wanted(bench, "k1")
    unknown(bench, bench.batch())
    [entry] = [e for e in log.of_record("products", "k1") if not e.waits]
    assert (entry.act, entry.value, entry.sure) == ("create", "null", False)


def test_a_retirement_is_an_entry_of_its_own(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    gone = replace(change("i1", {}, version=at(2)), retire="archive")
    bench.accept(Incoming(None, "gone", 0, (gone,)))
    bench.write(bench.batch())
    entry = log.of_record("products", "i1")[0]
    assert (entry.slug, entry.act, entry.before) == (GONE, "retire", "null")
    assert entry.value == '"archive"'
    assert entry.arrival == bench.field("i1", GONE)["a"]


def test_entries_are_found_by_source_and_time(bench, log):
    bench.confirm("i1", {"stock": 1})
    bench.pass_time(3600)
    since = datetime.fromtimestamp(bench.now_ms() / 1000, UTC)
    bench.pass_time(1)
    bench.confirm("i2", {"stock": 2})
    bench.accept(event("i3", {"stock": 3}), source="shop")
    bench.write(bench.batch())
    assert [e.record for e in log.of_source("erp", since)] == ["i2"]
    assert [e.record for e in log.of_source("shop", since)] == ["i3"]
    assert {e.record for e in log.of_source("erp", since - timedelta(hours=2))} == {"i1", "i2"}


def test_what_is_older_than_its_hours_goes_and_is_no_loss(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.pass_time(3600)
    bench.confirm("i1", {"stock": 2}, version=at(2))
    trim(bench, ms=1_800_000)
    assert told(log.of_record("products", "i1")) == [("stock", "1", "2")]
    assert log.dropped() is None


def test_what_has_no_room_goes_oldest_first_and_is_told(bench, log):
    for number in range(6):
        bench.confirm(f"i{number}", {"stock": number})
        bench.pass_time(300)
    since = datetime.fromtimestamp(bench.now_ms() / 1000, UTC)
    trim(bench, bytes=600)
    kept = [n for n in range(6) if log.of_record("products", f"i{n}")]
    assert kept == [4, 5] or kept == [3, 4, 5]
    loss = log.dropped()
    assert loss.entries == 6 - len(kept)
    assert loss.till < since
    assert memory.read(bench.client)["undo"]["dropped"] == loss.entries


def test_without_undo_nothing_is_kept(bench, log):
    bench.confirm("i1", {"stock": 1})
    bench.steps.run("sweep", {"destinations": [], "undo": None})
    assert log.of_record("products", "i1") == []


def test_what_a_run_changes_in_slices_is_of_that_run(bench, log):
    events = [event(f"i{n}", {"stock": n}, index=n) for n in range(400)]
    bench.accept(*events, mode="remap", run="r3")
    assert bench.field("i399")["X"] == "r3"
    while hasattr(step := bench.claim(), "items"):
        bench.write(step)
    assert len(list(log.of_run("r3"))) == 400


def test_a_full_store_remembers_what_is_written_still(bench, log):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    batch = bench.batch()
    limit = bench.client.info("memory")["used_memory"] - 1
    bench.client.config_set("maxmemory", limit)
    try:
        bench.write(batch)
    finally:
        bench.client.config_set("maxmemory", 0)
    assert told(log.of_record("products", "i1"))[0] == ("stock", "1", "2")
