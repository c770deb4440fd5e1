"""A plan without room: creating stops in that collection, and nothing else."""

from itertools import pairwise

import pytest

from service.sandbox.model.schema import Field

FULL = "You've created all the items in your CMS Database allowed on your current plan."


def room_for(way, more):
    """Let the plan hold *more* items than there are."""
    count = sum(one.count for one in way.site.collections.values())
    way.site.rules.item_limit = None if more is None else count + more


def wait_of(way):
    (wait,) = way.context.report.status()["collections"]["products"]["waits"]
    return wait


def test_updates_go_on_at_full_speed(making):
    room_for(making, 0)
    making.change("new-1", name="Oak desk")
    making.run(60)
    making.forget_requests()
    for n in range(1, 11):
        making.change(n, stock=n)
    making.run(60)
    assert making.shown("stock", range(1, 11)) == list(range(1, 11))
    assert len(making.patches()) <= (10 if making.by_v1 else 2)
    assert not making.posts()
    assert making.counts("pending", "dead") == (1, 0)


def test_it_is_told_since_when_creating_waits_and_how_many_records(making):
    room_for(making, 0)
    for n in range(3):
        making.change(f"new-{n}", name=f"Oak {n}")
    making.run(120)
    assert making.state("products") == ("waiting", "plan limit")
    assert making.state() == ("flowing", "")
    wait = wait_of(making)
    assert (wait["reason"], wait["records"]) == ("plan limit", 3)
    assert FULL in wait["message"]
    assert 100 <= wait["seconds"] <= 120
    assert wait["next_try"]


def test_one_record_is_tried_every_10_min_each_time_another(making):
    room_for(making, 0)
    for n in range(4):
        making.change(f"new-{n}", name=f"Oak {n}")
    making.run(60)
    making.forget_requests()
    making.run(1900)
    tries = making.posts()
    waited = [round(b.at - a.at) for a, b in pairwise(tries)]
    assert len(tries) == 3
    assert all(600 <= one <= 605 for one in waited)
    assert len({str(one.body) for one in tries}) == 3
    assert making.counts("pending", "dead") == (4, 0)


def test_a_batch_is_halved_down_to_one(open_way):
    way = open_way(by="key", collection={"missing": "create"})
    room_for(way, 0)
    for n in range(20):
        way.change(f"new-{n}", name=f"Oak {n}")
    way.run(60)
    assert [len(one.body["items"]) for one in way.posts()] == [20, 10, 5, 2, 1]
    assert way.counts("pending", "dead") == (20, 0)
    assert wait_of(way)["records"] == 20


def test_what_there_is_room_for_is_created(open_way):
    way = open_way(by="key", collection={"missing": "create"})
    room_for(way, 7)
    for n in range(20):
        way.change(f"new-{n}", name=f"Oak {n}")
    way.run(120)
    assert sum(len(way.made(f"new-{n}")) for n in range(20)) == 7
    assert wait_of(way)["records"] == 13
    assert len(way.posts()) <= 12


def test_a_larger_plan_is_noticed_and_all_are_created_once(making):
    room_for(making, 0)
    for n in range(20):
        making.change(f"new-{n}", name=f"Oak {n}")
    making.run(60)
    making.forget_requests()
    room_for(making, None)
    making.run(700)
    assert all(making.the(f"new-{n}") for n in range(20))
    assert making.state("products") == ("flowing", "")
    assert making.counts("pending", "dead") == (0, 0)
    if not making.by_v1:
        assert len(making.posts()) <= 6  # one, then twice as many each time


def test_after_a_deletion_of_ours_one_is_tried_at_once(making):
    room_for(making, 0)
    for n in range(3):
        making.change(f"new-{n}", name=f"Oak {n}")
    making.run(60)
    making.forget_requests()
    making.retire(5, "delete")
    making.run(60)
    assert sum(len(making.made(f"new-{n}")) for n in range(3)) == 1
    assert making.counts("pending", "dead") == (2, 0)
    assert making.state("products") == ("waiting", "plan limit")


def test_resume_tries_one_at_once(making):
    room_for(making, 0)
    making.change("new-1", name="Oak desk")
    making.run(60)
    making.remove(3)
    making.resume("products")
    making.run(60)
    assert making.the("new-1")


def test_a_record_that_is_gone_before_there_was_room_is_created_no_more(making):
    room_for(making, 0)
    making.change("new-1", name="Oak desk")
    making.run(60)
    making.retire("new-1", "delete")
    making.run(3600)
    assert making.counts("pending", "dead") == (0, 0)
    room_for(making, None)
    making.run(3600)
    assert not making.made("new-1")
    assert making.context.report.status()["collections"]["products"]["pending_items"] == 0


def test_an_item_that_somebody_made_meanwhile_is_written(making):
    room_for(making, 0)
    making.change("new-1", name="Oak desk", stock=4)
    making.run(60)
    room_for(making, None)
    making.add(21, sku="new-1")
    room_for(making, 0)
    for n in range(1, 4):
        making.change(n, stock=n)
    making.run(3600)
    assert making.the("new-1").staged.fields["stock"] == 4
    assert making.counts("pending", "dead") == (0, 0)


@pytest.fixture
def shelved(making):
    """Products that may name other products."""
    target = {"collectionId": making.products.id}
    for slug, kind in (("shelf", "Reference"), ("shelves", "MultiReference")):
        making.products.fields[slug] = Field(slug, kind, validations=target)
    return making


def test_what_refers_to_a_record_that_waits_goes_out_without_and_gets_it_later(shelved):
    way = shelved
    room_for(way, 0)
    way.change("new-1", name="Oak desk")
    way.run(60)
    way.change(2, stock=2, shelf={"to": "products", "key": "new-1"})
    way.run(3000)
    assert way.live(2)["stock"] == 2
    assert not way.live(2).get("shelf")
    assert way.counts("pending", "dead") == (2, 0)
    room_for(way, None)
    way.run(1500)
    assert way.live(2)["shelf"] == way.the("new-1").id
    assert way.counts("pending", "dead") == (0, 0)


def test_a_list_goes_out_without_the_record_that_waits_and_is_completed_later(shelved):
    way = shelved
    room_for(way, 0)
    way.change("new-1", name="Oak desk")
    way.run(60)
    keys = [way.key(3), "new-1", way.key(4)]
    way.change(2, stock=2, shelves={"to": "products", "keys": keys})
    way.run(3000)
    assert way.live(2)["shelves"] == [way.id(3), way.id(4)]
    assert way.counts("pending", "dead") == (2, 0)
    assert len(way.sent_to(2)) <= 2
    way.change(2, stock=3)
    way.run(60)
    assert way.sent_to(2)[-1] == {"stock": 3}
    room_for(way, None)
    way.run(1500)
    assert way.live(2)["shelves"] == [way.id(3), way.the("new-1").id, way.id(4)]
    assert way.counts("pending", "dead") == (0, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_with_the_try_loses_nothing(making, when):
    room_for(making, 0)
    making.change("new-1", name="Oak desk")
    making.run(60)
    making.pass_time(600)
    batch = making.claim()
    assert batch.create
    if when == "after":
        room_for(making, None)
    making.run(4000)
    room_for(making, None)
    making.run(4000)
    assert making.the("new-1")


def test_a_newer_value_of_a_record_that_waits_is_what_is_created(making):
    room_for(making, 0)
    making.change("new-1", name="Oak desk", stock=1)
    making.run(60)
    making.change("new-1", stock=2)
    making.run(60)
    assert wait_of(making)["records"] == 1
    room_for(making, None)
    making.resume("products")
    making.run(60)
    assert making.the("new-1").staged.fields["stock"] == 2


def test_a_plan_that_refuses_an_update_is_no_plan_that_is_full(making):
    making.down(409, message=FULL)
    making.change(1, stock=1)
    making.run(60)
    assert making.counts("dead") == (1,)
    assert making.state("products")[0] == "flowing"


def test_room_for_37_of_100_takes_nine_requests(open_way):
    way = open_way(by="key", collection={"missing": "create"})
    room_for(way, 37)
    for n in range(100):
        way.change(f"new-{n}", name=f"Oak {n}")
    way.run(120)
    assert sum(len(way.made(f"new-{n}")) for n in range(100)) == 37
    assert [len(one.body["items"]) for one in way.posts()] == [100, 50, 25, 25, 12, 12, 6, 3, 1]
    assert way.counts("written", "pending", "dead") == (37, 63, 0)


def test_a_try_whose_worker_was_killed_is_made_again(making):
    room_for(making, 0)
    for n in range(4):
        making.change(f"new-{n}", name=f"Oak {n}")
    making.run(60)
    making.pass_time(600)
    room_for(making, None)
    assert making.claim().create
    making.forget_requests()
    making.run(700)
    assert all(making.the(f"new-{n}") for n in range(4))
    assert making.counts("pending", "dead") == (0, 0)
