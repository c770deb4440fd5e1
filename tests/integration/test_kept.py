"""Deliveries are kept, in the step that accepts them: which, how, how long."""

import json

import pytest

from tests.support.outbox_driver import event
from tests.support.remap_rig import OPTIONS, Shop
from workers.errors import StoreUnavailable
from workers.model.changes import Delivery
from workers.store.acceptance import Requests

STOCK = 'stock = fields.Integer(data_key="qty")'


@pytest.fixture
def shop_with(store, tmp_path):
    def make(fields=STOCK, **options):
        return Shop(store, tmp_path, fields, **options)

    return make


@pytest.fixture
def shop(shop_with):
    return shop_with()


def bodies(shop):
    return [json.loads(delivery.body) for delivery in shop.deliveries()]


def test_what_is_mapped_unwanted_or_wrong_is_kept_as_it_came(shop_with):
    shop = shop_with(meta='topics = ("stock",)')
    came = [
        {"type": "stock", "sku": "a", "qty": 1},
        {"type": "order", "sku": "a"},
        {"type": "stock", "sku": "a", "qty": "x"},
        {},
    ]
    assert [shop.receive(**each) for each in came] == ["kept", "unwanted", "kept", "unwanted"]
    assert bodies(shop) == came
    assert [each.number for each in shop.deliveries()] == [1, 2, 3, 4]
    assert {each.headers["content-type"] for each in shop.deliveries()} == {"application/json"}


def test_a_header_that_is_a_proof_is_not_kept(shop):
    shop.receive(sku="a", qty=1)
    assert set(shop.deliveries()[0].headers) == {"content-type"}


def test_a_body_is_kept_without_the_proof_in_it(shop_with):
    shop = shop_with(sender="body-token", options={"field": "token"} | OPTIONS)
    assert shop.receive(token="s3cret", sku="a", qty=1) == "kept"
    (kept,) = shop.deliveries()
    assert b"s3cret" not in kept.body
    assert json.loads(kept.body)["qty"] == 1


def test_a_duplicate_is_kept_once(shop):
    assert shop.receive(id="e1", sku="a", qty=1) == "kept"
    assert shop.receive(id="e1", sku="a", qty=1) == "duplicate"
    assert len(shop.deliveries()) == 1


def test_what_nothing_wanted_is_kept_also_beside_a_repeat(shop_with):
    shop = shop_with(meta='topics = ("stock",)')
    shop.receive(id="e1", type="stock", sku="a", qty=1)
    repeat = {"id": "e1", "type": "stock", "sku": "a", "qty": 1}
    assert shop.receive(repeat, {"id": "e2", "type": "new", "sku": "b", "qty": 2}) == "duplicate"
    assert shop.deliveries()[1].repeats == {0}
    shop.correct(STOCK)
    shop.remap()
    assert shop.value("b") == 2


def test_of_each_event_it_is_known_whether_it_was_taken(shop):
    shop.receive(id="e1", sku="a", qty=1)
    shop.receive(
        {"id": "e1", "sku": "a", "qty": 1},
        {"id": "e2", "sku": "a", "qty": 2},
        {"id": "e3", "sku": "a", "qty": "x"},
    )
    kept = shop.deliveries()[1]
    assert kept.repeats == {0}
    assert [kept.took(place) for place in (1, 2)] == [True, False]


def test_where_one_letter_stands_for_many_events_the_others_are_known_as_taken(shop):
    wrong = [{"id": f"e{n}", "sku": "a", "qty": "x"} for n in range(201)]
    shop.receive(*wrong, {"id": "good", "sku": "a", "qty": 1})
    (kept,) = shop.deliveries()
    assert kept.took(201)
    assert not kept.took(0)


def test_a_repeat_of_the_call_keeps_nothing_twice(shop):
    shop.receive(sku="a", qty=1)
    shop.steps.repeat("accept")
    assert len(shop.deliveries()) == 1


def test_nothing_is_kept_where_the_source_says_so(shop_with):
    shop = shop_with(keep_hours=0.0)
    shop.receive(sku="a", qty=1)
    assert shop.client.keys("instep:kept*") == []


def test_deliveries_of_one_kind_share_their_words(shop):
    for n in range(50):
        shop.receive(
            sku=f"sku-{n}",
            qty=n,
            description="a long text that they all have in common, and some more of it",
        )
    assert len(bodies(shop)) == 50
    assert shop.client.xlen("instep:kept-words:erp") == 1
    held, alone = shop.kept.window("erp"), sum(len(each.body) for each in shop.deliveries())
    assert held.bytes < 0.9 * alone


def test_words_serve_an_hour_and_go_with_the_deliveries_that_need_them(shop_with):
    shop = shop_with(keep_hours=3.0)
    clock = [0.0]
    shop.outbox._packer._clock = lambda: clock[0]
    for _ in range(12):
        shop.receive(sku="a", qty=1)
        shop.pass_time(1800)
        clock[0] += 1800
    assert 2 <= shop.client.xlen("instep:kept-words:erp") <= 6
    assert all(each.readable for each in shop.deliveries())
    assert 5 <= len(shop.deliveries()) <= 7


def test_what_is_too_old_falls_out_also_where_nothing_comes(shop_with):
    shop = shop_with(keep_hours=1.0)
    shop.receive(sku="a", qty=1)
    shop.pass_time(1800)
    shop.receive(sku="a", qty=2)
    assert shop.kept.window("erp").fell is None
    shop.pass_time(1801)
    shop.outbox.sweep()
    assert [each["qty"] for each in bodies(shop)] == [2]
    assert shop.kept.window("erp").fell is not None
    shop.pass_time(3 * 3600)
    shop.outbox.sweep()
    held = shop.kept.window("erp")
    assert (held.count, held.bytes, held.since, held.dropped) == (0, 0, None, 0)


def test_what_does_not_fit_falls_out_oldest_first_and_is_counted(shop, monkeypatch):
    little = {"ms": 3_600_000, "most": 1000}
    monkeypatch.setattr("workers.store.acceptance.room_of", lambda _: little)
    shop.outbox.requests = Requests(shop.settings)
    for n in range(60):
        shop.receive(sku=f"{n:05}", qty=n)
    held = shop.kept.window("erp")
    assert held.bytes <= 1000
    assert held.dropped == 60 - held.count > 0
    assert [each["qty"] for each in bodies(shop)] == list(range(held.dropped, 60))


def test_the_bytes_are_those_of_what_is_kept(shop):
    for n in range(300):
        shop.receive(sku=f"{n:05}", qty=n)
    held = shop.kept.window("erp").bytes
    keys = ("instep:kept:erp", "instep:kept-words:erp")
    memory = sum(shop.client.memory_usage(key, samples=0) for key in keys)
    assert 0.5 < held / memory < 1.2


def test_a_clock_that_steps_back_loses_nothing(shop):
    shop.receive(sku="a", qty=1)
    shop.pass_time(-7200)
    shop.receive(sku="a", qty=2)
    assert [each["qty"] for each in bodies(shop)] == [1, 2]


def test_a_body_that_is_no_text_is_kept_as_it_is(bench):
    body = bytes(range(256))
    bench.outbox.accept(Delivery("erp", "t1", (event("i1", {"stock": 1}),), body))
    from workers.store.delivery_log import Kept

    kept = Kept(bench.outbox)
    window = kept.window("erp")
    (delivery,) = kept.read("erp", since=window.since, last=window.last)
    assert delivery.body == body


def test_deliveries_that_cannot_be_unpacked_are_told(shop):
    shop.receive(sku="a", qty=1)
    shop.client.delete("instep:kept-words:erp")
    (kept,) = shop.deliveries()
    assert not kept.readable
    assert shop.remap().tally.unreadable == 1


def test_a_store_without_room_runs_nothing_again(shop, monkeypatch):
    shop.receive(sku="a", qty=1)

    def full():
        raise StoreUnavailable("full")

    monkeypatch.setattr(shop.outbox, "check_room", full)
    with pytest.raises(StoreUnavailable):
        shop.remap()
