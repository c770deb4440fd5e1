"""Dead letters of values: what goes in, what leaves, and that a replay never does harm."""

import json

import pytest

from tests.support.outbox_driver import at, event, sent
from workers.model.attempts import Batch, FieldFailure, ItemOutcome
from workers.model.changes import FieldProblem
from workers.store.outbox import balanced


def die(bench, record="i1", *slugs, **failure):
    """Let the next batch, of one item, be refused."""
    batch = bench.batch()
    slugs = slugs or tuple(field.slug for field in batch.items[0].fields)
    item_outcome = ItemOutcome(record, failures=(FieldFailure("refused", slugs, "no", **failure),))
    return bench.settle(batch, item_outcome)


@pytest.fixture
def dead(bench):
    """An outbox with one letter, d1, that holds stock 5 and price 9."""
    bench.accept(event("i1", {"stock": 5, "price": 9}, id="e1", version=at(10)))
    die(bench)
    return bench


def letter_of(bench, id):
    return bench.client.hgetall(f"instep:letter:{id}")


def test_a_letter_holds_the_fields_and_the_words_of_the_cms(bench):
    bench.accept(event("i1", {"stock": 5, "price": 9}, id="e1", version=at(10)))
    settled = die(
        bench,
        "i1",
        "stock",
        status=400,
        code="validation_error",
        problems=(FieldProblem("stock", "too big"),),
    )
    assert settled.letters == 1
    (letter,) = bench.letters()
    entry = json.loads(letter["f:stock"])
    assert (entry["value"], entry["version"], entry["arrival"]) == ("5", at(10), 1)
    assert (letter["kind"], letter["status"], letter["code"]) == (
        "refused",
        "400",
        "validation_error",
    )
    assert json.loads(letter["problems"]) == [{"field": "stock", "message": "too big"}]
    assert (json.loads(letter["events"]), letter["collection"]) == (["e1"], "products")
    assert "f:price" not in letter


def test_the_fields_that_were_not_named_go_on_without_the_dead_one(bench):
    bench.accept(event("i1", {"stock": 5, "price": 9}))
    die(bench, "i1", "stock")
    assert sent(bench.batch()) == {"i1": {"price": 9}}


def test_a_letter_is_not_sent_and_does_not_expire(dead):
    dead.pass_time(30 * 24 * 3600)
    dead.sweep()
    assert not isinstance(dead.claim(), Batch)
    assert dead.client.ttl("instep:letter:d1") == -1


def test_a_replay_sends_the_values_again_and_closes_the_letter(dead):
    answer = dead.letter("d1", "replay")
    assert (answer["done"], answer["fields"], answer["wake"]) == (True, 2, "site")
    assert dead.counts("dead", "pending") == (0, 2)
    assert dead.letters() == []
    assert letter_of(dead, "d1")["reason"] == "replayed"
    assert sent(dead.batch()) == {"i1": {"stock": 5, "price": 9}}


def test_a_replay_starts_the_count_afresh_and_waits_for_no_backoff(bench):
    bench.accept(event("i1", {"stock": 5, "price": 9}))
    failure = FieldFailure("refused", ("stock",), "no")
    bench.settle(bench.batch(), ItemOutcome("i1", failures=(failure,), attempt=True, wait=300))
    bench.letter("d1", "replay")
    (item,) = bench.batch().items
    assert (item.attempts, len(item.fields)) == (0, 2)


def test_a_discard_drops_the_values_for_good(dead):
    answer = dead.letter("d1", "discard")
    assert (answer["done"], answer["fields"]) == (True, 2)
    assert dead.counts("dead", "discarded") == (0, 2)
    assert letter_of(dead, "d1")["reason"] == "discarded"
    assert not isinstance(dead.claim(), Batch)


def test_a_newer_value_leaves_the_letter_as_superseded(dead):
    dead.accept(event("i1", {"stock": 6}, version=at(20)))
    assert dead.counts("dead", "superseded", "pending") == (1, 1, 1)
    (letter,) = dead.letters()
    assert json.loads(letter["f:stock"])["fate"] == "superseded"


def test_a_letter_whose_values_were_all_overtaken_closes_itself(dead):
    dead.accept(event("i1", {"stock": 6, "price": 8}, version=at(20)))
    assert dead.letters() == []
    assert letter_of(dead, "d1")["reason"] == "superseded"
    assert dead.letter("d1", "replay")["done"] is False


def test_a_replay_puts_no_older_value_over_a_newer_one(dead):
    dead.accept(event("i1", {"stock": 6}, version=at(20)))
    dead.letter("d1", "replay")
    assert sent(dead.batch()) == {"i1": {"stock": 6, "price": 9}}


def test_a_replay_moves_nothing_that_died_again_in_another_letter(dead):
    dead.accept(event("i1", {"stock": 6}, version=at(20)))
    die(dead)
    assert dead.letter("d1", "replay")["fields"] == 1
    assert (dead.state("i1", "stock"), dead.state("i1", "price")) == ("dead", "pending")
    assert [letter["id"] for letter in dead.letters()] == ["d2"]


def test_a_replay_loses_a_tie_as_well(dead):
    dead.accept(event("i1", {"stock": 6}, id="e2", version=at(10)))
    dead.letter("d1", "replay")
    assert sent(dead.batch()) == {"i1": {"stock": 6, "price": 9}}


def test_an_older_value_does_not_get_past_a_dead_one(dead):
    dead.accept(event("i1", {"stock": 4}, version=at(5)))
    assert dead.told() == ["stale"]
    assert dead.state("i1") == "dead"


def test_a_value_that_died_dies_anew_after_a_replay_in_a_letter_of_its_own(dead):
    dead.letter("d1", "replay")
    die(dead)
    assert [letter["id"] for letter in dead.letters()] == ["d2"]
    assert dead.letter("d1", "replay")["done"] is False
    assert dead.counts("dead") == (2,)


def test_a_replay_during_another_attempt_at_the_item_is_sent_after_it(dead):
    dead.accept(event("i1", {"name": 1}))
    batch = dead.batch()
    dead.letter("d1", "replay")
    dead.settle(batch, ItemOutcome("i1", written=("name",), wait=300))
    assert sent(dead.batch()) == {"i1": {"stock": 5, "price": 9}}


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_an_act_is_done_once(dead, act):
    assert dead.letter("d1", act)["done"] is True
    assert dead.letter("d1", act)["done"] is False
    assert balanced(dead.counts())


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_a_letter_that_does_not_exist_is_not_acted_on(bench, act):
    assert bench.letter("d99", act)["done"] is False


def test_a_repeat_of_the_same_call_gets_the_first_answer(dead):
    first = dead.letter("d1", "replay")
    die(dead)
    assert dead.steps.repeat("resolve_dead_letter") == first
    assert dead.counts("dead", "pending") == (2, 0)


def test_a_missing_item_is_ignored_where_its_collection_says_so(bench_with):
    bench = bench_with(missing="ignore")
    bench.accept(event("i1", {"stock": 5}))
    item_outcome = ItemOutcome(
        "i1", failures=(FieldFailure("missing", ("stock",), "no such item"),)
    )
    bench.settle(bench.batch(), item_outcome)
    assert bench.counts("ignored", "dead") == (1, 0)
    assert bench.letters() == []


def test_of_the_closed_letters_the_last_thousand_are_kept(bench):
    pipe = bench.client.pipeline()
    for n in range(1000):
        pipe.hset(f"instep:letter:x{n}", "state", "closed")
        pipe.zadd("instep:letters:closed", {f"x{n}": n})
    pipe.execute()
    bench.accept(event("i1", {"stock": 5}))
    die(bench)
    bench.letter("d1", "discard")
    assert bench.client.zcard("instep:letters:closed") == 1000
    assert not bench.client.exists("instep:letter:x0")
    assert bench.client.exists("instep:letter:d1", "instep:letter:x1") == 2
