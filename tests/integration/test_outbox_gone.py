"""What the CMS tells of items that were deleted or unpublished."""

import pytest

from tests.support.outbox_driver import at, event
from tests.support.outbox_echoes import iso, tell
from workers.model.attempts import ItemOutcome
from workers.model.changes import FieldProblem, Gone, Incoming


def gone(bench, item, *, deleted, **options):
    told = Incoming(None, "gone", 0, gone=(Gone("products", item, deleted),), **options)
    return bench.accept(told, source="shop")


@pytest.fixture
def keyed(bench):
    """An outbox that has written 5 to the item with the key k1."""
    bench.accept(event("k1", {"stock": 5}, by="key", version=at(0)))
    bench.list_all(("k1", "id-1"), ("k2", "id-2"))
    bench.write(bench.batch(), updated=iso(1))
    return bench


def again(bench):
    """What becomes of the same value."""
    bench.accept(event("k1", {"stock": 5}, by="key"))
    return bench.told()


def test_the_key_of_a_deleted_item_is_looked_up_again(keyed):
    before = keyed.counts()
    assert gone(keyed, "id-1", deleted=True).accepted == 0
    assert keyed.counts() == before
    assert again(keyed) == ["accepted"]
    keyed.pass_time(31)
    lookup = keyed.claim()
    assert lookup.since is None  # it may be the key of an older item now
    keyed.page(lookup, [("k2", "id-2"), ("k1", "id-9")])
    assert [item.id for item in keyed.batch().items] == ["id-9"]


def test_a_deletion_that_is_told_again_does_not_touch_the_item_that_has_the_key_now(keyed):
    gone(keyed, "id-1", deleted=True)
    again(keyed)
    keyed.pass_time(31)
    keyed.list_all(("k1", "id-9"))
    gone(keyed, "id-1", deleted=True)
    assert [item.id for item in keyed.batch().items] == ["id-9"]


def test_only_a_whole_listing_tells_that_the_key_of_a_deleted_item_is_gone(bench):
    bench.accept(event("k1", {"stock": 5}, by="key", version=at(0)))
    bench.page(bench.claim(), [("k1", "id-1")], full_ms=600_000)
    bench.write(bench.batch(), updated=iso(1))
    gone(bench, "id-1", deleted=True)
    again(bench)
    bench.pass_time(31)
    lookup = bench.claim()
    assert lookup.since is not None
    bench.page(lookup, [], full_ms=600_000)
    assert bench.counts("dead", "pending") == (0, 1)


def test_a_deletion_that_comes_late_does_not_touch_the_item_that_has_the_key_now(keyed):
    keyed.settle(_claimed(keyed), ItemOutcome("k1", forget=True))
    keyed.pass_time(31)
    keyed.list_all(("k1", "id-9"))
    keyed.write(keyed.batch(), updated=iso(2))
    gone(keyed, "id-1", deleted=True)
    keyed.accept(event("k1", {"stock": 6}, by="key"))
    assert keyed.told() == ["unchanged"]


def _claimed(bench):
    bench.accept(event("k1", {"stock": 6}, by="key"))
    return bench.batch()


def test_an_item_whose_key_has_moved_leaves_no_key_behind(keyed):
    keyed.accept(event("new", {"stock": 1}, by="key"))
    keyed.pass_time(31)
    keyed.list_all(("k2", "id-1"), ("k1", "id-9"), ("new", "id-3"))
    (name,) = keyed.client.keys("instep:keys:products:*")
    assert keyed.client.hgetall(name) == {"id-9": "k1", "id-1": "k2", "id-3": "new"}


def test_a_forgotten_id_leaves_no_key_behind(keyed):
    keyed.settle(_claimed(keyed), ItemOutcome("k1", forget=True))
    (name,) = keyed.client.keys("instep:keys:products:*")
    assert keyed.client.hgetall(name) == {"id-2": "k2"}


def test_what_a_deleted_item_held_says_nothing_of_the_next_one_with_its_key(keyed):
    gone(keyed, "id-1", deleted=True)
    keyed.accept(event("k1", {"stock": 6}, by="key", version=at(30)))
    assert tell(keyed, {"stock": 5}, 40, record="k1", by="key") == ["accepted"]


def test_an_item_that_is_not_published_any_more_holds_nothing_for_certain(keyed):
    assert again(keyed) == ["unchanged"]
    gone(keyed, "id-1", deleted=False)
    assert again(keyed) == ["accepted"]
    assert [item.id for item in keyed.batch().items] == ["id-1"]


def test_what_was_written_to_it_is_still_told_from_an_edit(keyed):
    keyed.accept(event("k1", {"stock": 6}, by="key", version=at(0.5)))
    keyed.write(keyed.batch(), updated=iso(2))
    gone(keyed, "id-1", deleted=False)
    assert tell(keyed, {"stock": 5}, 1, record="k1", by="key") == ["stale"]


def test_an_item_that_events_name_by_its_id_holds_nothing_once_it_is_deleted(bench):
    bench.confirm("i1", {"stock": 5})
    gone(bench, "i1", deleted=True)
    bench.accept(event("i1", {"stock": 5}))
    assert bench.told() == ["accepted"]


def test_what_was_in_the_air_when_the_item_went_is_not_confirmed_by_its_answer(bench):
    bench.confirm("i1", {"stock": 4})
    bench.accept(event("i1", {"stock": 5}))
    batch = bench.batch()
    gone(bench, "i1", deleted=True)
    assert bench.write(batch).lost == 1
    bench.accept(event("i1", {"stock": 5}))
    assert bench.told() == ["accepted"]


def test_an_item_that_nobody_has_written_leaves_nothing_behind_when_it_goes(bench):
    gone(bench, "i7", deleted=True)
    assert bench.client.keys("instep:item:*") == []


def test_nor_does_one_that_is_only_known_from_a_listing(keyed):
    gone(keyed, "id-2", deleted=True)
    assert keyed.client.keys("instep:item:*") == ["instep:item:products:k1"]


def test_an_item_goes_also_where_its_event_cannot_be_mapped(keyed):
    gone(keyed, "id-1", deleted=False, problems=(FieldProblem("x", "bad"),))
    assert again(keyed) == ["accepted"]
