"""A request whose outcome nobody knows: its values are written once more, later, and once."""

from itertools import pairwise

import pytest

LATE = 60.0  # s


@pytest.mark.parametrize("fault", ["timeout-after", "reset-after"])
def test_a_write_without_an_answer_is_repeated_and_repaired(way, fault):
    way.fault(fault, times=1, delay=0)
    way.change(1, stock=7)
    way.run()
    first, again, repair = way.patches()
    assert again.at - first.at < 10
    assert repair.at - first.at >= LATE
    assert repair.sent == first.sent
    assert way.counts("accepted", "written", "pending") == (1, 1, 0)
    assert way.field(1).get("m") is None


def test_the_newer_value_stands_where_an_older_request_lands_late(way):
    way.fault("reset-before", times=1)
    way.change(1, stock=1)
    way.run(1)
    way.change(1, stock=2)
    way.run(20)
    assert way.live(1)["stock"] == 2
    way.edit(1, stock=1)  # the first request lands
    way.run()
    assert way.live(1)["stock"] == 2
    assert way.counts("accepted", "written", "superseded") == (2, 1, 1)


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_gave_up_leaves_a_repair_too(way, status):
    way.down(status, times=1)
    way.change(1, stock=7)
    way.run()
    assert len(way.patches()) == 3


@pytest.mark.parametrize("status", [500, 503])
def test_a_plain_failure_leaves_none(way, status):
    way.down(status, times=1, retry_after=1)
    way.change(1, stock=7)
    way.run()
    assert len(way.patches()) == 2


def test_repairs_go_together(bulk):
    bulk.fault("timeout-after", times=1, delay=0)
    for n in range(1, 101):
        bulk.change(n, stock=n)
    bulk.run()
    assert [len(request.sent) for request in bulk.patches()][-1] == 100
    assert len(bulk.patches()) <= 6
    assert bulk.counts("accepted", "written") == (100, 100)


def test_a_refused_repair_moves_its_value_from_written_to_dead(way):
    way.fault("timeout-after", times=1, delay=0)
    way.change(1, stock=7)
    way.run(30)
    assert way.counts("written", "dead") == (1, 0)
    way.down(400, times=1, details=[{"param": "stock", "description": "Is too high"}])
    way.run()
    assert way.counts("accepted", "written", "dead") == (1, 0, 1)
    assert [letter.kind for letter in way.letters()] == ["refused"]


def test_a_mark_on_a_dead_value_waits_for_the_next_one(way):
    way.fault("reset-after", times=1)
    way.change(1, stock=7)
    way.run(1)
    way.down(400, times=1)
    way.run()
    assert way.counts("dead") == (1,)
    assert len(way.patches()) == 2
    way.change(1, stock=8)
    way.run()
    assert way.live(1)["stock"] == 8
    assert way.counts("written", "superseded") == (1, 1)


def test_a_repair_that_fails_backs_off_and_comes_again(way):
    way.fault("timeout-after", times=1, delay=0)
    way.change(1, stock=7)
    way.run(30)
    way.down(500, times=2)
    way.run()
    times = [request.at for request in way.patches()]
    assert len(times) == 5
    assert all(later - earlier > 0.9 for earlier, later in pairwise(times[2:]))
    assert way.field(1).get("m") is None


def test_the_same_value_again_during_a_repair_is_sent(way):
    way.fault("timeout-after", times=1, delay=0)
    way.change(1, stock=7)
    way.run(30)
    way.change(1, stock=7)
    way.run()
    assert way.counts("accepted", "written", "unchanged") == (2, 2, 0)


def test_a_picture_goes_again_by_its_file_id(way):
    way.fault("timeout-after", times=2, delay=0)
    way.change(1, image="https://shop.example.com/oak.png")
    way.run(30)
    held = way.staged(1)["image"]
    way.run()
    assert way.staged(1)["image"]["fileId"] == held["fileId"]
    again = {"fileId": held["fileId"]} | ({} if way.by_v1 else {"url": held["url"]})
    assert way.sent_to(1)[-1]["image"] == again
    assert way.counts("written") == (1,)


def test_a_worker_that_dies_with_a_claim_leaves_a_repair(way):
    way.change(1, stock=7)
    way.claim()
    way.pass_time(31)
    way.begin()
    way.run()
    assert way.live(1)["stock"] == 7
    assert len(way.patches()) == 2
    assert way.counts("written", "pending") == (1, 0)


def test_keys_are_repaired_as_well(open_way, api):
    way = open_way(api=api, by="key")
    way.fault("timeout-after", times=1, delay=0)
    way.change(1, stock=7)
    way.run()
    assert len(way.patches()) == 3
    assert way.counts("written") == (1,)
