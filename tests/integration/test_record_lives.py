"""The life of a record: what happened to it, step by step."""

import dataclasses

import pytest

from service.operate.record_entries import says
from tests.support.outbox_creating import knowing, wanted
from tests.support.outbox_driver import at, change, event, number
from tests.support.outbox_echoes import iso, tell, write
from tests.support.outbox_referring import put, several
from tests.support.outbox_retiring import held, retire, update
from workers.model.attempts import (
    Batch,
    BatchOutcome,
    Call,
    FieldFailure,
    Heard,
    ItemOutcome,
)
from workers.model.changes import Again, FieldProblem, Gone, Incoming, LeftOut
from workers.model.lives import FieldFate
from workers.store.delivery_log import Kept, Run
from workers.store.record_history import History
from workers.store.rewrites import Repair, Repairs


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


def test_all_values_of_an_event_tell_what_they_lost_against_in_few_bytes(bench):
    names = [f"f{n:02}" for n in range(30)]
    bench.accept(event("i1", {**dict.fromkeys(names, 5), "zz": 1}, id="e1", version=at(2)))
    bench.accept(event("i1", {"zz": 3}, id="e2", version=at(5)))
    bench.accept(event("i1", {**dict.fromkeys(names, 4), "zz": 2}, id="e0", version=at(1)))
    *_, entry = life(bench)
    assert {entry.fields[name].against.event for name in names} == {"e1"}
    assert entry.fields["zz"].against.event == "e2"
    assert len(bench.client.lindex("instep:life:products:i1", -1)) < 1000


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


def test_an_equal_value_is_unchanged_and_one_that_waited_is_superseded(bench):
    bench.confirm("i1", {"stock": 5}, version=at(1))
    bench.accept(event("i1", {"stock": 5}, version=at(2)))
    bench.accept(event("i1", {"stock": 6}, id="e3", version=at(3)))
    bench.accept(event("i1", {"stock": 7}, version=at(4)))
    fates = [entry.fields["stock"] for entry in life(bench)]
    assert [fate.fate for fate in fates] == [
        *("pending", "written", "unchanged"),
        *("pending", "pending"),
    ]
    against = fates[-1].against
    assert (against.why, against.event, against.version) == ("superseded", "e3", at(3))


def test_a_repeat_tells_that_it_is_one(bench):
    bench.accept(event("i1", {"stock": 5}, version=number(1)), source="shop")
    bench.accept(event("i1", {"stock": 5}, version=number(1)), mode="remap", source="shop")
    *_, entry = life(bench)
    assert (entry.by, entry.fields["stock"].fate) == ("remap", "stale")


def test_it_tells_who_wrote_reconcile_or_an_editor(bench):
    bench.accept(event("i1", {"stock": 5}, version=at(1)), mode="reconcile")
    bench.write(bench.batch(), updated=iso(2))
    tell(bench, {"stock": 8}, 9)
    assert [entry.by for entry in life(bench)] == ["reconcile", "", "editor"]
    assert [entry.what for entry in life(bench)] == ["accepted", "answered", "accepted"]


def test_an_event_of_the_cms_that_shows_our_write_brings_no_value(bench):
    write(bench, 5, 1, 2)
    tell(bench, {"stock": 5}, 2)
    *_, entry = life(bench)
    assert entry.fields["stock"] == FieldFate("unchanged")


def test_a_value_below_a_retirement_tells_that_the_record_was_gone(bench):
    held(bench)
    retire(bench, "k1", version=at(5), id="gone-1")
    update(bench, stock=9, version=at(3))
    *_, entry = life(bench, "k1")
    assert entry.fields["stock"].against.why == "retirement"
    assert entry.fields["stock"].against.event == "gone-1"


def test_a_retirement_and_its_undoing_are_told(bench):
    held(bench)
    retire(bench, "k1", "archive", version=at(5))
    assert life(bench, "k1")[-1].fields[":gone"].value == "archive"
    update(bench, stock=9, version=at(6))
    back, _ = entries = life(bench, "k1")[-2:]
    assert [entry.what for entry in entries] == ["restored", "accepted"]
    assert says(back) == "its delete was taken back"


def test_what_an_event_left_out_is_told_with_the_reason_and_the_letter(bench):
    left = LeftOut("products", "i1", "item", "stock", at(1))
    problem = FieldProblem("data.qty", "not a number")
    changes = (change("i1", {"price": 9}, version=at(1)),)
    bench.accept(Incoming("e1", "stock.changed", 0, changes, (problem,), left=(left,)))
    accepted, entry = life(bench)
    assert (accepted.what, entry.what) == ("accepted", "left-out")
    assert entry.fields == {"stock": FieldFate("left out")}
    assert entry.detail["problems"] == [{"path": "data.qty", "message": "not a number"}]
    assert entry.detail["letter"] == bench.letters()[0]["id"]
    bench.letter(entry.detail["letter"], "discard")
    *_, entry = life(bench)
    assert (entry.what, entry.detail["act"]) == ("letter", "discard")


def test_a_refusal_tells_the_words_of_the_cms_and_what_died(bench):
    bench.accept(event("i1", {"stock": 5, "price": 1}))
    failure = FieldFailure("refused", ("stock",), "must be a number", 400, "validation_error")
    outcome = ItemOutcome("i1", failures=(failure,), refused=True, attempt=True, wait=2.0)
    bench.settle(bench.batch(), outcome)
    *_, entry = life(bench)
    assert (entry.call.status, entry.call.code) == (400, "validation_error")
    assert entry.call.message == "must be a number"
    assert entry.fields == {"stock": FieldFate("dead"), "price": FieldFate("again")}
    assert entry.detail == {"why": "", "wait": 2.0, "attempts": 1, "problems": []}


def test_a_letter_that_is_replayed_or_discarded_is_told(bench):
    bench.accept(event("i1", {"stock": 5}))
    failure = FieldFailure("refused", ("stock",), "no")
    bench.settle(bench.batch(), ItemOutcome("i1", failures=(failure,)))
    [letter] = bench.letters()
    bench.letter(letter["id"], "replay")
    *_, entry = life(bench)
    assert (entry.what, entry.by, entry.detail["act"]) == ("letter", "replay", "replay")
    assert entry.fields == {"stock": FieldFate("pending")}
    assert entry.detail["letter"] == letter["id"]


@pytest.mark.parametrize(
    ("batch_outcome", "why"),
    [
        ({"health": "refusal", "pause": "401 not authorized"}, "paused"),
        ({"health": "refusal", "not_published": "publish first"}, "publish"),
        ({"health": "refusal", "no_room": "the plan is full", "create_most": 0}, "plan"),
    ],
)
def test_why_a_value_goes_again_is_told(bench, batch_outcome, why):
    bench.accept(event("i1", {"stock": 5}))
    outcome = BatchOutcome((ItemOutcome("i1", wait=3.0),), heard=True, **batch_outcome)
    call = Call(409, "conflict", "no")
    bench.outbox.settle(bench.batch(), outcome, call=call, heard=Heard("409 no"))
    *_, entry = life(bench)
    assert entry.detail == {"why": why, "wait": 3.0, "attempts": 0}
    assert entry.fields == {"stock": FieldFate("again")}


def test_values_that_die_of_the_schema_without_a_request_are_told(bench):
    bench.accept(event("i1", {"stock": 5}))
    failure = FieldFailure("refused", ("stock",), "not sent: no such field")
    outcome = BatchOutcome((ItemOutcome("i1", failures=(failure,), carried=False),), "refusal")
    bench.outbox.settle(bench.batch(), outcome, call=Call(message="no request", sent=False))
    *_, entry = life(bench)
    assert (entry.what, entry.call.message) == ("answered", "not sent: no such field")
    assert entry.fields == {"stock": FieldFate("dead")}


def test_an_unknown_outcome_is_told(bench):
    bench.accept(event("i1", {"stock": 5}))
    outcome = BatchOutcome((ItemOutcome("i1", unknown=True),), "failure")
    bench.outbox.settle(bench.batch(), outcome, call=Call(message="read timed out"))
    *_, entry = life(bench)
    assert (entry.call.status, entry.call.message) == (None, "read timed out")
    assert entry.fields == {"stock": FieldFate("unknown")}
    assert entry.detail["why"] == "unknown"


def test_a_value_that_was_overtaken_while_it_was_sent_is_told(bench):
    bench.accept(event("i1", {"stock": 5}))
    batch = bench.batch()
    bench.accept(event("i1", {"stock": 6}))
    bench.write(batch)
    *_, entry = life(bench)
    assert entry.fields == {"stock": FieldFate("overtaken")}


def test_a_claim_that_ran_out_is_told_and_so_is_an_answer_that_comes_late(bench):
    bench.accept(event("i1", {"stock": 5}))
    late = bench.batch()
    bench.pass_time(31)
    assert isinstance(bench.batch(), Batch)
    *_, entry = life(bench)
    assert (entry.what, entry.call.kind) == ("unanswered", "update")
    assert entry.fields == {"stock": FieldFate("unknown")}
    assert (entry.at - entry.detail["sent"]).total_seconds() == pytest.approx(31, abs=5)
    bench.write(late)
    *_, entry = life(bench)
    assert (entry.what, entry.detail["why"]) == ("answered", "late")


def test_what_was_given_back_is_told(bench):
    bench.accept(event("i1", {"stock": 5}))
    bench.outbox.give_back(bench.batch(), wait=1.5)
    *_, entry = life(bench)
    assert (entry.what, entry.call.message, entry.call.sent) == ("not-sent", "given back", False)
    assert entry.detail == {"wait": 1.5}


def test_look_ups_that_find_its_item_or_do_not_are_told(bench):
    bench.accept(event("k1", {"stock": 5}, by="key"), event("k2", {"stock": 5}, by="key", index=1))
    bench.list_all(("k1", "id-k1"))
    *_, found = life(bench, "k1")
    assert (found.what, found.detail) == ("found", {"item": "id-k1"})
    *_, missing = life(bench, "k2")
    assert (missing.what, missing.detail) == ("missing", {"becomes": "dead-letter"})
    bench.write(bench.batch())
    bench.accept(event("k2", {"stock": 6}, by="key"))
    bench.pass_time(31)
    bench.list_all(("k1", "id-k1"), ("k2", "id-k2"))
    assert [entry.what for entry in life(bench, "k2")[-2:]] == ["accepted", "found"]


def test_a_new_item_is_told_with_its_id_and_slug(bench_with):
    bench = knowing(bench_with(missing="create"))
    wanted(bench, "new-1")
    batch = bench.batch()
    [item] = batch.items
    made = ItemOutcome(
        item.record, made="id-new", written=("name", "stock"), named=("oak", "oak-1")
    )
    bench.settle(batch, made)
    *_, named, answered = life(bench, "new-1")
    assert (named.what, named.detail["slug"]) == ("named", "oak")
    assert (answered.call.kind, answered.call.method) == ("create", "POST")
    assert answered.call.item == "id-new"


def test_a_reference_that_waits_is_told_once(bench):
    put(bench, "p1", several("s1", "s2"))
    for _ in range(3):
        bench.claim()
    waits = [entry for entry in life(bench, "p1") if entry.what == "blocked"]
    assert [entry.detail for entry in waits] == [
        {"collection": "stores", "keys": ["s1", "s2"], "number": 2}
    ]


def test_an_item_that_the_cms_says_is_deleted_is_told(bench):
    bench.confirm("i1", {"stock": 5})
    gone = Gone("products", "i1", deleted=True)
    bench.accept(Incoming(None, "gone", 0, (), gone=(gone,)), source="shop")
    *_, entry = life(bench)
    assert (entry.what, entry.by, entry.detail["what"]) == ("edited", "editor", "deleted")


def test_an_edit_that_a_listing_shows_is_told(bench):
    bench.accept(event("k1", {"stock": 5}, by="key"))
    bench.list_all(("k1", "id-k1"))
    bench.write(bench.batch(), updated=iso(1))
    bench.accept(event("k9", {"stock": 5}, by="key"))
    bench.pass_time(31)
    bench.list_all({"key": "k1", "id": "id-k1", "updated": iso(50)})
    *_, entry = life(bench, "k1")
    assert (entry.what, entry.detail["what"], entry.detail["detail"]) == (
        "edited",
        "edited",
        iso(50),
    )


def test_a_value_that_a_reconcile_writes_anew_is_told(bench):
    bench.confirm("i1", {"stock": 5})
    products = bench.settings.collections["products"]
    again = Repair("i1", "i1", (("stock", bench.field("i1")["a"]),))
    Repairs(bench.steps, bench.settings).repair(products, (again,), run="r7")
    *_, entry = life(bench)
    assert (entry.what, entry.by, entry.run) == ("rewritten", "reconcile", "r7")
    assert says(entry) == "its values are to be written once more by reconcile (r7)"
    assert entry.fields == {"stock": FieldFate("pending")}


def test_the_lives_of_records_that_are_merged_become_one_in_order(bench):
    for number_, record in enumerate(("K1 ", "K1", "K1 ", "K1")):
        bench.accept(event(record, {"stock": number_}, by="key", version=at(number_)))
        bench.pass_time(1)
    request = {"token": "t", "collection": "products", "from": "K1 ", "to": "K1", "texts": {}}
    assert bench.steps.run("merge", request)["done"]
    *entries, merged = life(bench, "K1")
    assert [entry.fields["stock"].value for entry in entries] == [0, 1, 2, 3]
    assert (merged.what, merged.detail["key"]) == ("merged", "K1 ")
    assert life(bench, "K1 ") == ()
    assert bench.client.zrange("instep:lives", 0, -1) == ["products:K1"]
    bench.steps.run("merge", request)
    assert len(life(bench, "K1")) == 5


def test_what_was_dropped_of_lives_that_are_merged_is_told(bench):
    for record in ("K1 ", "K1"):
        for number_ in range(121):
            bench.accept(event(record, {"stock": number_}, by="key"))
    request = {"token": "t", "collection": "products", "from": "K1 ", "to": "K1", "texts": {}}
    bench.steps.run("merge", request)
    history = bench.lives.read("products", "K1")
    assert len(history.entries) == 101
    assert history.dropped == 242 - 100


def test_forget_takes_the_life_along(bench):
    bench.accept(event("i1", {"stock": 5}))
    bench.steps.run(
        "forget", {"act": "record", "collection": "products", "record": "i1", "places": []}
    )
    assert bench.client.keys("instep:life:*") == []
    assert bench.client.hget("instep:lives:state", "bytes") == "0"


def test_a_dry_run_writes_no_life(bench):
    bench.accept(event("i1", {"stock": 5}))
    before = life(bench)
    again = Again(1, 0, at(1), arrival=1)
    again_event = dataclasses.replace(event("i1", {"stock": 6}, version=at(9)), again=again)
    Kept(bench.outbox).run("erp", [again_event], Run(dry=True))
    assert life(bench) == before


def test_a_record_that_is_not_known_has_no_life(bench):
    assert bench.lives.read("products", "nobody") == History((), 0)


@pytest.mark.parametrize("key", ["gid://shopify/Product/1", "A/B", "A|ü", "a:b", 'quote"d'])
def test_any_key_has_a_life(bench, key):
    bench.accept(event(key, {"stock": 5}, id=key, by="key"))
    [entry] = life(bench, key)
    assert entry.event == key
