"""Dead letters that hold a raw body: events that could not be mapped."""

import json

from tests.support.outbox_driver import at, bad, event
from workers.store.outbox import balanced


def test_an_event_that_cannot_be_mapped_is_kept_with_its_body_and_all_its_problems(bench):
    answer = bench.accept(bad(id="e1", message="not a number"), body=b'{"qty": "x"}')
    assert (answer.outcome, answer.letters, answer.accepted) == ("kept", 1, 0)
    (letter,) = bench.letters()
    assert (letter["kind"], letter["source"]) == ("unmapped", "erp")
    assert bench.client.hget(f"instep:raw:{letter['raw']}", "text") == '{"qty": "x"}'
    assert json.loads(letter["problems"]) == [{"path": "data.qty", "message": "not a number"}]
    assert json.loads(letter["events"]) == ["e1"]


def test_unmapped_events_stay_outside_the_counts_of_values(bench):
    bench.accept(bad(), event("i1", {"stock": 1}, index=1))
    assert bench.counts("accepted", "dead", "pending") == (1, 0, 1)
    assert balanced(bench.counts())


def test_a_body_that_is_not_text_is_kept_as_base64(bench):
    bench.accept(bad(), body=b"\xff\xfe")
    (letter,) = bench.letters()
    held = bench.client.hgetall(f"instep:raw:{letter['raw']}")
    assert (held["encoding"], held["text"]) == ("base64", "//4=")


def test_a_repeat_of_a_body_is_the_same_letter(bench):
    for _ in range(3):
        bench.accept(bad(id="e1"), body=b"{1}")
    (letter,) = bench.letters()
    assert letter["times"] == "3"


def test_the_letters_of_two_sources_bodies_and_places_are_told_apart(bench):
    bench.accept(bad(), body=b"{1}")
    bench.accept(bad(), body=b"{2}")
    bench.accept(bad(), body=b"{1}", source="shop")
    bench.accept(bad(index=0), bad(index=1), body=b"{3}")
    assert len(bench.letters()) == 5


def test_a_remap_that_succeeds_closes_its_letter(bench):
    bench.accept(bad(id="e1"))
    id = bench.letters()[0]["id"]
    bench.accept(event("i1", {"stock": 1}, id="e1", version=at(5)), mode="remap", closes=id)
    assert bench.letters() == []
    assert bench.client.hget(f"instep:letter:{id}", "reason") == "replayed"
    assert bench.value("i1") == 1


def test_a_remap_that_fails_again_leaves_its_letter_open_and_makes_no_other(bench):
    bench.accept(bad(id="e1", message="first"), body=b"{1}")
    id = bench.letters()[0]["id"]
    bench.accept(bad(id="e1", message="second"), mode="remap", closes=id, body=b"{1}")
    (letter,) = bench.letters()
    assert (letter["id"], letter["message"]) == (id, "second")


def test_a_remap_of_what_came_again_meanwhile_changes_nothing_and_closes_its_letter(bench):
    bench.accept(bad(id="e1"))
    id = bench.letters()[0]["id"]
    bench.accept(event("i1", {"stock": 1}, id="e1", version=at(5)))
    bench.accept(event("i1", {"stock": 1}, id="e1", version=at(5)), mode="remap", closes=id)
    assert bench.letters() == []
    assert bench.counts("accepted") == (1,)


def test_a_remap_counts_no_delivery(bench):
    bench.accept(bad(id="e1"))
    id = bench.letters()[0]["id"]
    bench.accept(event("i1", {"stock": 1}, id="e1"), mode="remap", closes=id)
    assert bench.client.hget("instep:source:erp", "deliveries") == "1"


def test_a_body_that_comes_again_opens_its_discarded_letter_again(bench):
    bench.accept(bad(), body=b"{1}")
    id = bench.letters()[0]["id"]
    bench.letter(id, "discard")
    bench.accept(bad(), body=b"{1}")
    (letter,) = bench.letters()
    assert letter["id"] == id
    assert "reason" not in letter
    assert bench.client.zrange("instep:letters:closed", 0, -1) == []


def test_an_unmapped_letter_is_not_replayed_by_the_outbox_itself(bench):
    bench.accept(bad())
    assert bench.letter(bench.letters()[0]["id"], "replay")["done"] is False
    assert len(bench.letters()) == 1
