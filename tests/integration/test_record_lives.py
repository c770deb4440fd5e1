"""The life of a record: what happened to it, step by step."""

from tests.support.outbox_driver import at, event


def life(bench, record="i1"):
    return bench.lives.read("products", record).entries


def test_an_event_tells_where_it_came_from_and_what_it_brought(bench):
    bench.accept(event("i1", {"stock": 5}, id="e1", version=at(1)))
    [entry] = life(bench)
    assert (entry.what, entry.by, entry.source) == ("accepted", "erp", "erp")
    assert (entry.event, entry.topic, entry.mapping) == ("e1", "stock.changed", "stock")
    assert entry.delivery == 1
    assert entry.fields["stock"].value == 5
    assert entry.fields["stock"].fate == "pending"


def test_an_older_value_tells_against_which_it_lost(bench):
    bench.accept(event("i1", {"stock": 5}, id="e1", version=at(2)))
    bench.accept(event("i1", {"stock": 4}, id="e0", version=at(1)), source="shop")
    *_, entry = life(bench)
    against = entry.fields["stock"].against
    assert entry.fields["stock"].fate == "stale"
    assert (against.source, against.event, against.version) == ("erp", "e1", at(2))
    assert (against.why, against.own) == ("newer value", at(1))


def test_an_answer_tells_what_carried_the_values(bench):
    bench.accept(event("i1", {"stock": 5}, id="e1", version=at(1)))
    bench.write(bench.batch())
    _, entry = life(bench)
    assert entry.what == "answered"
    call = entry.call
    assert (call.method, call.path, call.status) == (
        "PATCH",
        f"/v2/collections/{'a' * 24}/items/live",
        200,
    )
    assert entry.fields["stock"].fate == "written"
