"""Requests to create items whose outcome nobody knows: looked up before any second one."""

import random

import pytest

from tests.support.depth import depth
from workers.model.attempts import Batch

NEW = {"missing": "create"}

LOST = {
    "landed": {"kind": "timeout-after", "delay": 0.0},
    "reset": {"kind": "reset-after"},
    "not landed": {"kind": "timeout-before", "delay": 0.0},
}


@pytest.mark.parametrize("end", LOST)
def test_an_answer_that_is_lost_is_resolved_by_a_look_up(making, end):
    options = dict(LOST[end])
    making.fault(options.pop("kind"), match={"method": "POST"}, times=1, **options)
    making.change("new-1", name="Oak desk", stock=1)
    making.run()
    assert making.the("new-1").live.fields["stock"] == 1
    times = [request.at for request in making.posts()]
    assert len(times) == (2 if end == "not landed" else 1)
    if len(times) == 2:
        assert times[1] - times[0] >= 60
        last_listing = [r.at for r in making.gets() if "offset" in r.query][-1]
        assert last_listing - times[0] >= 60
    assert making.counts("written", "pending", "dead") == (2, 0, 0)


@pytest.mark.parametrize("status", [500, 503])
def test_after_an_error_of_the_cms_it_is_looked_up_as_well(making, status):
    making.down(status, times=1, match={"method": "POST"})
    making.change("new-1", name="Oak desk")
    making.run()
    assert making.the("new-1")
    first, second = (request.at for request in making.posts())
    assert second - first >= 60


def test_a_request_that_lands_at_the_last_moment_is_found(making):
    making.change("new-1", name="Oak desk", stock=1)
    making.fault("timeout-before", delay=0.0, times=1, match={"method": "POST"})
    while not making.posts():
        making.step()
    sent = making.now()
    making.run(20)
    making.pass_time(sent + 59.9 - making.now())
    making.add(21, sku="new-1", name="Oak desk", slug="oak-desk")
    making.run()
    assert making.the("new-1").id == making.id(21)
    assert len(making.posts()) == 1
    assert making.counts("written", "pending") == (2, 0)


def test_an_answer_that_leaves_an_item_out_is_no_reason_to_create_it_twice(open_way):
    way = open_way(by="key", collection=NEW)
    way.fault("omit-item", times=1, match={"method": "POST"})
    for n in range(3):
        way.change(f"new-{n}", name=f"Desk {n}")
    way.run()
    assert all(way.the(f"new-{n}") for n in range(3))
    assert len(way.posts()) == 1
    assert way.counts("written", "pending") == (3, 0)


def test_a_field_that_was_dropped_silently_goes_once_more_and_then_dies(making):
    making.fault("drop-field", slug="stock", times=2, match={})
    making.fault("drop-field", slug="stock", times=None, match={"method": "POST"})
    making.change("new-1", name="Oak desk", stock=3)
    making.fault("drop-field", slug="stock", times=None)
    making.run()
    assert len(making.posts()) == 1
    (letter,) = making.letters()
    assert (letter.kind, set(letter.fields)) == ("not-applied", {"stock"})


def test_an_item_whose_key_was_dropped_is_told_and_not_created_again(making):
    making.fault("drop-field", slug="sku", times=1, match={"method": "POST"})
    making.change("new-1", name="Oak desk", stock=3)
    making.run()
    (letter,) = making.letters()
    assert letter.kind == "not-applied"
    making.change("new-1", stock=4)
    making.run()
    assert len(making.posts()) == 1


@pytest.mark.parametrize("seed", range(depth(1, 4)))
def test_a_hundred_keys_make_a_hundred_items_though_every_fifth_answer_is_lost(open_way, api, seed):
    chance = random.Random(seed)  # noqa: S311
    way = open_way(api=api, by="key", collection=NEW, window=600, requests_per_minute=600)
    kinds = ("timeout-after", "reset-after", "timeout-before", "reset-before")

    def lose():
        way.on_request = lose
        way.mend()
        if chance.random() < 0.2:
            way.fault(chance.choice(kinds), times=1, delay=0.0, match={"method": "POST"})

    lose()
    for n in range(events := depth(300, 1000)):
        way.change(f"new-{n % 100}", name=f"Desk {n % 100}", stock=n, version=n)
        if n % 10 == 9 and n < 100:
            way.run(31)
    way.run(40_000)
    assert [len(way.made(f"new-{n}")) for n in range(100)] == [1] * 100
    assert all(way.the(f"new-{n}").live.fields["stock"] == events - 100 + n for n in range(100))
    assert way.counts("pending", "dead") == (0, 0)


@pytest.mark.parametrize("landed", [True, False])
def test_a_process_may_die_between_any_two_steps(open_way, api, landed):
    """Each step in turn is claimed by a process that dies: nothing is lost and nothing doubled."""
    died_creating = 0
    for killed in range(6):
        way = open_way(api=api, by="key", collection=NEW, linger=0.0)
        way.store.flushall()
        way.change("new-1", name="Oak desk", stock=1)
        for _ in range(killed):
            way.step()
        lost = way.claim()
        if isinstance(lost, Batch) and lost.create:
            died_creating += 1
            if landed:  # it had sent its request, and died before the answer
                way.add(21, sku="new-1", name="Oak desk", slug="oak-desk")
        way.begin()
        way.run()
        assert len(way.made("new-1")) == 1, f"killed after {killed}"
        assert way.the("new-1").live.fields["stock"] == 1
        assert way.counts("pending", "dead") == (0, 0)
    assert died_creating == 1
