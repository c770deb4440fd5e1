"""The stored forms of a field and of a claim, which every release reads."""

import json

import pytest

from tests.support.outbox_creating import knowing, wanted
from tests.support.outbox_driver import at, event
from tests.support.outbox_retiring import held, retire
from workers.model.changes import FieldProblem, Incoming, LeftOut

STORED = json.loads("""{
    "v": "5", "t": "number", "r": "t01735689600000000", "a": 7, "e": "x1 x2", "n": "evt_1",
    "o": "erp", "s": "written", "w": 3, "i": 4, "q": 1, "c": "f00", "l": "d1", "x": 2, "g": "{}",
    "y": 5, "k": "7,abc,t00000000000000001", "j": "[]", "V": "l1", "W": 6, "O": 1, "f": 8, "h": 9,
    "N": 10, "A": 11, "R": 1, "K": 1, "E": "e1", "F": "abc f1", "S": 12, "z": 1, "d": 13, "b": 1,
    "p": 1, "u": {"_draft": 14}, "L": 1, "I": 0, "D": 15, "added later": [1], "Z": "?"
}""")


@pytest.mark.parametrize("slug", ["price", ":gone"])
def test_a_field_is_written_back_as_it_was_stored(bench, slug):
    key, name = "instep:item:products:i1", f"f:{slug}"
    bench.client.hset(key, mapping={name: json.dumps(STORED), "by": "item"})
    learned = ["i1", slug, 7, "t00000000000000001", "abc", "f1"]
    bench.steps.run("keep_forms", {"collection": "products", "forms": [learned]})
    assert json.loads(bench.client.hget(key, name)) == STORED


def test_an_accepted_field_has_the_stored_codes(bench):
    bench.accept(event("i1", {"stock": 5}, id="evt_1"))
    field = json.loads(bench.client.hget("instep:item:products:i1", "f:stock"))
    assert set(field) == set("vtraensowqfhK")
    assert (field["v"], field["t"], field["n"], field["s"]) == ("5", "number", "evt_1", "pending")


def test_what_was_left_out_has_the_stored_codes(bench):
    left = (LeftOut("products", "i1", "item", "stock", None),)
    bench.accept(Incoming("evt_1", "t", 0, (), (FieldProblem("data.qty", "no number"),), left=left))
    link = json.loads(bench.client.hget("instep:item:products:i1", "o:stock"))
    assert set(link) == set("lah")


@pytest.mark.parametrize(("way", "kind"), [("delete", "unpublish"), ("archive", None)])
def test_a_claim_says_in_the_stored_words_how_its_item_is_retired(bench, way, kind):
    retire(held(bench), "k1", way, version=at(5))
    bench.batch()
    claim = json.loads(bench.client.hget("instep:item:products:k1", "claim"))
    assert set(claim) - {"retire"} == {"token", "at", "till", "fields"}
    assert claim.get("retire") == kind


def test_a_claim_says_in_the_stored_words_that_its_item_is_created(bench_with):
    bench = knowing(bench_with(missing="create"))
    wanted(bench, "new")
    assert bench.batch().kind == "create"
    claim = json.loads(bench.client.hget("instep:item:products:new", "claim"))
    assert set(claim) == {"token", "at", "till", "fields", "create"}
