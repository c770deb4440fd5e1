"""The threads that tell: in time, once, and each by itself."""

import json
import threading
from dataclasses import replace

import pytest

from tests.support.writeback_rig import told
from workers.delivery.writeback import HttpTarget, Teller, target_of, tell_forever
from workers.errors import OutgoingDenied, StoreUnavailable
from workers.model.writeback_attempts import Answer
from workers.store import writeback_keys


class Slow:
    """A target for which each message takes *seconds* of *way*."""

    def __init__(self, way, seconds, at_once=1):
        self.way, self.seconds, self.at_once, self.told = way, seconds, at_once, []

    def opened(self):
        return self

    def __enter__(self):
        return self._send

    def __exit__(self, *_):
        return None

    def _send(self, message):
        self.way.pass_time(self.seconds)
        self.told.append(message.key)
        return Answer("told")


def test_no_message_begins_so_late_that_its_claim_could_run_out(telling):
    way = telling()
    for n in range(1, 6):
        way.change(way.key(n), stock=7)
    way.run()
    slow = Slow(way, 5)
    teller = Teller(
        way.context.writebacks,
        way.settings.writebacks["shop"],
        target=slow,
        ticks=way.moved,
    )
    assert teller.step() == 0.0
    assert len(slow.told) == 2
    assert way.waiting() == 3
    while teller.step() is not None:
        pass
    assert sorted(slow.told) == [way.key(n) for n in range(1, 6)]


def test_a_process_that_ends_begins_no_message_and_gives_its_claim_back(telling):
    way, stop = telling(), threading.Event()
    for n in range(1, 6):
        way.change(way.key(n), stock=7)
    way.run()
    sink, own = way.sinks["shop"], way.settings.writebacks["shop"]
    sink.before = stop.set
    teller = Teller(way.context.writebacks, own, target=HttpTarget(own, sink))
    teller.step(stop.is_set)
    assert 1 <= len(sink.requests) <= teller._target.at_once
    sink.before = lambda: None
    way.tell()
    assert sorted({each["key"] for each in told(way)}) == [way.key(n) for n in range(1, 6)]
    assert len(told(way)) == 5


def test_a_record_at_which_processes_die_becomes_a_letter(telling):
    way = telling(attempts=3)
    way.change(way.key(1), stock=7)
    way.run()
    own = way.settings.writebacks["shop"]
    for _ in range(3):
        assert way.context.writebacks.claim(own).token
        way.pass_time(31)
    way.tell()
    (letter,) = way.letters()
    assert (letter.kind, "no answer" in letter.message) == ("writeback", True)
    assert told(way) == []


def test_the_same_claim_asked_again_is_the_same(telling):
    way = telling()
    way.change(way.key(1), stock=7)
    way.run()
    own, store = way.settings.writebacks["shop"], way.context.writebacks
    first = store.claim(own, "token")
    assert store.claim(own, "token") == first
    assert store.claim(own).token == ""


def test_a_clock_that_went_back_holds_up_nothing(telling):
    way = telling()
    way.change(way.key(1), stock=7)
    way.run()
    way.store.zadd(writeback_keys.due("shop"), {way.key(1): 1000 * (way.now() + 86_400)})
    assert way.context.writebacks.claim(way.settings.writebacks["shop"]).token


def test_what_has_no_entry_any_more_is_left_out(telling):
    way = telling()
    way.change(way.key(1), stock=7)
    way.run()
    way.store.delete(writeback_keys.records("shop"))
    way.tell()
    assert (told(way), way.waiting()) == ([], 0)


def test_each_target_has_a_thread_and_a_fault_of_one_stops_no_other():
    stop, seen = threading.Event(), []

    class Fails:
        def __init__(self, error):
            self.error = error

        def step(self, ends):
            seen.append(self.error)
            if len({type(each) for each in seen}) == 3:
                stop.set()
            if self.error:
                raise self.error

    tellers = {"a": Fails(StoreUnavailable("away")), "b": Fails(KeyError("x")), "c": Fails(None)}
    tell_forever(tellers, stop)
    assert {type(each) for each in seen} == {StoreUnavailable, KeyError, type(None)}


def test_nothing_is_claimed_of_a_store_that_is_not_safe(telling):
    way, stop = telling(), threading.Event()

    def sound():
        stop.set()
        raise StoreUnavailable("it may evict keys")

    tell_forever({"shop": way.teller("shop")}, stop, sound=sound)
    assert told(way) == []


def test_a_target_is_what_its_table_says(telling, shop):
    way = telling(shop)
    own = way.settings.writebacks["shop"]
    assert target_of(own).at_once == 1
    assert target_of(replace(own, url="https://h.example/", sql=None)).at_once == 4


@pytest.mark.parametrize("at", ["connect", "send"])
def test_a_database_that_refuses_the_user_pauses_its_write_back(telling, at):
    way = telling()
    for n in range(1, 4):
        way.change(way.key(n), stock=7)
    way.run()

    class Closed(Slow):
        def __enter__(self):
            return self._deny() if at == "connect" else super().__enter__()

        def _send(self, message):
            self._deny()

        def _deny(self):
            raise OutgoingDenied("postgresql://db/shop: permission denied")

    own = way.settings.writebacks["shop"]
    assert Teller(way.context.writebacks, own, target=Closed(way, 0)).step() == 0.0
    state = way.context.writeback_states.read()["shop"]
    assert (state["state"], state["waiting"]) == ("paused", 3)
    assert "permission denied" in state["reason"]
    assert way.letters() == []


def test_many_are_told_at_once_and_none_twice(telling):
    way = telling()
    for n in range(1, 13):
        way.change(way.key(n), stock=7)
    way.run()
    way.tell()
    keys = [json.loads(body)["key"] for _, _, body, _ in way.sinks["shop"].requests]
    assert sorted(keys) == sorted(way.key(n) for n in range(1, 13))
