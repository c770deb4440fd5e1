"""How much memory the store uses, for what, and the warning before it is full."""

import json

import pytest

from service.commands.memory_line import memory_line
from service.operate import check_store
from service.operate.check_findings import Findings
from workers.store import memory
from workers.store.families import OTHERS, REST, Sampler, family_of


def whole(sampler):
    while (found := sampler.slice()) is None:
        pass
    return found


def measured(store, names):
    return sum(store.memory_usage(name) for name in names)


def test_a_key_is_of_one_family():
    assert family_of("instep:item:products:seen:1") == "items"
    assert family_of("instep:letters:raw:erp") == "letters"
    assert family_of("instep:what-comes-later:1") == REST
    assert family_of("rq:job:1") == "queue"
    assert family_of("sessions:1") == OTHERS


def test_families_are_measured_in_bytes(store):
    for n in range(30):
        store.hset(f"instep:item:products:{n}", "f:stock", "x" * 100 * n)
    store.sadd("instep:seen:erp:1", *range(5000))
    store.set("sessions:1", "x" * 70_000)
    found = whole(Sampler(store))
    assert found["items"] == measured(store, store.keys("instep:item:*"))
    assert found["other programs"] == measured(store, ["sessions:1"])
    assert found["seen ids"] == pytest.approx(measured(store, ["instep:seen:erp:1"]), rel=0.2)


def fill(store, items):
    with store.pipeline() as pipeline:
        for n in range(items):
            pipeline.hset(f"instep:item:products:{n}", "f:stock", "x" * (100 + n % 50))
        pipeline.execute()
    store.config_resetstat()


def test_of_thousands_of_keys_some_are_measured(store):
    fill(store, 4000)
    found = whole(Sampler(store, measured=5))
    assert store.info("commandstats")["cmdstat_memory|usage"]["calls"] < 100
    assert found["items"] == pytest.approx(measured(store, store.keys("instep:*")), rel=0.1)


def test_the_more_keys_there_are_the_fewer_of_them_are_measured(store):
    fill(store, 10_000)
    found = whole(Sampler(store))
    assert store.info("commandstats")["cmdstat_memory|usage"]["calls"] < 500
    assert found["items"] == pytest.approx(measured(store, store.keys("instep:*")), rel=0.1)


def test_half_a_pass_tells_of_the_whole(store):
    for n in range(3000):
        store.set(f"instep:item:products:{n}", "x" * 100)
    sampler = Sampler(store)
    for _ in range(3):
        sampler.slice()
    everything = measured(store, store.keys("instep:*"))
    assert sampler.so_far()["items"] == pytest.approx(everything, rel=0.1)


@pytest.mark.parametrize(
    ("used", "before", "level"),
    [
        (69, "", ""),
        (70, "", "high"),
        (66, "high", "high"),
        (64, "high", ""),
        (90, "high", "full"),
        (86, "full", "full"),
        (84, "full", "high"),
        (10, "full", ""),
    ],
)
def test_a_level_is_over_once_memory_is_clearly_below_it(used, before, level):
    assert memory.level_of(used, 100, before) == level


def test_without_a_limit_there_is_no_level():
    assert memory.level_of(10**12, None, "") == ""


def test_what_grows_most_is_named_and_not_what_is_largest():
    before = {"items": 900, "seen ids": 10, "server": 0}
    assert memory.growing(before, {"items": 901, "seen ids": 200, "server": 9000}) == "seen ids"
    assert memory.growing({"items": 900, "letters": 5}, {"items": 900, "letters": 5}) == "items"


class Clock:
    now = 0.0

    def __call__(self):
        self.now += 60
        return self.now


@pytest.fixture
def watch(store):
    # Beside it, what the server gives back of its buffers in between is nothing.
    store.setrange("ballast", 30_000_000, "x")
    yield memory.MemoryMonitor(store, clock=Clock())
    store.config_set("maxmemory", 0)


def leave(store, share):
    """Let the store use *share* of what it may."""
    store.config_set("maxmemory", int(store.info("memory")["used_memory"] / share))


def test_a_level_is_warned_of_once_with_what_grows(store, watch, caplog):
    store.hset("instep:item:products:1", "f:a", "x" * 2_000)
    watch.look()
    store.sadd("instep:seen:erp:1", *range(20_000))
    leave(store, 0.75)
    for _ in range(3):
        watch.look()
    (told,) = caplog.records
    assert told.message == "store memory is short"
    assert told.grows == "seen ids"
    assert json.loads(store.get("instep:memory"))["since"]


def test_another_sweeper_does_not_warn_again(store, watch, caplog):
    leave(store, 0.75)
    watch.look()
    memory.MemoryMonitor(store, clock=Clock()).look()
    assert len(caplog.records) == 1


def test_a_full_store_is_told_and_that_it_has_room_again(store, watch, caplog):
    caplog.set_level("INFO")
    leave(store, 0.95)
    watch.look()
    leave(store, 0.3)
    watch.look()
    assert [record.message for record in caplog.records] == [
        "store memory is full: new deliveries are refused",
        "store memory has room again: deliveries are taken",
        "store memory is no longer short",
    ]
    assert memory.read(store)["since"] is None


def test_the_status_has_what_is_used_and_by_whom(store, watch):
    store.hset("instep:item:products:1", "f:a", "x" * 2_000)
    leave(store, 0.75)
    watch.look()
    found = memory.read(store)
    assert found["used"] / found["limit"] == pytest.approx(0.75, abs=0.05)
    assert found["families"]["items"] > 2_000
    assert (found["level"], found["full"]) == ("high", False)
    assert found["measured"]


def test_nothing_is_measured_twice_in_a_second(store):
    watch = memory.MemoryMonitor(store, clock=lambda: 1.0)
    watch.look()
    store.config_resetstat()
    watch.look()
    assert "cmdstat_info" not in store.info("commandstats")


def test_a_store_that_forbids_to_measure_is_told_once_and_watched_all_the_same(store, caplog):
    store.execute_command("ACL SETUSER", "default", "-memory")
    try:
        watch = memory.MemoryMonitor(store, clock=Clock())
        store.set("instep:arrival", 1)
        for _ in range(3):
            watch.look()
    finally:
        store.execute_command("ACL SETUSER", "default", "+memory")
        store.config_set("maxmemory", 0)
    (told,) = caplog.records
    assert told.message == "families of keys cannot be measured"
    assert memory.read(store)["families"] == {}


def checked(store):
    found = Findings()
    check_store.memory(store, found)
    return found


@pytest.mark.usefixtures("watch")
def test_check_says_what_is_used_and_where_no_limit_is_set(store):
    (warning,) = checked(store).warnings
    assert warning.do == "set maxmemory, so that Instep can warn before the machine runs out"
    store.config_set("maxmemory", 200 * MB)
    found = checked(store)
    assert (found.errors, found.warnings) == ([], [])
    assert found.notes[0].endswith(" of 200 MB")


@pytest.mark.usefixtures("watch")
def test_check_warns_while_memory_is_short_and_fails_once_it_is_full(store):
    used = store.info("memory")["used_memory"]
    store.config_set("maxmemory", int(used / 0.8))
    short = checked(store)
    assert (len(short.errors), len(short.warnings)) == (0, 1)
    store.config_set("maxmemory", int(used / 0.97))
    full = checked(store)
    store.config_set("maxmemory", 0)
    assert (len(full.errors), len(full.warnings)) == (1, 0)


MB = 1_048_576


@pytest.mark.parametrize(
    ("limit", "level", "line"),
    [
        (None, "", "Memory: 80.0 MB used, without a limit (maxmemory)"),
        (200 * MB, "", "Memory: 80.0 MB of 200.0 MB used (40%)"),
        (
            100 * MB,
            "high",
            "Memory: 80.0 MB of 100.0 MB used (80%): items 40.0 MB, letters 20.0 MB, index 10.0 MB",
        ),
    ],
)
def test_the_status_is_one_plain_line(limit, level, line):
    families = {"index": 10 * MB, "items": 40 * MB, "letters": 20 * MB, "queue": 1}
    told = {"used": 80 * MB, "limit": limit, "families": families, "level": level, "full": False}
    assert memory_line(told) == line


def test_a_full_store_says_what_is_refused():
    told = {"used": 95, "limit": 100, "families": {}, "level": "full", "full": True}
    assert memory_line(told).endswith("new deliveries go to the spool or get 503")
