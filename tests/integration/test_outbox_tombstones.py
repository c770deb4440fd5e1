"""Tombstones: what stays known of a record that is gone, and for how long."""

from tests.support.outbox_driver import at, sent
from tests.support.outbox_retiring import GONE, delete, held, idle, listed, retire, update
from workers.model.attempts import FieldFailure, ItemOutcome

DAY = 86400


def test_nothing_is_sent_of_a_record_whose_item_is_kept(bench):
    held(bench)
    retire(bench, "k1", "keep", version=at(5))
    assert bench.counts("accepted", "unchanged") == (3, 1)
    assert idle(bench)
    assert update(bench, version=at(4), stock=2) == ["stale"]
    assert update(bench, version=at(6), stock=2) == ["accepted"]
    assert sent(bench.batch()) == {"k1": {"stock": 2}}


def test_what_waited_for_a_kept_item_is_still_written(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    retire(bench, "k1", "keep", version=at(5))
    assert sent(bench.batch()) == {"k1": {"stock": 2}}


def test_a_record_that_is_deleted_again_needs_no_request(bench):
    delete(held(bench), version=at(5))
    retire(bench, "k1", version=at(6))
    assert bench.told() == ["unchanged"]
    assert update(bench, version=at(5.5), stock=2) == ["stale"]


def test_but_for_one_that_is_there_again(bench):
    delete(held(bench), version=at(5))
    update(bench, "k3", version=at(6))
    listed(bench, ("k1", "id-new"), ("k3", "id-k3"))
    bench.write(bench.batch())
    retire(bench, "k1", version=at(7))
    assert [item.id for item in bench.batch().items] == ["id-new"]


def test_the_tombstone_of_a_deleted_item_goes_after_thirty_days(bench):
    delete(held(bench), version=at(5))
    bench.pass_time(29 * DAY)
    bench.sweep()
    assert bench.client.exists("instep:item:products:k1")
    bench.pass_time(2 * DAY)
    bench.sweep()
    assert not bench.client.exists("instep:item:products:k1", "instep:tombstones")
    assert bench.counts("accepted", "written") == (3, 3)


def test_but_never_with_anything_that_waits(bench):
    delete(held(bench), version=at(5))
    bench.pass_time(31 * DAY)
    update(bench, version=at(6), stock=2)
    bench.sweep()
    assert bench.value("k1") == 2
    assert bench.counts("pending") == (1,)


def test_nor_with_a_letter(bench):
    retire(bench, "k1", version=at(5))
    bench.list_all(("k2", "id-k2"))
    retire(bench, "k1", version=at(6))
    listed(bench, ("k1", "id-k1"))
    failure = FieldFailure("refused", (GONE,), "no")
    bench.settle(bench.batch(), ItemOutcome("k1", failures=(failure,)), health="refusal")
    bench.pass_time(31 * DAY)
    bench.sweep()
    assert bench.client.exists("instep:item:products:k1")
