"""A changed structure or an unpublished site: the collection waits, and goes on by itself."""

import pytest

CHANGED = "The collection structure changed since the last publish"
NAMES = {"v1": "CollectionSchemaChangedError", "v2": "conflict"}


def wait_of(way):
    (wait,) = way.context.report.status()["collections"]["products"]["waits"]
    return wait


def test_after_the_publish_it_goes_on_by_itself(way):
    way.products.blocked = CHANGED
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(20)
    assert way.state("products") == ("waiting", "not published")
    assert CHANGED in wait_of(way)["message"]
    assert wait_of(way)["next_try"]
    way.products.blocked = None
    way.run(20)
    assert way.shown("stock", range(1, 6)) == [1, 2, 3, 4, 5]
    assert way.state("products") == ("flowing", "")
    assert way.counts("pending", "dead") == (0, 0)


def test_one_item_is_tried_after_30_s_and_then_every_3_min_each_time_another(open_way):
    way = open_way()
    way.products.blocked = CHANGED
    for n in range(1, 6):
        way.change(n, stock=n)
    way.run(600)
    first, *tries = way.patches()
    assert len(first.sent) == 5
    waited = [one.at - first.at for one in tries]
    # What the test itself takes passes on the same clock.
    assert waited == pytest.approx([30, 210, 390, 570], abs=2)
    assert all(len(one.sent) == 1 for one in tries)
    assert len({id for one in tries for id in one.sent}) == 4
    assert len(way.requests) == 5


def test_a_conflict_that_is_answered_once_costs_half_a_minute(way, api):
    way.down(409, times=1, code=NAMES[api], message=CHANGED)
    for n in range(1, 6):
        way.change(n, stock=n)
    began = way.now()
    way.run()
    assert way.shown("stock", range(1, 6)) == [1, 2, 3, 4, 5]
    assert max(one.at for one in way.patches()) - began < 40


def test_answers_to_requests_that_were_out_do_not_put_off_the_first_try(open_way):
    way = open_way(items=200, linger=0.0)
    way.products.blocked = CHANGED
    way.change(1, stock=1)
    began = way.now()

    def meanwhile():
        way.change(2, stock=2)
        way.step()

    way.on_request = meanwhile
    way.run(29)
    assert len(way.patches()) == 2
    way.products.blocked = None
    way.run()
    assert max(one.at for one in way.patches()) - began < 40


@pytest.mark.parametrize("status", [400, 404, 500])
def test_any_other_answer_ends_the_wait(open_way, status):
    way = open_way()
    way.products.blocked = CHANGED
    for n in (1, 2):
        way.change(n, stock=n)
    way.run(20)
    way.products.blocked = None
    way.down(status, times=1)
    way.run(20)
    assert way.state("products")[0] == "flowing"


def test_a_try_without_an_answer_is_followed_by_another_within_a_minute(open_way):
    way = open_way()
    way.products.blocked = CHANGED
    for n in (1, 2):
        way.change(n, stock=n)
    way.run(20)
    way.fault("reset-before", times=1)
    way.products.blocked = None
    way.run(90)
    assert way.shown("stock", (1, 2)) == [1, 2]


def test_a_try_whose_worker_dies_is_followed_by_another(open_way):
    way = open_way()
    way.products.blocked = CHANGED
    way.change(1, stock=1)
    way.run(20)
    way.pass_time(15)
    assert way.claim().alone
    assert way.claim().seconds <= 30
    way.products.blocked = None
    way.change(2, stock=2)
    way.run(240)
    assert way.shown("stock", (1, 2)) == [1, 2]
    assert way.state("products") == ("flowing", "")


def test_what_comes_when_a_try_is_due_is_tried_at_once(open_way):
    way = open_way()
    way.products.blocked = CHANGED
    way.change(1, stock=1)
    way.run(1)
    way.products.blocked = None
    way.pass_time(3600)
    began = way.now()
    way.change(2, stock=2)
    way.run()
    assert way.shown("stock", (1, 2)) == [1, 2]
    assert way.patches()[-1].at - began < 5


def test_resume_tries_at_once(way):
    way.products.blocked = CHANGED
    way.change(1, stock=1)
    way.run(60)
    way.forget_requests()
    way.products.blocked = None
    way.resume("products")
    way.run(1)
    assert way.live(1)["stock"] == 1
    assert len(way.patches()) == 1


def test_what_is_paused_by_hand_is_not_tried(way):
    way.products.blocked = CHANGED
    way.change(1, stock=1)
    way.run(1)
    way.context.breaker.pause("products", "stocktaking")
    way.forget_requests()
    way.products.blocked = None
    way.run(1000)
    assert not way.requests
    assert way.state("products") == ("paused", "stocktaking")
    way.resume("products")
    way.run()
    assert way.live(1)["stock"] == 1


def test_what_waits_does_not_hold_up_another_collection(open_way, api):
    way = open_way(api=api, by="key", more={"shop": {}})
    way.down(409, code=NAMES[api], message=CHANGED)
    way.change(1, stock=7)
    way.run(20)
    way.mend()
    way.change("P-0002", stock=8, collection="shop")
    way.run(5)
    assert way.counts("written", "pending") == (1, 1)


def test_a_new_item_waits_as_any(making, api):
    making.down(409, code=NAMES[api], message=CHANGED, match={"method": "POST"})
    making.change("new-1", name="Oak desk")
    making.run(20)
    assert making.state("products") == ("waiting", "not published")
    making.mend()
    making.run(60)
    assert making.the("new-1")


def test_an_operator_s_pause_holds_what_waits_and_resume_tries_at_once(open_way):
    way = open_way()
    way.products.blocked = CHANGED
    way.change(1, stock=1)
    way.run(20)
    way.context.breaker.pause("products", "stocktaking", by="operator")
    assert way.state("products") == ("paused", "stocktaking")
    way.products.blocked = None
    way.forget_requests()
    way.run(600)
    assert way.requests == []
    way.resume("products")
    way.run(1)
    assert way.live(1)["stock"] == 1
    assert way.state("products") == ("flowing", "")
