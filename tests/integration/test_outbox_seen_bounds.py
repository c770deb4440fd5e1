"""What seen ids take, and how long they are kept where versions tell of repeats."""

from dataclasses import replace

import pytest

from tests.support.outbox_driver import at, bad, event
from workers.model.changes import Incoming
from workers.store.codec import hashed

HOUR = 3600
DAY = 24 * HOUR


def keys(bench, kind="*"):
    return sorted(bench.client.scan_iter(f"instep:seen:erp:{kind}"))


def send(bench, *ids, version=None, stock=1):
    return bench.accept(
        *(
            event("i1", {"stock": stock}, id=id, index=n, version=version)
            for n, id in enumerate(ids)
        )
    )


def balanced(bench):
    counts = bench.counts()
    return counts["accepted"] == sum(counts[fate] for fate in counts if fate != "accepted")


def test_ids_are_stored_as_bare_integers(bench):
    for first in range(0, 1200, 100):
        send(bench, *(f"e{n}" for n in range(first, first + 100)))
    held = keys(bench, "l*")
    assert {bench.client.object("encoding", key) for key in held} == {"intset"}
    assert sum(bench.client.scard(key) for key in held) == 1200
    assert sum(bench.client.memory_usage(key) for key in held) < 1200 * 12


def test_the_first_of_many_ids_is_still_known_and_a_new_one_is_not(bench):
    for first in range(0, 1200, 100):
        send(bench, *(f"e{n}" for n in range(first, first + 100)))
    assert send(bench, "e0").outcome == "duplicate"
    assert send(bench, "e1199").outcome == "duplicate"
    assert send(bench, "e1200").outcome == "kept"


def test_all_keys_of_a_source_that_has_fallen_silent_expire(bench):
    send(bench, "e1")
    send(bench, "e2", version=at(1))
    held = bench.client.scan_iter("instep:seen:*")
    assert all(0 < bench.client.ttl(key) <= 2 * DAY + 600 for key in held)


def test_an_id_beside_a_version_is_kept_for_an_hour(bench):
    send(bench, "e1", version=at(1))
    assert keys(bench, "l*") == []
    assert HOUR < bench.client.ttl(keys(bench, "s*")[0]) <= 1.25 * HOUR
    bench.pass_time(HOUR - 60)
    assert send(bench, "e1", version=at(1)).outcome == "duplicate"


@pytest.mark.parametrize("newer", [None, 1, 2], ids=["alone", "overtaken at a tie", "overtaken"])
def test_a_repeat_after_that_hour_changes_nothing(bench, newer):
    send(bench, "e1", version=at(1))
    if newer:
        send(bench, "e2", version=at(newer), stock=2)
    bench.pass_time(2 * HOUR)
    assert send(bench, "e1", version=at(1)).outcome == "kept"
    assert bench.told() == ["stale"]
    assert bench.value("i1") == (2 if newer else 1)
    assert balanced(bench)


def test_a_repeated_retirement_after_that_hour_takes_nothing_away(bench):
    change = event("i1", {}, version=at(1)).changes[0]
    gone = Incoming("e1", "t", 0, (replace(change, retire="archive"),))
    bench.accept(gone)
    send(bench, "e2", version=at(1), stock=2)
    bench.pass_time(2 * HOUR)
    bench.accept(gone)
    assert bench.told() == ["stale"]
    assert bench.state("i1") == "pending"
    assert balanced(bench)


def test_an_id_that_its_field_can_no_longer_hold_is_kept_for_the_whole_window(bench):
    send(bench, "first", version=at(1))
    for first in range(0, 250, 50):
        send(bench, *(f"e{n}" for n in range(first, first + 50)), version=at(1), stock=2)
    bench.pass_time(2 * HOUR)
    assert send(bench, "first", version=at(1)).outcome == "duplicate"
    assert bench.value("i1") == 2


def test_of_an_event_that_was_left_out_in_part_the_id_is_kept_for_the_whole_window(bench):
    whole = event("i1", {"stock": 1}, id="e1", version=at(1))
    bench.accept(Incoming("e1", "t", 0, whole.changes, bad().problems))
    assert keys(bench, "s*") == []
    assert keys(bench, "l*")


def test_an_id_that_the_release_before_has_kept_is_known(bench):
    bucket = bench.now_ms() // (DAY * 1000)
    bench.client.sadd(f"instep:seen:erp:{bucket - 1}", hashed("erp e1"))
    assert send(bench, "e1").outcome == "duplicate"
    assert keys(bench, "l*") == []


def test_while_the_release_before_writes_it_finds_the_ids_of_this_one(bench):
    bucket = f"instep:seen:erp:{bench.now_ms() // (DAY * 1000)}"
    bench.client.sadd(bucket, "another")
    bench.client.pexpire(bucket, 2 * DAY * 1000)
    send(bench, "e1")
    assert bench.client.sismember(bucket, hashed("erp e1"))
    bench.client.pexpire(bucket, 2 * DAY * 1000 - 700_000)
    send(bench, "e2")
    assert not bench.client.sismember(bucket, hashed("erp e2"))


def test_where_there_is_no_room_for_more_ids_the_oldest_are_forgotten_and_that_is_told(bench):
    others = {"shop": f"{10**12} {bench.now_ms() + DAY * 1000}"}
    bench.client.hset("instep:seen-bytes", mapping=others)
    told = []
    for first in range(0, 2000, 100):
        bench.accept(*(event("i1", {"stock": 1}, id=f"e{n}") for n in range(first, first + 100)))
        told += [bench.client.hget("instep:source:erp", "ids_forgotten")]
        bench.pass_time(HOUR)
    assert told[0] is None
    assert int(told[-1]) > 0
    held = keys(bench, "l*")
    assert sum(bench.client.scard(key) for key in held) < 2000
    assert send(bench, "e1999").outcome == "duplicate"


def test_what_another_source_kept_long_ago_takes_no_room(bench):
    bench.client.hset("instep:seen-bytes", "shop", f"{10**12} {bench.now_ms() - 1000}")
    send(bench, "e1")
    assert bench.client.hkeys("instep:seen-bytes") == ["erp"]
