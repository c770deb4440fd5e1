"""Items that were deleted in the CMS, and are created again."""

import pytest

from tests.support.outbox_creating import NAME, created, knowing, put, unknown
from tests.support.outbox_driver import event, sent
from workers.model.attempts import Batch, ItemOutcome


@pytest.fixture
def bench(bench_with):
    """An outbox that creates what is missing, and knows the schemas."""
    return knowing(bench_with(missing="create"))


def test_a_deleted_item_is_created_from_all_that_is_held_and_counted_once(bench):
    put(bench, "old")
    bench.list_all(("old", "id-old"))
    bench.write(bench.batch())
    put(bench, "old", fields={"stock": 2})
    bench.settle(bench.batch(), ItemOutcome("old", forget=True))
    bench.pass_time(31)
    bench.list_all()
    batch = bench.batch()
    assert sent(batch) == {"old": {"name": "Oak desk", "stock": 2}}
    bench.settle(batch, *created(batch))
    assert bench.counts("accepted", "written", "unchanged", "pending") == (4, 3, 1, 0)


def test_a_value_of_its_own_that_the_answer_does_not_show_goes_again(bench):
    put(bench, "old")
    bench.list_all(("old", "id-old"))
    bench.write(bench.batch())
    put(bench, "old", fields={"stock": 2})
    bench.settle(bench.batch(), ItemOutcome("old", forget=True))
    bench.pass_time(31)
    bench.list_all()
    bench.settle(bench.batch(), ItemOutcome("old", made="id-new", written=("stock",)))
    batch = bench.batch()
    assert (batch.create, sent(batch)) == (False, {"old": {"name": "Oak desk"}})


@pytest.mark.parametrize("word", ["unknown", "late", "none"])
def test_values_that_were_not_pending_go_again_where_nobody_knows_if_they_went(bench, word):
    put(bench, "old")
    bench.list_all(("old", "id-old"))
    bench.write(bench.batch())
    put(bench, "old", fields={"stock": 2})
    bench.settle(bench.batch(), ItemOutcome("old", forget=True))
    bench.pass_time(31)
    bench.list_all()
    batch = bench.batch()
    if word == "unknown":
        unknown(bench, batch)
    bench.pass_time(31)
    if word == "late":
        assert not isinstance(bench.claim(), Batch)
        bench.settle(batch, *created(batch))
    else:
        bench.list_all(("old", "id-old"))
    batch = bench.batch()
    assert (batch.create, sent(batch)) == (False, {"old": {"name": "Oak desk", "stock": 2}})


def test_files_of_an_earlier_item_are_not_named(bench):
    bench.accept(event("old", NAME | {"photo": "https://a.example/a.jpg"}, by="key", kind="image"))
    bench.list_all(("old", "id-old"))
    batch = bench.batch()
    bench.write(batch, files={"photo": '{"fileId": "f", "url": "u"}'})
    bench.accept(event("old", {"stock": 2}, by="key"))
    bench.settle(bench.batch(), ItemOutcome("old", forget=True))
    bench.pass_time(31)
    bench.list_all()
    (item,) = bench.batch().items
    assert [field.file for field in item.fields] == [None, None, None]
