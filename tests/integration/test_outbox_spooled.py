"""Deliveries that come out of a spool: in the place where they came, and once."""

import json
import uuid
from dataclasses import replace

import pytest

from tests.support.outbox_driver import at, change, number
from tests.support.stored_items import field_of
from workers.model.changes import Delivery, Incoming, Slot, Spooled
from workers.store.outbox import balanced

ITEM = "i1"


class Spool:
    """A spool file of a process, drained one by one."""

    def __init__(self, bench, file="f1"):
        self.bench, self.file, self.number, self.last = bench, file, 0, {}

    def put(self, qty, *, came, source="erp", id=None, token=None, slot=None, **options):
        """Keep a delivery that came *came* seconds ago; return it as it is drained."""
        self.number += 1
        event = Incoming(id, "stock.changed", 0, (change(ITEM, {"stock": qty}, **options),))
        came_us = 1000 * self.bench.now_ms() - int(came * 1e6)
        spooled = Spooled(self.file, self.number, self.last.get(source, 0), came_us)
        self.last[source] = self.number
        token = token or uuid.uuid4().hex
        return Delivery(source, token, (event,), b"{}", spooled=spooled, slot=slot)

    def drain(self, qty, **options):
        return self.bench.outbox.accept(self.put(qty, **options))


@pytest.fixture
def spool(bench):
    yield Spool(bench)
    assert balanced(bench.outbox.counts())


def direct(bench, qty, source="erp", id=None, **options):
    event = Incoming(id, "stock.changed", 0, (change(ITEM, {"stock": qty}, **options),))
    return bench.accept(event, source=source)


def held(bench, slug="stock", record=ITEM):
    return json.loads(field_of(bench.client, f"instep:item:products:{record}", slug)["v"])


def test_what_came_first_is_drained_first_and_the_last_one_stands(bench, spool):
    for n in (5, 6, 7):
        assert spool.drain(n, came=60 - n).outcome == "kept"
    assert held(bench) == 7


def test_one_without_a_time_goes_over_what_came_before_it(bench, spool):
    direct(bench, 1)
    bench.pass_time(60)
    spool.drain(2, came=30)
    assert held(bench) == 2


def test_one_without_a_time_does_not_go_over_what_came_later_directly(bench, spool):
    direct(bench, 1)
    bench.pass_time(60)
    spool.drain(2, came=90)
    assert held(bench) == 1


def test_a_later_direct_one_goes_over_what_was_drained(bench, spool):
    spool.drain(2, came=30)
    direct(bench, 3)
    assert held(bench) == 3


def test_files_may_be_drained_in_any_order(bench, spool):
    other = Spool(bench, "f2")
    spool.drain(2, came=10)
    other.drain(1, came=20)
    other.drain(3, came=5)
    assert held(bench) == 3


def test_over_a_sequence_the_time_of_arrival_decides(bench, spool):
    direct(bench, 1, source="shop", version=number(7))
    bench.pass_time(60)
    spool.drain(2, came=30)
    assert held(bench) == 2
    spool.drain(3, came=40)
    assert held(bench) == 2


def test_over_a_time_that_is_ahead_the_later_delivery_wins(bench, spool):
    direct(bench, 1, source="shop", version=bench.ahead(600))
    bench.pass_time(60)
    spool.drain(2, came=30)
    assert held(bench) == 2


def test_an_older_version_is_stale_and_a_newer_one_wins_whenever_they_came(bench, spool):
    direct(bench, 1, version=at(10))
    bench.pass_time(60)
    spool.drain(2, came=5, version=at(9))
    assert held(bench) == 1
    spool.drain(3, came=90, version=at(11))
    assert held(bench) == 3


@pytest.mark.parametrize(("came", "stands"), [(30, 2), (90, 1)], ids=["later", "earlier"])
def test_of_equal_versions_the_later_delivery_stands(bench, spool, came, stands):
    direct(bench, 1, version=at(10))
    bench.pass_time(60)
    spool.drain(2, came=came, version=at(10))
    assert held(bench) == stands


def test_a_repeat_that_came_meanwhile_is_a_duplicate(bench, spool):
    assert spool.drain(1, came=30, id="e1").outcome == "kept"
    assert spool.drain(1, came=20, id="e1").outcome == "duplicate"
    assert direct(bench, 1, id="e1").outcome == "duplicate"


def test_a_drain_that_is_repeated_after_a_crash_is_found_done(bench, spool):
    delivery = spool.put(1, came=30)
    bench.outbox.accept(delivery)
    counts = bench.outbox.counts()
    bench.pass_time(3600)
    repeat = bench.outbox.accept(delivery)
    assert (repeat.outcome, repeat.last) == ("drained", 1)
    assert bench.outbox.counts() == counts


def test_none_is_drained_before_the_one_that_came_before_it(bench, spool):
    first, second = spool.put(1, came=30), spool.put(2, came=20)
    early = bench.outbox.accept(second)
    assert (early.outcome, early.last) == ("behind", 0)
    assert bench.outbox.counts()["accepted"] == 0
    assert bench.outbox.accept(first).outcome == "kept"
    assert bench.outbox.accept(second).outcome == "kept"


def test_another_source_of_the_file_waits_for_nobody(spool):
    spool.put(1, came=30)
    assert spool.drain(2, came=20, source="shop").outcome == "kept"


@pytest.mark.parametrize("seconds", [1, 3600], ids=["at once", "much later"])
def test_a_call_whose_answer_was_lost_is_found_done(bench, spool, seconds):
    slot = Slot("p1", "3")
    event = Incoming(None, "stock.changed", 0, (change(ITEM, {"stock": 1}),))
    bench.outbox.accept(Delivery("erp", "token-1", (event,), b"{}", slot=slot))
    bench.pass_time(seconds)
    counts = bench.outbox.counts()
    if seconds > 15:
        bench.client.delete("instep:call:token-1")
    again = spool.drain(1, came=seconds + 1, token="token-1", slot=slot)
    assert again.outcome == "drained"
    assert bench.outbox.counts() == counts
    assert not bench.client.hexists("instep:spool:p1", "call:3")
    assert spool.drain(2, came=0.5).outcome == "kept"


def test_a_call_that_never_came_through_is_not_found_done(spool):
    slot = Slot("p1", "3")
    assert spool.drain(1, came=5, token="token-1", slot=slot).outcome == "kept"


def test_what_is_noted_of_a_file_has_an_end(bench, spool):
    spool.drain(1, came=5)
    direct_one = Delivery("erp", "t", (), b"{}", slot=Slot("p1", "1"))
    bench.outbox.accept(direct_one)
    for name in ("f1", "p1"):
        assert bench.client.pttl(f"instep:spool:{name}") > 0


def test_its_age_is_told_from_when_it_came(bench, spool):
    spool.drain(1, came=30)
    (score,) = [
        score for _, score in bench.client.zrange("instep:waiting:products", 0, -1, withscores=True)
    ]
    assert 29_000 < bench.now_ms() - score < 31_000


def test_one_of_very_many_changes_is_taken_in_slices_where_it_came_and_drained_once(bench, spool):
    events = tuple(
        Incoming(f"e{n}", "stock.changed", n, (change(f"i{n}", {"stock": 2}),)) for n in range(600)
    )
    delivery = replace(spool.put(0, came=60), events=events)
    bench.pass_time(-90)
    direct(bench, 1)
    bench.pass_time(90)
    other = bench.accept(Incoming(None, "stock.changed", 0, (change("i2", {"stock": 3}),)))
    assert other.outcome == "kept"
    assert bench.outbox.accept(delivery).outcome == "kept"
    assert bench.outbox.accept(delivery).outcome == "drained"
    assert spool.drain(4, came=50).outcome == "kept"
    while bench.outbox.slice().more:
        assert bench.outbox.accept(delivery).outcome == "drained"
    assert held(bench) == 4
    assert held(bench, record="i2") == 3
    assert held(bench, record="i3") == 2
    assert bench.outbox.counts()["accepted"] == 603


def together(spool, *quantities):
    """Have the store know the words of the source, and return deliveries that go together."""
    spool.drain(1, came=100)
    return [spool.put(qty, came=90 - n) for n, qty in enumerate(quantities)]


def test_what_follows_one_another_is_drained_without_a_wait_in_between(bench, spool):
    found = bench.outbox.accept_in_order(together(spool, 2, 3, 4))
    assert [each.outcome for each in found] == ["kept"] * 3
    assert (held(bench), bench.counts("accepted")) == (4, (4,))


def test_what_follows_one_that_is_not_taken_is_not_taken(bench, spool):
    first, _, third = together(spool, 2, 3, 4)
    found = bench.outbox.accept_in_order([first, third])
    assert [each.outcome for each in found] == ["kept", "behind"]
    assert (held(bench), found[-1].last) == (2, 2)


def test_drained_together_again_after_a_lost_answer_nothing_is_taken_twice(bench, spool):
    deliveries = together(spool, 2, 3, 4)
    bench.outbox.accept_in_order(deliveries[:2])
    found = bench.outbox.accept_in_order(deliveries)
    assert [each.outcome for each in found] == ["drained", "drained", "kept"]
    assert bench.counts("accepted") == (4,)


def test_what_brings_new_words_is_drained_by_itself(bench, spool):
    deliveries = [spool.put(qty, came=90 - qty) for qty in (1, 2, 3)]
    assert len(bench.outbox.accept_in_order(deliveries)) == 1
    assert len(bench.outbox.accept_in_order(deliveries[1:])) == 2
