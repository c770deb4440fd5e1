"""Letters of events that come again: which body, which place and which version they speak of."""

import json

import pytest

from tests.support.outbox_driver import at, change, event, number
from tests.support.remap_rig import Shop
from workers.model.changes import FieldProblem, Incoming, LeftOut
from workers.store.dead_letters import DeadLetters
from workers.store.outbox import balanced

STRICT = """
stock = fields.Integer(data_key="qty", strict=True)
price = fields.Integer(strict=True)
"""
LOOSE = """
stock = fields.Integer(data_key="qty")
price = fields.Integer()
"""
PROBLEM = FieldProblem("qty", "Not a valid integer.")


def of(n, record, **fields):
    return {"id": f"e{n}", "sku": record, **fields}


@pytest.fixture
def shop_with(store, tmp_path):
    return lambda **options: Shop(store, tmp_path, STRICT, **options)


def replay(shop, n=0):
    letter = DeadLetters(shop.steps, shop.settings).show(shop.letters()[n]["id"])
    receipt = shop.intake.replay(letter)
    assert balanced(shop.counts())
    return receipt


@pytest.mark.parametrize("first", ["alone", "behind another"])
def test_a_repeat_in_another_body_leaves_the_letter_the_place_in_its_own(shop_with, first):
    shop = shop_with()
    good, partly = of(1, "a", qty=1), of(2, "b", price=2, qty="2")
    for alone in (True, False) if first == "alone" else (False, True):
        shop.receive(*([partly] if alone else [good, partly]))
    shop.correct(LOOSE)
    replay(shop)
    assert shop.value("b") == 2
    assert shop.letters() == []


def test_an_event_without_an_id_stands_where_it_came_last(shop_with):
    shop = shop_with(options={"events": "events || [@]"})
    partly = {"sku": "i1", "price": "1", "qty": "5"}
    shop.receive(**partly)
    shop.receive(sku="i1", qty=4)
    shop.receive(**partly)
    shop.correct(LOOSE)
    replay(shop)
    assert shop.value("i1") == 5


@pytest.mark.parametrize("hours", [24, 0])
def test_a_replay_goes_over_what_came_before_it_in_one_delivery(shop_with, hours):
    shop = shop_with(keep_hours=hours)
    shop.receive(of(1, "i1", qty=5), of(2, "i1", price=1, qty="7"))
    shop.correct(LOOSE)
    replay(shop)
    assert (shop.value("i1"), shop.letters()) == (7, [])


def test_a_remap_leaves_what_an_earlier_event_of_its_delivery_does_not_overtake(shop_with):
    shop = shop_with(options={"id": "id", "events": "events || [@]"})
    shop.receive(of(1, "i1", price=1))
    shop.receive(of(2, "i1", qty=23), of(3, "i1", price=3, qty="59"))
    shop.remap()
    assert len(shop.letters()) == 1


def test_a_letter_that_stands_for_many_has_no_body_to_replay_one_of_them_by(shop_with, monkeypatch):
    monkeypatch.setattr("workers.store.outbox.LETTERS_MOST", 0)
    shop = shop_with()
    for n in range(3):
        shop.receive(of(n, f"i{n}", price=n, qty=str(n)))
    shop.correct(LOOSE)
    (letter,) = shop.letters()
    assert "raw" not in letter
    assert letter["number"] == "0"
    replay(shop)
    assert len(shop.letters()) == 1
    shop.remap()
    assert [shop.value(f"i{n}") for n in range(3)] == [0, 1, 2]


def test_a_letter_without_a_body_takes_that_of_a_repeat_once_there_is_room(shop_with, monkeypatch):
    shop = shop_with(keep_hours=0)
    monkeypatch.setattr("workers.store.outbox.RAW_BYTES", 0)
    shop.receive(of(1, "i1", price=1, qty="5"))
    monkeypatch.undo()
    shop.receive(of(2, "i2", price=1), of(1, "i1", price=1, qty="5"))
    shop.correct(LOOSE)
    replay(shop)
    assert (shop.value("i1"), shop.letters()) == (5, [])


def test_a_remap_that_fails_again_leaves_a_letter_without_a_body_as_it_is(shop_with, monkeypatch):
    monkeypatch.setattr("workers.store.outbox.RAW_BYTES", 0)
    shop = shop_with()
    shop.receive(of(1, "i1", price=1, qty="5"))
    shop.remap()
    assert [letter["state"] for letter in shop.letters()] == ["open"]


# versions -----------------------------------------------------------------------------------


def partly(*versions, id="e1"):
    """An event that left out the stock of one record at *versions*."""
    left = tuple(LeftOut("products", "i1", "item", "stock", version) for version in versions)
    return Incoming(id, "t", 0, (), (PROBLEM,), left=left)


@pytest.mark.parametrize("seconds", [(20, 10), (10, 20)])
def test_of_two_elements_that_leave_out_one_field_the_newer_keeps_the_letter_open(bench, seconds):
    bench.accept(partly(*map(at, seconds)))
    bench.accept(event("i1", {"stock": 3}, version=at(15)))
    assert len(bench.letters()) == 1
    bench.accept(event("i1", {"stock": 4}, version=at(20)))
    assert bench.letters() == []


@pytest.mark.parametrize(("left", "held"), [(at(10), number(5)), (number(5), at(10))])
def test_between_versions_of_two_kinds_the_order_of_arrival_decides(bench, left, held):
    bench.accept(partly(left))
    bench.accept(event("i1", {"stock": 3}, version=held))
    assert bench.letters() == []


def test_a_value_of_another_kind_that_came_before_leaves_the_letter_open(bench):
    bench.accept(event("i1", {"stock": 3}, version=at(10)))
    bench.accept(partly(number(5)))
    assert len(bench.letters()) == 1


def test_a_letter_of_many_counts_what_is_left_in_it(bench):
    left = tuple(LeftOut("products", f"i{n}", "item", "stock", at(10)) for n in range(500))
    bench.accept(Incoming("e1", "t", 0, (), (PROBLEM,), left=left))
    (letter,) = bench.letters()
    bench.accept(Incoming("e2", "t", 0, (change("i1", {"stock": 1}, version=at(20)),)))
    assert bench.client.hget(f"instep:letter:{letter['id']}", "entries") == "499"


def test_entries_that_an_earlier_release_did_not_count_are_counted(bench):
    left = tuple(LeftOut("products", f"i{n}", "item", "stock", at(10)) for n in range(2))
    bench.accept(Incoming("e1", "t", 0, (), (PROBLEM,), left=left))
    (letter,) = bench.letters()
    bench.client.hdel(f"instep:letter:{letter['id']}", "entries")
    bench.accept(event("i0", {"stock": 1}, version=at(20)))
    (letter,) = bench.letters()
    assert json.loads(letter["events"]) == ["e1"]
    bench.accept(event("i1", {"stock": 1}, version=at(20)))
    assert bench.letters() == []
