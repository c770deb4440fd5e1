"""Deliveries that share a round trip: what one of them does the next one knows."""

import json

import pytest
import redis

from tests.support.outbox_driver import Bench, at, bad, event
from workers.errors import StoreUnavailable
from workers.model.changes import Delivery, Slot
from workers.store.outbox import balanced
from workers.store.scripts import Steps

SLOT = Slot("f1", "1")


@pytest.fixture
def bench(store):
    return Bench(store)


def delivery(name, *events, source="erp", body=b"{}"):
    return Delivery(source, name, events, body, slot=SLOT)


def call(bench, delivery):
    """The call of *delivery*, as most are: once a second one has old lives trimmed as well."""
    request, *more = bench.outbox._call(delivery).arguments
    request.pop("lives", None)
    return request, *more


def taken(bench, *deliveries):
    """What is answered to *deliveries*, or what the store raised."""
    calls = [call(bench, each) for each in deliveries]
    return bench.steps.run_in_order("accept", calls)


def wrong(bench, name):
    """The call of a delivery that breaks off once it has taken its first event."""
    events = event("i8", {"stock": 8}, id="E8"), event("i9", {"stock": 9}, id="E9")
    request, *more = call(bench, delivery(name, *events))
    del request["events"][1]["changes"][0]["collection"]
    return request, *more


def test_a_repeat_of_one_before_it_is_a_duplicate(bench):
    one = event("i1", {"stock": 1}, id="E1")
    answers = taken(bench, delivery("t1", one), delivery("t2", one), delivery("t3", one))
    assert [answer["outcome"] for answer in answers] == ["kept", "duplicate", "duplicate"]
    assert bench.counts("accepted", "pending") == (1, 1)
    assert bench.client.hget("instep:source:erp", "duplicates") == "2"


def test_the_same_id_of_another_source_is_another_event(bench):
    one = event("i1", {"stock": 1}, id="E1")
    answers = taken(bench, delivery("t1", one), delivery("t2", one, source="shop"))
    assert [answer["outcome"] for answer in answers] == ["kept", "kept"]


def test_of_one_item_the_newest_value_counts_whatever_comes_last(bench):
    versions = (5, 9, 7)
    answers = taken(
        bench,
        *(
            delivery(f"t{n}", event("i1", {"stock": n}, id=f"E{n}", version=at(n)))
            for n in versions
        ),
    )
    assert [answer["accepted"] for answer in answers] == [1, 1, 1]
    assert bench.value("i1") == 9
    assert bench.counts("accepted", "pending", "superseded", "stale") == (3, 1, 1, 1)
    assert bench.client.hget("instep:stale:erp", "products") == "1"
    assert balanced(bench.outbox.counts())


def test_values_without_a_version_stand_in_the_order_of_their_deliveries(bench):
    taken(bench, *(delivery(f"t{n}", event("i1", {"stock": n}, id=f"E{n}")) for n in (3, 1, 2)))
    assert bench.value("i1") == 2
    assert bench.counts("pending", "superseded") == (1, 2)


def test_one_that_comes_again_gets_the_first_answer(bench):
    one, other = (
        delivery("t1", event("i1", {"stock": 1})),
        delivery("t2", event("i2", {"stock": 2})),
    )
    first = taken(bench, one, other, one)
    assert first[0] == first[2] != first[1]
    assert taken(bench, other, one) == [first[1], first[0]]
    assert bench.outbox.accept(one).outcome == "kept"
    assert bench.counts("accepted") == (2,)


def test_an_id_is_known_whatever_time_it_is_kept_for(bench):
    """Each time has marks of its own, of which one call may begin some that another one needs."""
    versioned = event("i1", {"stock": 1}, id="E1", version=at(1))
    later = event("i2", {"stock": 2}, id="E2")
    calls = [
        call(bench, delivery(f"t{n}", each)) for n, each in enumerate((versioned, later, later))
    ]
    calls[1][0]["dedupe_ms"] += 1000
    answers = bench.steps.run_in_order("accept", calls)
    assert [answer["outcome"] for answer in answers] == ["kept", "kept", "duplicate"]


def test_a_call_that_was_spooled_is_noted_no_more_once_it_is_drained(bench):
    slot, place = {"file": "f1", "name": "1"}, {"file": "f1", "number": 1, "after": 0}
    live, drained = (call(bench, delivery(f"t{n}", event(f"i{n}", {"stock": n}))) for n in (1, 2))
    live[0]["slot"] = drained[0]["slot"] = slot
    drained[0]["spooled"] = place | {"came_us": 1000 * bench.now_ms()}
    answers = bench.steps.run_in_order("accept", [live, drained])
    assert [answer["outcome"] for answer in answers] == ["kept", "kept"]
    assert bench.client.hgetall("instep:spool:f1") == {"last:erp": "1"}


def test_what_comes_behind_a_delivery_in_slices_is_later(bench):
    bench.client.rpush("instep:slicing:k", "[]")
    calls = [call(bench, delivery(f"t{n}", event(f"i{n}", {"stock": n}))) for n in range(3)]
    begins = {"key": "k", "head": "{}", "hash": "h", "remember": False, "bytes": 2, "most": 9}
    calls[1][0]["begins"] = begins | {"arrivals": 100}
    answers = bench.steps.run_in_order("accept", calls)
    assert [answer["outcome"] for answer in answers] == ["kept"] * 3
    arrivals = [
        json.loads(bench.client.hget(f"instep:item:products:i{n}", "f:stock"))["a"] for n in (0, 2)
    ]
    assert arrivals == [1, 102]
    assert bench.client.get("instep:arrival") == "102"
    kept = bench.client.execute_command("XRANGE", "instep:kept:erp", "-", "+", NEVER_DECODE=True)
    assert [entry[b"a"] for _, entry in kept] == [b"0", b"1", b"101"]


def test_the_letter_of_an_event_is_closed_by_one_behind_it(bench):
    answers = taken(
        bench, delivery("t1", bad(id="E1")), delivery("t2", event("i1", {"stock": 1}, id="E1"))
    )
    assert [answer["letters"] for answer in answers] == [1, 0]
    assert bench.letters() == []


def test_only_one_of_them_wakes_a_worker(bench):
    answers = taken(bench, *(delivery(f"t{n}", event(f"i{n}", {"stock": n})) for n in range(4)))
    assert [list(answer["wake"]) for answer in answers] == [["site"], [], [], []]


def test_numbers_follow_each_other_and_none_is_left_out(bench):
    taken(bench, *(delivery(f"t{n}", event(f"i{n}", {"stock": n, "name": "x"})) for n in range(3)))
    bench.accept(event("i3", {"stock": 3}))
    arrivals = [
        json.loads(text)["a"]
        for n in range(4)
        for name, text in sorted(bench.client.hgetall(f"instep:item:products:i{n}").items())
        if name.startswith("f:")
    ]
    assert sorted(arrivals) == [1, 2, 3, 4, 5, 6, 7]
    assert bench.client.get("instep:arrival") == "7"


def test_one_that_breaks_off_takes_none_along(bench):
    one, other = (delivery(f"t{n}", event(f"i{n}", {"stock": n}, id=f"E{n}")) for n in (1, 2))
    calls = [call(bench, one), wrong(bench, "t3")]
    calls += [call(bench, other)]
    before, failed, behind = bench.steps.run_in_order("accept", calls)
    assert isinstance(failed, redis.ResponseError)
    assert "collection" in str(failed)
    assert before["outcome"] == behind["outcome"] == "kept"
    assert [bench.value("i1"), bench.value("i2")] == [1, 2]
    # Of what it has counted nothing is told.
    assert bench.counts("accepted", "pending") == (2, 2)
    assert bench.client.hget("instep:source:erp", "deliveries") == "2"
    assert not bench.client.exists("instep:call:t3")
    assert bench.client.zrange("instep:due:products:live", 0, -1) == ["i1", "i2"]
    assert [bench.outbox.accept(each).accepted for each in (one, other)] == [1, 1]


def test_an_error_says_what_it_says_of_a_delivery_alone(bench):
    (together,) = bench.steps.run_in_order("accept", [wrong(bench, "t1")])
    with pytest.raises(StoreUnavailable) as alone:
        Steps(bench.client).run("accept", *wrong(bench, "t2"))
    told = str(together).partition(" script:")[0]
    assert told in str(alone.value)


def test_where_the_numbers_cannot_be_written_none_is_answered(bench):
    bench.client.hset("instep:metrics", "values:erp:products:pending", "x")
    one = delivery("t1", event("i1", {"stock": 1}, id="E1"))
    with pytest.raises(StoreUnavailable):
        taken(bench, one, delivery("t2", event("i2", {"stock": 2}, id="E2")))
    # All else was written, and no answer is remembered.
    assert bench.counts("accepted") == (2,)
    assert bench.client.hget("instep:spool:f1", "call:1") == "t2"
    assert not bench.client.keys("instep:call:*")
    bench.client.hdel("instep:metrics", "values:erp:products:pending")
    assert taken(bench, delivery("t3"), one)[1]["outcome"] == "duplicate"


def test_standing_parts_are_those_of_each(bench):
    calls = []
    for name in ("t1", "t2"):
        request, *more = call(bench, delivery(name, event(name, {"stock": 1})))
        calls.append(({**request, "kept": None}, *more))
    bench.steps.standing = {"summary": "[]", "kept": {"ms": 1, "most": 1, "words": None}}
    for request, *_ in calls:
        del request["summary"]
    taken_so = bench.steps.run_in_order("accept", calls)
    assert [answer["outcome"] for answer in taken_so] == ["kept", "kept"]
    # Listed, as they stand; and not kept, as they say themselves.
    assert bench.client.xlen("instep:unkept:erp") == 2
    assert not bench.client.exists("instep:kept:erp")
