"""Lives are bounded: each one in entries, and all together in bytes and in days."""

import json
from datetime import datetime

import pytest
import redis

from tests.support.earlier_stores import restore
from tests.support.outbox_driver import Bench, event
from workers.store import keys, memory
from workers.store.record_history import History

DAY = 86_400
DAYS = 30 * DAY * 1000


def trim(bench, bytes=10**9, ms=DAYS):
    """Sweep until nothing is left to trim."""
    request = {"destinations": [], "lives": {"bytes": bytes, "ms": ms}}
    while bench.steps.run("sweep", request)["ms"] == 0:
        pass


def fill(bench, records, each=1):
    for number in range(each):
        bench.accept(*(event(f"i{n:03}", {"stock": number}, index=n) for n in range(records)))
        bench.pass_time(1)


def size(bench):
    """Bytes that the store says it takes for all lives."""
    names = [keys.LIVES, *bench.client.scan_iter("instep:life:*", count=1000)]
    return sum(bench.client.memory_usage(name, samples=0) or 0 for name in names)


def entries(bench):
    return sum(len(life(bench, f"i{n:03}").entries) for n in range(300))


def life(bench, record):
    return bench.lives.read("products", record)


def values(bench, record):
    return [e.fields["stock"].value for e in life(bench, record).entries if e.what == "accepted"]


@pytest.fixture(autouse=True)
def check(store):
    """What is counted is what the entries that are kept weigh."""
    yield
    names = [name.split(":", 2)[2] for name in store.scan_iter("instep:life:*", count=1000)]
    assert sorted(names) == sorted(store.zrange(keys.LIVES, 0, -1))
    lives = [store.lrange(f"instep:life:{name}", 0, -1) for name in names]
    texts = [text for life in lives for text in life if not text.isdigit()]
    bytes = sum(len(text.encode()) + 6 for text in texts)
    bytes += sum(250 + 2 * len(name.encode()) for name in names)
    assert int(store.hget(keys.LIVES_STATE, "bytes") or 0) == bytes


def counted(bench):
    return int(bench.client.hget(keys.LIVES_STATE, "bytes") or 0)


def test_a_record_keeps_its_newest_entries_and_the_number_of_the_others(bench):
    for number in range(150):
        bench.accept(event("i1", {"stock": number}))
    held = life(bench, "i1")
    assert 100 <= len(held.entries) <= 120
    assert held.dropped == 150 - len(held.entries)
    assert values(bench, "i1")[-1] == 149
    assert values(bench, "i1")[0] == held.dropped


@pytest.mark.parametrize("most", [20_000, 60_000])
def test_all_lives_take_about_as_many_bytes_as_they_may(bench, most):
    fill(bench, 200, each=3)
    assert size(bench) > 100_000
    trim(bench, bytes=most)
    assert most / 2 < size(bench) < most * 1.3
    assert counted(bench) <= most


def test_what_is_counted_is_about_what_the_store_takes(bench):
    fill(bench, 100, each=5)
    assert 0.7 < counted(bench) / size(bench) < 1.3


def test_the_oldest_entries_go_first_and_each_record_tells_how_many(bench):
    fill(bench, 3, each=4)
    bench.pass_time(3600)
    bench.accept(event("i000", {"stock": 9}))
    trim(bench, bytes=counted(bench) - 400)
    assert values(bench, "i000")[-1] == 9
    lost = sum(life(bench, f"i{n:03}").dropped for n in range(3))
    kept = sum(len(life(bench, f"i{n:03}").entries) for n in range(3))
    assert lost > 0
    assert lost + kept == 13
    assert bench.lives.dropped().entries == lost
    told = memory.read(bench.client)["lives"]
    assert told["dropped"] == lost
    assert datetime.fromisoformat(told["till"]).timestamp() * 1000 <= bench.now_ms()


def test_a_life_that_went_whole_is_still_told_to_have_been(bench):
    bench.accept(event("i1", {"stock": 1}))
    trim(bench, bytes=0)
    assert bench.client.exists(keys.life("products", "i1")) == 0
    assert life(bench, "i1").entries == ()
    assert life(bench, "i1").dropped == 1
    bench.accept(event("i1", {"stock": 2}))
    assert life(bench, "i1").dropped == 1
    assert values(bench, "i1") == [2]


def test_what_fits_and_is_young_stays(bench):
    fill(bench, 100)
    trim(bench)
    assert entries(bench) == 100
    assert bench.lives.dropped().entries == 0


def test_entries_end_after_their_days(bench):
    fill(bench, 60)
    bench.pass_time(20 * DAY)
    bench.accept(event("i000", {"stock": 7}))
    trim(bench)
    assert entries(bench) == 61
    bench.pass_time(11 * DAY)
    trim(bench)
    assert values(bench, "i000") == [7]
    assert entries(bench) == 1
    assert bench.client.zcard(keys.LIVES) == 1
    assert life(bench, "i000").dropped == 1


def test_where_there_is_no_life_there_are_no_bytes(bench):
    fill(bench, 5, each=2)
    bench.pass_time(40 * DAY)
    trim(bench)
    assert counted(bench) == 0
    assert bench.client.keys("instep:life:*") == []


def test_in_a_store_with_a_limit_they_take_no_more_than_an_eighth(bench):
    fill(bench, 300, each=2)
    bench.client.config_set("maxmemory", bench.client.info("memory")["used_memory"] + 1_000_000)
    limit = bench.client.info("memory")["maxmemory"]
    bench.client.hset(keys.LIVES_STATE, "bytes", counted(bench) + limit // 8)
    try:
        trim(bench)
        assert counted(bench) <= limit / 8
        assert bench.lives.dropped().entries > 0
        trim(bench, bytes=0)
    finally:
        bench.client.config_set("maxmemory", 0)


def test_a_delivery_trims_them_where_no_worker_runs(store):
    bench = Bench(store)
    fill(bench, 50)
    bench.pass_time(31 * DAY)
    bench = Bench(store)  # a process trims once a second
    bench.pass_time(31 * DAY)
    bench.accept(event("i1", {"stock": 1}))
    assert store.zcard(keys.LIVES) == 1


def test_one_step_trims_a_part_of_very_many(bench):
    fill(bench, 400)
    bench.pass_time(31 * DAY)
    request = {"destinations": [], "lives": {"bytes": 10**9, "ms": DAYS}}
    assert bench.steps.run("sweep", request)["ms"] == 0
    assert 0 < bench.client.zcard(keys.LIVES) < 400
    trim(bench)
    assert bench.client.zcard(keys.LIVES) == 0


def test_what_a_later_release_adds_is_passed_over(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1"))
    key = keys.life("products", "i1")
    told = json.loads(bench.client.lindex(key, 0))
    told[-1][0][1] = "?"
    for entry in ([*told, "more"], [told[0], "?", 1]):
        text = json.dumps(entry, separators=(",", ":"))
        bench.client.rpush(key, text)
        bench.client.hincrby(keys.LIVES_STATE, "bytes", len(text) + 6)
    _, later, other = life(bench, "i1").entries
    assert (later.event, later.fields["stock"].fate) == ("e1", "?")
    assert other.what == "other"


def test_a_store_of_before_lives_is_read_and_gets_them(store, store_socket):
    with redis.Redis(unix_socket_path=store_socket) as client:
        written_at = restore(client, "v2")
    bench = Bench(store)
    bench.steps.clock_offset_ms += written_at - bench.now_ms() + 1000
    assert store.exists("instep:history")
    assert life(bench, "A-1") == History((), 0)
    bench.accept(event("A-1", {"stock": 9}, by="key", id="new"))
    assert [entry.event for entry in life(bench, "A-1").entries] == ["new"]
    bench.sweep()
    assert not store.exists("instep:history")


def test_long_values_are_cut_and_say_so(bench):
    text = "é" * 5000
    bench.accept(event("i1", {"stock": text}, kind="text"))
    fate = life(bench, "i1").entries[0].fields["stock"]
    assert fate.length == len(json.dumps(text, ensure_ascii=False).encode())
    assert fate.value.startswith('"éé')
    assert len(bench.client.lindex(keys.life("products", "i1"), 0)) < 500


def test_an_entry_of_very_many_fields_stays_short(bench):
    bench.accept(event("i1", {f"f{n}": "x" * 90 for n in range(400)}, kind="text"))
    assert len(bench.client.lindex(keys.life("products", "i1"), 0)) < 10_000


def test_the_history_of_an_older_release_goes(bench):
    bench.client.xadd("instep:history", {"step": "accepted"})
    bench.client.set("instep:history-trimmed", 1)
    bench.sweep()
    assert bench.client.exists("instep:history", "instep:history-trimmed") == 0


def test_a_repeat_of_a_step_writes_nothing_twice(bench):
    bench.accept(event("i1", {"stock": 1}))
    bench.write(bench.batch())
    for step in ("accept", "settle"):
        bench.steps.repeat(step)
    assert [entry.what for entry in life(bench, "i1").entries] == ["accepted", "answered"]
