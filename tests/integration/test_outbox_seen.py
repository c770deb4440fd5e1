"""Deliveries and events that come twice."""

import pytest

from tests.support.outbox_driver import at, bad, event
from workers.model.changes import Incoming

HOUR = 3600


def deliveries(bench, source="erp"):
    held = bench.client.hgetall(f"instep:source:{source}")
    return int(held.get("deliveries", 0)), int(held.get("duplicates", 0))


def test_a_delivery_whose_events_were_all_seen_is_a_duplicate_and_counts_no_value(bench):
    events = event("i1", {"stock": 1}, id="e1"), event("i2", {"stock": 1}, id="e2", index=1)
    bench.accept(*events)
    again = bench.accept(*events)
    assert (again.outcome, again.accepted, again.wake) == ("duplicate", 0, ())
    assert bench.counts("accepted", "pending") == (2, 2)
    assert deliveries(bench) == (2, 1)


def test_of_a_delivery_with_a_new_event_only_that_one_is_accepted(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1"))
    answer = bench.accept(
        event("i1", {"stock": 9}, id="e1"), event("i2", {"stock": 2}, id="e2", index=1)
    )
    assert (answer.outcome, answer.accepted) == ("kept", 1)
    assert (bench.value("i1"), bench.value("i2")) == (1, 2)
    assert deliveries(bench) == (2, 0)


def test_an_event_that_stands_twice_in_one_delivery_is_accepted_once(bench):
    answer = bench.accept(
        event("i1", {"stock": 1}, id="e1"), event("i1", {"stock": 1}, id="e1", index=1)
    )
    assert (answer.outcome, answer.accepted) == ("kept", 1)


def test_events_without_an_id_are_never_duplicates(bench):
    for stock in (5, 4, 5):
        assert bench.accept(event("i1", {"stock": stock})).outcome == "kept"
    assert bench.value("i1") == 5
    assert bench.counts("accepted") == (3,)


def test_the_replay_of_an_event_that_was_accepted_meanwhile_is_a_duplicate(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1"))
    assert bench.accept(event("i1", {"stock": 1}, id="e1"), mode="remap").outcome == "duplicate"
    assert bench.counts("accepted") == (1,)


def test_an_id_belongs_to_its_source(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1"), source="erp")
    assert bench.accept(event("i1", {"stock": 2}, id="e1"), source="shop").outcome == "kept"
    assert bench.value("i1") == 2


def test_an_event_that_nothing_wanted_is_not_marked_as_seen(bench):
    bench.accept(Incoming("e1", "order.created", 0))
    assert bench.accept(event("i1", {"stock": 1}, id="e1")).outcome == "kept"
    assert bench.value("i1") == 1


def test_an_event_that_could_not_be_mapped_is_not_marked_as_seen(bench):
    bench.accept(bad(id="e1"))
    assert bench.accept(event("i1", {"stock": 1}, id="e1")).outcome == "kept"
    assert bench.value("i1") == 1


@pytest.mark.parametrize("start", [0.0, 0.5, 0.999], ids=["early", "midway", "late"])
def test_an_id_is_remembered_for_the_whole_window_wherever_it_falls_in_a_bucket(bench, start):
    into = bench.now_ms() / 1000 % (24 * HOUR)
    bench.pass_time(24 * HOUR - into + start * 24 * HOUR)
    bench.accept(event("i1", {"stock": 1}, id="e1"))
    bench.pass_time(24 * HOUR - 60)
    assert bench.accept(event("i1", {"stock": 2}, id="e1")).outcome == "duplicate"


def test_an_id_is_remembered_when_the_clock_steps_back(bench):
    into = bench.now_ms() / 1000 % (24 * HOUR)
    bench.pass_time(24 * HOUR - into + 60)
    bench.accept(event("i1", {"stock": 1}, id="e1"))
    bench.pass_time(-2 * HOUR)
    assert bench.accept(event("i1", {"stock": 2}, id="e1")).outcome == "duplicate"


def test_seen_ids_expire_from_the_store_soon_after_their_window(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1"))
    (key,) = bench.client.scan_iter("instep:seen:erp:*")
    assert 24 * HOUR < bench.client.ttl(key) <= 27 * HOUR


def test_an_id_is_forgotten_within_an_eighth_of_the_window_after_it(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1"))
    bench.pass_time(27 * HOUR + 60)
    assert bench.accept(event("i1", {"stock": 2}, id="e1")).outcome == "kept"


def test_a_tiny_window_does_not_stop_the_store(bench_with):
    bench = bench_with(dedupe_hours=1e-9)
    assert bench.accept(event("i1", {"stock": 1}, id="e1")).outcome == "kept"


def test_a_repeat_of_the_same_call_gets_the_first_answer_and_counts_once(bench):
    first = bench.accept(event("i1", {"stock": 1}), token="call-1")
    assert bench.accept(event("i1", {"stock": 1}), token="call-1") == first
    assert first.wake == ("site",)
    assert bench.counts("accepted") == (1,)
    assert deliveries(bench) == (1, 0)


def test_a_delivery_is_accepted_whole(bench):
    bench.accept(
        event("i1", {"stock": 1}, id="e1", version=at(5)),
        event("i1", {"stock": 2}, id="e2", index=1, version=at(6)),
        event("i1", {"stock": 3}, id="e3", index=2, version=at(4)),
    )
    assert bench.value("i1") == 2
    assert bench.counts("accepted", "superseded", "stale", "pending") == (3, 1, 1, 1)
