"""Which pending deletes are listed, and which a decision is for."""

from types import SimpleNamespace

import pytest

from service.operate import held_delete_choice, held_deletes
from service.operate.held_delete_choice import ChosenDeletes, DeleteSelection, choose
from service.operate.held_deletes import (
    count_held,
    estimate,
    held_reasons,
    list_deletes,
)
from service.operate.page import FilterInvalid
from service.operate.scope import Scope
from tests.support.held_deletes_fake import FakeHeldDeletes, held
from workers.model.held_reason import HeldReason

SHOP = Scope(False, frozenset({"shop"}), frozenset({"orders"}), frozenset())


@pytest.fixture
def context():
    fake = FakeHeldDeletes(
        held(1),
        held(2, "pages", waits="delay"),
        held(3, "orders", source="till"),
        held(5),
        held(6, "pages", waits="delay"),
    )
    settings = SimpleNamespace(collections={"products": None, "orders": None, "pages": None})
    return SimpleNamespace(settings=settings, held_deletes=fake)


def listed(context, **options):
    page = list_deletes(context, **{"limit": 50} | options)
    return [each["id"] for each in page.items], page.next


def chosen(context, **options):
    found = choose(context, DeleteSelection(**options))
    return found.ids, found.left, found.unknown


def test_they_are_listed_oldest_first_over_all_collections(context):
    found, cursor = listed(context)
    assert found == ["products:1", "pages:2", "orders:3", "products:5", "pages:6"]
    assert cursor is None
    assert listed(context, collection="orders")[0] == ["orders:3"]
    assert listed(context, scope=SHOP)[0] == ["orders:3"]


def test_a_list_goes_on_where_its_page_ended(context):
    found, cursor = listed(context, limit=2)
    assert (found, cursor) == (["products:1", "pages:2"], "pages:2")
    assert listed(context, limit=2, cursor=cursor) == (["orders:3", "products:5"], "products:5")
    assert listed(context, limit=3, cursor=cursor)[1] is None


def test_more_than_one_round_trip_is_read(context, monkeypatch):
    monkeypatch.setattr(held_deletes, "READ", 1)
    assert len(listed(context)[0]) == 5


@pytest.mark.parametrize("cursor", ["", "products:", "products:x", "products:²"])
def test_what_is_no_cursor_is_refused(context, cursor):
    with pytest.raises(FilterInvalid):
        listed(context, cursor=cursor)


def test_a_collection_that_is_not_there_or_not_seen_is_refused(context):
    with pytest.raises(FilterInvalid, match="orders, pages, products"):
        listed(context, collection="x")
    with pytest.raises(FilterInvalid, match="a collection: orders;"):
        chosen(context, collection="products", scope=SHOP)


def test_an_entry_says_what_waits_for_what_and_why(context):
    (entry, *_) = list_deletes(context, limit=1).items
    assert entry == {
        "id": "products:1",
        "collection": "products",
        "key": "K1",
        "item": "item-1",
        "action": "archive",
        "source": "erp",
        "run": None,
        "since": "2026-05-12T09:30:01+00:00",
        "waits": "approval",
        "until": None,
        "reason": "half of the collection or more",
    }


def test_a_decision_is_for_all_that_wait_for_approval(context):
    assert chosen(context) == (["products:1", "orders:3", "products:5"], 0, ())
    assert chosen(context, up_to=2) == (["products:1", "orders:3"], 1, ())
    assert chosen(context, up_to=0) == ([], 3, ())
    assert chosen(context, collection="products") == (["products:1", "products:5"], 0, ())
    assert chosen(context, scope=SHOP) == (["orders:3"], 0, ())


def test_a_decision_reads_nothing_but_arrival_numbers_in_parts(context, monkeypatch):
    monkeypatch.setattr(held_delete_choice, "READ", 1)
    monkeypatch.delattr(FakeHeldDeletes, "read")
    context.held_deletes.deletes |= {each.id: each for each in (held(n) for n in range(10, 40))}
    found = choose(context, DeleteSelection(up_to=30))
    assert [arrival for arrival, _ in found.deletes] == [1, 3, 5, *range(10, 37)]
    assert (found.left, found.delayed) == (3, 0)
    assert choose(context, DeleteSelection(ids=("pages:2", "products:1"))).delayed == 1


def test_a_decision_is_for_those_named_also_before_their_delay_is_over(context):
    ids = ("pages:2", "products:9", "products:1", "products:9")
    assert chosen(context, ids=ids) == (["products:1", "pages:2"], 0, ("products:9",))
    assert chosen(context, ids=ids, scope=SHOP)[2] == ids[:3]


def test_an_estimate_says_what_a_decision_would_be_for(context):
    found = estimate(context, "approve", choose(context, DeleteSelection(up_to=2)))
    examples = found.pop("examples")
    assert [each["id"] for each in examples] == ["products:1", "orders:3"]
    assert found == {
        "action": "approve",
        "deletes": 2,
        "left": 1,
        "collections": {"products": 1, "orders": 1},
        "oldest": "2026-05-12T09:30:01+00:00",
        "newest": "2026-05-12T09:30:03+00:00",
        "unknown": [],
    }
    assert estimate(context, "drop", ChosenDeletes(()))["oldest"] is None


def test_an_estimate_reads_its_examples_and_the_last(context, monkeypatch):
    monkeypatch.setattr(held_deletes, "SHOWN", 2)
    context.held_deletes.deletes |= {each.id: each for each in (held(n) for n in range(10, 40))}
    read, asked = context.held_deletes.read, []
    context.held_deletes.read = lambda named: asked.extend(named) or read(named)
    found = estimate(context, "approve", choose(context, DeleteSelection()))
    assert asked == [("products", 1), ("orders", 3), ("products", 39)]
    assert [each["id"] for each in found["examples"]] == ["products:1", "orders:3"]
    assert (found["deletes"], found["newest"]) == (33, "2026-05-12T09:30:39+00:00")


def test_only_those_that_wait_for_approval_are_counted(context):
    assert count_held(context) == {"products": 2, "orders": 1}
    assert count_held(context, SHOP) == {"orders": 1}


def test_why_they_wait_is_told_with_numbers(context):
    reason = HeldReason(waiting=2, gone=1, items=4, at_most=10, percent=5.0, window=1800)
    asked = []
    context.held_deletes.reasons = lambda names: asked.append(names) or dict.fromkeys(names, reason)
    told = {"items": 4, "gone": 1, "window": "30 min", "limit": "half of the collection or more"}
    assert held_reasons(context) == [
        {"collection": "orders", "deletes": 1, **told},
        {"collection": "products", "deletes": 2, **told},
    ]
    found = held_reasons(context, scope=SHOP)
    assert [each["collection"] for each in found] == ["orders"]
    assert asked == [["orders", "products"], ["orders"]]
    with pytest.raises(FilterInvalid):
        held_reasons(context, collection="products", scope=SHOP)


def test_what_came_after_a_look_is_not_meant(context):
    assert chosen(context, till=3) == (["products:1", "orders:3"], 0, ())
    assert chosen(context, ids=("pages:6", "products:1"), till=5)[0] == ["products:1"]


def test_those_that_are_named_are_found_without_reading_all_others(context):
    fake = context.held_deletes
    fake.deletes |= {each.id: each for each in (held(n) for n in range(10, 3000))}
    read, everything = [], fake.arrivals

    def arrivals(collection, *, after, limit):
        found = everything(collection, after=after, limit=limit)
        read.extend(found)
        return found

    fake.arrivals = arrivals
    ids = ("products:2999", "products:10", "orders:3", "products:7", "products:11", "products:1")
    assert chosen(context, ids=ids) == (
        ["products:1", "orders:3", "products:10", "products:11", "products:2999"],
        0,
        ("products:7",),
    )
    assert len(read) < 20
