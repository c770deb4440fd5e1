"""Work that would hold the store for long is done in slices, which anybody can go on with."""

import json

import pytest

from service.ingest.event_mapper import WHOLE_BODY
from tests.support.outbox_driver import event
from tests.support.outbox_listing import item, put
from tests.support.outbox_referring import listed, one
from workers.model.changes import Change, FieldProblem, Incoming, LeftOut
from workers.store.outbox import balanced

MANY = 70  # more than two slices
WAITERS = 110  # more than one slice of those that wait for an item


def records(n=MANY):
    return [f"sku-{i}" for i in range(n)]


def finish(bench):
    while bench.outbox.slice().more:
        assert balanced(bench.counts())


@pytest.fixture
def missing(bench):
    """A listing has ended that shows none of many keys."""
    bench.accept(*(event(record, {"stock": 1}, by="key") for record in records()))
    bench.list_all()
    return bench


def test_many_missing_keys_are_not_decided_on_in_one_step(missing):
    dead, pending = missing.counts("dead", "pending")
    assert (dead + pending, dead < MANY) == (MANY, True)


def test_slices_decide_on_the_rest_of_the_missing_keys(missing):
    finish(missing)
    assert missing.counts("dead", "pending") == (MANY, 0)
    assert missing.client.zcard("instep:lookup:products") == 0
    assert not missing.client.keys("instep:slice*")


def test_a_repeated_slice_decides_nothing_anew(missing):
    missing.outbox.slice()
    before = missing.counts()
    missing.steps.repeat("slice")
    assert missing.counts() == before


def test_a_value_that_comes_before_its_slice_waits_for_the_next_listing(missing):
    last = missing.client.zrange("instep:lookup:products", -1, -1)[0]
    missing.pass_time(0.01)
    missing.take(event(last, {"stock": 2}, by="key"))
    finish(missing)
    assert (missing.state(last), missing.counts("dead")) == ("pending", (MANY - 1,))
    missing.pass_time(31)
    missing.list_all((last, "id-last"))
    assert missing.batch().items[0].id == "id-last"


def test_a_key_that_is_found_before_its_slice_is_not_missing(missing):
    last = missing.client.zrange("instep:lookup:products", -1, -1)[0]
    missing.pass_time(31)
    missing.list_all((last, "id-last"))
    finish(missing)
    assert missing.state(last) == "pending"
    assert missing.batch().items[0].id == "id-last"


def test_creations_are_decided_on_in_slices(bench_with):
    bench = bench_with(missing="create")
    bench.accept(*(event(record, {"name": record}, by="key") for record in records()))
    bench.list_all()
    finish(bench)
    assert all(bench.item(record)[0].get("make") for record in records())
    assert bench.counts("pending") == (MANY,)


@pytest.fixture
def waiting(bench):
    """Many items wait for one that they refer to."""
    changes = (
        Change("stock", "products", record, "item", (one("s1"),), None)
        for record in records(WAITERS)
    )
    bench.accept(*(Incoming(None, "changed", 0, (change,)) for change in changes))
    return bench


def due(bench):
    return len(bench.due())


def test_an_item_that_comes_wakes_those_that_wait_for_it_in_slices(waiting):
    listed(waiting, ("s1", "id-s1"))
    assert due(waiting) < WAITERS
    finish(waiting)
    assert due(waiting) == WAITERS
    assert not waiting.client.keys("instep:wak*:wake:*")


def test_one_that_begins_to_wait_again_meanwhile_is_sent(waiting):
    listed(waiting, ("s1", "id-s1"))
    late = Change("stock", "products", "sku-late", "item", (one("s1"),), None)
    waiting.take(Incoming(None, "changed", 0, (late,)))
    finish(waiting)
    assert due(waiting) == WAITERS + 1


def test_references_to_what_is_not_there_die_in_slices(waiting):
    listed(waiting)
    assert waiting.counts("dead")[0] < WAITERS
    finish(waiting)
    assert waiting.counts("dead", "pending") == (WAITERS, 0)
    assert not waiting.client.exists("instep:wanted:stores")


def test_an_item_that_comes_between_the_slices_ends_the_waiting(waiting):
    listed(waiting)
    waiting.pass_time(31)
    other = Change("stock", "products", "p-other", "item", (one("s2"),), None)
    waiting.take(Incoming(None, "changed", 0, (other,)))
    listed(waiting, ("s1", "id-s1"), ("s2", "id-s2"))
    finish(waiting)
    assert waiting.counts("dead", "pending") == (0, WAITERS + 1)
    assert due(waiting) == WAITERS + 1


def test_a_slice_of_a_later_release_is_left_to_it(bench):
    bench.client.zadd("instep:slices", {"polish:products": 1})
    assert not bench.outbox.slice().more
    assert bench.client.zscore("instep:slices", "polish:products") == 1


def test_ids_that_a_round_did_not_show_are_forgotten_some_at_a_time(bench):
    put(bench, "sku-0")
    bench.list_all(*(item(record, f"id-{record}", born="2025-01-01") for record in records()))
    place = f"products:{bench.settings.copy_of(bench.settings.collections['products'])}"
    bench.client.sadd(f"instep:listed:{place}", "id-sku-0")
    request = {"token": "t", "cursor": "0", "collection": "products", "index": place[9:]}
    answer = bench.steps.run("prune_index", request)
    assert (answer["cursor"] != "0", answer["gone"] < MANY - 1) == (True, True)
    bench.drop_unlisted(bench.settings.collections["products"], answer["cursor"])
    assert json.dumps(bench.client.hkeys(f"instep:ids:{place}")) == '["sku-0"]'


def test_what_is_in_the_letter_of_a_large_body_leaves_it_in_slices(bench):
    parts = [
        Incoming(
            f"e{n}",
            "changed",
            n,
            (Change("stock", "products", record, "key", (one("s1"),), None),),
            left=(LeftOut("products", record, "key", "price", None),),
            part=True,
        )
        for n, record in enumerate(records())
    ]
    whole = Incoming(None, None, WHOLE_BODY, problems=(FieldProblem("body", "bad"),), part=True)
    bench.accept(*parts, whole)
    (letter,) = bench.client.zrange("instep:letters", 0, -1)

    def held():
        return {name[:2] for name in bench.client.hkeys(f"instep:letter:{letter}")} & {"o:", "e:"}

    bench.letter(letter, "discard")
    assert held() == {"o:", "e:"}
    finish(bench)
    assert held() == set()
