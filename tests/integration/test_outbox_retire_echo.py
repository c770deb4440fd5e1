"""What the CMS tells of what we have retired ourselves."""

import pytest

from tests.support.outbox_driver import at
from tests.support.outbox_echoes import iso, tell
from tests.support.outbox_retiring import away, delete, held, idle, retire, update
from workers.model.attempts import Batch
from workers.model.changes import Gone, Incoming


def gone(bench, *, deleted, item="id-k1"):
    bench.accept(Incoming(None, "gone", 0, gone=(Gone("products", item, deleted),)), source="shop")


@pytest.mark.parametrize("deleted", [True, False])
def test_our_own_deletion_that_comes_back_causes_nothing(bench, deleted):
    delete(held(bench), version=at(5))
    before = bench.client.hgetall("instep:item:products:k1")
    gone(bench, deleted=deleted)
    assert bench.client.hgetall("instep:item:products:k1") == before
    assert idle(bench)


def test_nor_does_it_before_its_answer(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    first = bench.batch()
    gone(bench, deleted=False)
    assert away(bench, first).lost == 0
    second = bench.batch()
    gone(bench, deleted=True)
    assert away(bench, second).lost == 0
    assert bench.counts("written", "pending") == (3, 0)
    assert idle(bench)


def test_nor_does_that_of_an_item_that_events_name_by_its_id(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    retire(bench, "i1", by="item", version=at(5))
    away(bench, bench.batch())
    away(bench, bench.batch())
    gone(bench, deleted=True, item="i1")
    assert idle(bench)
    retire(bench, "i1", by="item", version=at(6))
    assert bench.told() == ["unchanged"]


@pytest.mark.parametrize("way", ["draft", "unpublish"])
def test_an_item_that_we_unpublished_is_no_news(bench, way):
    held(bench)
    retire(bench, "k1", way, version=at(5))
    away(bench, bench.batch())
    gone(bench, deleted=False)
    assert idle(bench)
    retire(bench, "k1", way, version=at(6))
    assert bench.told() == ["unchanged"]


def test_an_item_that_somebody_deleted_need_not_be_deleted(bench):
    held(bench)
    retire(bench, "k1", version=at(5))
    gone(bench, deleted=True)
    assert not isinstance(bench.claim(), Batch)
    bench.pass_time(31)
    bench.list_all(("k2", "id-k2"))
    assert bench.counts("unchanged", "pending") == (1, 0)


def test_what_is_done_to_a_retired_item_by_hand_does_not_bring_its_record_back(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    bench.write(bench.batch(), updated=iso(6))
    assert tell(bench, {"stock": 9}, 60, record="k1", by="key") == ["stale"]
    assert idle(bench)


def test_our_write_before_it_is_still_known_for_ours(bench):
    held(bench)
    update(bench, version=at(2), stock=2)
    bench.write(bench.batch(), updated=iso(60))
    retire(bench, "k1", "archive", version=at(5))
    assert tell(bench, {"stock": 2}, 60, record="k1", by="key") == ["unchanged"]
    assert update(bench, version=at(4), stock=3) == ["stale"]
