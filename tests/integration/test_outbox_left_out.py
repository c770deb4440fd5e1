"""Events of which something could not be read: the rest is taken, and the letter tells of it."""

import json

import pytest

from tests.support.outbox_creating import created, knowing
from tests.support.outbox_driver import at, change, event, number, sent
from workers.model.changes import Again, FieldProblem, Incoming, LeftOut
from workers.model.retirement import GONE
from workers.store.dead_letters import DeadLetters
from workers.store.outbox import balanced

PROBLEM = FieldProblem("qty", "Not a valid integer.")


def left_out(record="i1", slug="stock", version=None, by="item"):
    return LeftOut("products", record, by, slug, version)


def partly(fields, *, record="i1", id=None, version=None, index=0, slugs=("stock",), by="item"):
    """An event whose *fields* were read, and whose *slugs* were not."""
    changes = (change(record, fields, version=version, by=by),) if fields else ()
    left = tuple(left_out(record, slug, version, by) for slug in slugs)
    return Incoming(id, "stock.changed", index, changes, (PROBLEM,), left=left)


def entries(letter):
    """What a letter says was left out: {(record, slug): version}."""
    return {
        tuple(json.loads(name[2:])[1:]): version
        for name, version in letter.items()
        if name[:2] == "o:"
    }


@pytest.fixture
def partial(bench):
    """An outbox that took the price of an event of second 10, whose stock was left out."""
    bench.accept(partly({"price": 9}, id="e1", version=at(10)))
    return bench


def letter_of(bench):
    (letter,) = bench.letters()
    return letter


def test_what_could_be_read_is_accepted_and_the_rest_is_a_letter(bench):
    answer = bench.accept(partly({"price": 9}, id="e1", version=at(10)), body=b'{"qty": "x"}')
    assert (answer.outcome, answer.accepted, answer.letters) == ("kept", 1, 1)
    assert sent(bench.batch()) == {"i1": {"price": 9}}
    assert entries(letter_of(bench)) == {("i1", "stock"): at(10)}
    assert balanced(bench.counts())


def test_a_letter_names_the_record_and_what_of_it_was_left_out(partial):
    (letter,) = DeadLetters(partial.steps, partial.settings).list(collection="products")
    assert (letter.collection, letter.key) == ("products", "i1")
    assert letter.as_dict()["left_out"] == [
        {"collection": "products", "key": "i1", "slug": "stock", "version": at(10)}
    ]


def test_a_letter_of_several_records_names_each_beside_its_fields_alone(bench):
    left = (left_out("i1"), left_out("i2"))
    bench.accept(Incoming("e1", "t", 0, (), (PROBLEM,), left=left))
    (letter,) = DeadLetters(bench.steps, bench.settings).list()
    assert (letter.collection, letter.key) == (None, None)
    assert [each["key"] for each in letter.left_out] == ["i1", "i2"]


def test_what_was_left_out_is_outside_the_counts(partial):
    assert partial.counts("accepted", "dead", "pending") == (1, 0, 1)


@pytest.mark.parametrize(
    ("version", "open_letters"),
    [(at(9), 1), (at(10), 0), (at(11), 0), (None, 0)],
    ids=["older", "the later of two equals", "newer", "arrival"],
)
def test_a_newer_value_of_the_field_closes_the_letter(partial, version, open_letters):
    partial.accept(event("i1", {"stock": 3}, id="e2", version=version))
    assert len(partial.letters()) == open_letters


def test_a_newer_value_of_another_field_leaves_the_letter_open(partial):
    partial.accept(event("i1", {"price": 3}, id="e2", version=at(20)))
    assert len(partial.letters()) == 1


def test_of_several_fields_each_leaves_the_letter_for_itself(bench):
    bench.accept(partly({"price": 9}, version=at(10), slugs=("stock", "name")))
    bench.accept(event("i1", {"stock": 3}, id="e2", version=at(20)))
    assert entries(letter_of(bench)) == {("i1", "name"): at(10)}
    bench.accept(event("i1", {"name": 3}, id="e3", version=at(20)))
    assert bench.letters() == []


def test_a_letter_that_closed_itself_says_that_it_was_overtaken(partial):
    id = letter_of(partial)["id"]
    partial.accept(event("i1", {"stock": 3}, id="e2", version=at(20)))
    assert partial.client.hget(f"instep:letter:{id}", "reason") == "superseded"


def test_a_newer_retirement_closes_the_letter(partial):
    partial.accept(event("i1", {GONE: "archive"}, version=at(20), kind="gone"))
    assert partial.letters() == []


def test_an_older_retirement_leaves_the_letter_open(partial):
    partial.accept(event("i1", {GONE: "archive"}, version=at(5), kind="gone"))
    assert len(partial.letters()) == 1


def test_a_value_closes_the_letter_of_a_retirement_that_was_left_out(bench):
    bench.accept(partly({}, version=at(10), slugs=(GONE,)))
    bench.accept(event("i1", {"stock": 3}, id="e2", version=at(20)))
    assert bench.letters() == []


def test_a_newer_event_that_leaves_the_field_out_too_takes_its_place(partial):
    partial.accept(partly({"price": 8}, id="e2", version=at(20)), body=b"{2}")
    letter = letter_of(partial)
    assert json.loads(letter["events"]) == ["e2"]
    assert entries(letter) == {("i1", "stock"): at(20)}


def test_an_older_event_that_leaves_the_field_out_too_opens_no_letter(partial):
    partial.accept(partly({"price": 8}, id="e2", version=at(5)), body=b"{2}")
    assert json.loads(letter_of(partial)["events"]) == ["e1"]


def test_what_has_been_overtaken_already_opens_no_letter(bench):
    bench.accept(event("i1", {"stock": 3}, id="e2", version=at(20)))
    answer = bench.accept(partly({"price": 9}, version=at(10)))
    assert (answer.accepted, answer.letters) == (1, 0)
    assert bench.letters() == []


def test_a_version_of_another_kind_leaves_out_what_a_newer_value_overtakes(bench):
    bench.accept(event("i1", {"stock": 1}, id="e1", version=at(5)))
    bench.accept(event("i1", {"stock": 2}, id="e2", version=number(5)))
    assert len(bench.letters()) == 1
    bench.accept(event("i1", {"stock": 3}, id="e3", version=at(6)))
    assert bench.letters() == []


def test_what_names_no_field_of_a_record_is_closed_by_hand_alone(bench):
    bench.accept(partly({"price": 9}, version=at(10), slugs=()))
    bench.accept(event("i1", {"stock": 3, "price": 3}, id="e2", version=at(20)))
    assert len(bench.letters()) == 1


def test_a_letter_with_both_stays_open_for_what_it_cannot_name(bench):
    both = Incoming(
        None, "t", 0, (), (PROBLEM, PROBLEM), left=(left_out(version=at(10)),), nameless=True
    )
    bench.accept(both)
    bench.accept(event("i1", {"stock": 3}, id="e2", version=at(20)))
    assert entries(letter_of(bench)) == {}


def test_a_discarded_letter_leaves_nothing_at_its_items(partial):
    partial.letter(letter_of(partial)["id"], "discard")
    assert not [name for name in partial.item("i1")[0] if name.startswith("o:")]
    partial.accept(event("i1", {"stock": 3}, id="e2", version=at(20)))
    assert partial.letters() == []


def test_of_a_delivery_a_good_event_closes_the_letter_of_a_bad_one_before_it(bench):
    bench.accept(
        partly({"price": 9}, id="e1"), event("i1", {"stock": 3}, id="e2", index=1), body=b"[]"
    )
    assert bench.letters() == []
    assert bench.value("i1") == 3


# repeats and replays ------------------------------------------------------------------------


def test_a_repeat_of_an_event_read_in_part_is_a_replay_of_its_letter(partial):
    whole = event("i1", {"price": 9, "stock": 4}, id="e1", version=at(10))
    answer = partial.accept(whole, body=b"{again}")
    assert (answer.outcome, answer.accepted) == ("kept", 1)
    assert (partial.value("i1"), partial.value("i1", "price")) == (4, 9)
    assert partial.letters() == []
    assert partial.counts("accepted", "stale", "pending") == (2, 0, 2)


def test_a_repeat_that_still_cannot_be_read_whole_changes_nothing(partial):
    before = entries(letter_of(partial))
    partial.accept(partly({"price": 9}, id="e1", version=at(10)))
    letter = letter_of(partial)
    assert (entries(letter), letter["times"]) == (before, "2")
    assert partial.counts("accepted") == (1,)


def test_a_repeat_puts_no_value_over_one_that_came_after_its_first(partial):
    partial.accept(event("i1", {"price": 7}, id="e2", version=at(10)))
    partial.accept(event("i1", {"price": 9, "stock": 4}, id="e1", version=at(10)))
    assert (partial.value("i1", "price"), partial.value("i1")) == (7, 4)


def test_once_its_letter_is_closed_a_repeat_is_a_duplicate(partial):
    partial.letter(letter_of(partial)["id"], "discard")
    whole = event("i1", {"price": 9, "stock": 4}, id="e1", version=at(10))
    assert partial.accept(whole).outcome == "duplicate"


def test_an_event_of_which_nothing_was_taken_closes_its_letter_when_it_comes_readable(bench):
    bench.accept(partly({}, id="e1", version=at(10)))
    assert bench.accept(event("i1", {"stock": 4}, id="e1", version=at(10))).outcome == "kept"
    assert bench.letters() == []


def again(letter, **options):
    return Again(int(letter["number"]), 0, letter["came"], letters=(letter["id"],), **options)


def replay(bench, *changes, problems=(), left=()):
    letter = letter_of(bench)
    placed = again(letter, arrival=int(letter["arrival"]))
    run = Incoming("e1", "stock.changed", 0, changes, problems, again=placed, left=left)
    return bench.accept(run, mode="remap", closes=letter["id"])


def test_a_replay_gives_what_was_left_out_and_closes_the_letter(partial):
    replay(partial, change("i1", {"price": 9, "stock": 4}, version=at(10)))
    assert partial.value("i1") == 4
    assert partial.letters() == []
    assert balanced(partial.counts())


def test_a_replay_that_fails_for_one_field_leaves_that_alone_in_the_letter(bench):
    bench.accept(partly({"price": 9}, id="e1", version=at(10), slugs=("stock", "name")))
    left = (left_out(slug="name", version=at(10)),)
    replay(
        bench,
        change("i1", {"price": 9, "stock": 4}, version=at(10)),
        problems=(PROBLEM,),
        left=left,
    )
    assert bench.value("i1") == 4
    assert entries(letter_of(bench)) == {("i1", "name"): at(10)}


def test_a_replay_does_not_open_again_what_was_overtaken_meanwhile(bench):
    bench.accept(partly({"price": 9}, id="e1", version=at(10), slugs=("stock", "name")))
    bench.accept(event("i1", {"name": 5}, version=at(20)))
    left = (left_out(slug="name", version=at(10)),)
    replay(bench, change("i1", {"stock": 4}, version=at(10)), problems=(PROBLEM,), left=left)
    assert bench.letters() == []


def test_what_fails_of_a_replayed_body_gets_a_letter_of_its_own(bench):
    whole = Incoming(None, None, -1, problems=(FieldProblem("body", "is not JSON"),))
    bench.accept(whole, body=b"{")
    id = letter_of(bench)["id"]
    placed = Again(0, 0, at(0), taken=False)
    good = Incoming("e1", "t", 0, (change("i1", {"stock": 1}, version=at(5)),), again=placed)
    bad = Incoming("e2", "t", 1, (), (PROBLEM,), again=placed)
    bench.accept(good, bad, mode="remap", closes=id, body=b"{")
    (letter,) = bench.letters()
    assert json.loads(letter["events"]) == ["e2"]
    assert bench.value("i1") == 1


def test_a_replay_leaves_what_a_later_event_of_its_version_left_out(bench):
    bench.accept(partly({"price": 9}, id="e1", version=at(10), slugs=("stock", "name")))
    bench.accept(partly({}, id="e2", version=at(10)), body=b"{2}")
    bench.accept(
        event("i1", {"price": 9, "stock": 4, "name": 1}, id="e1", version=at(10)), body=b"{3}"
    )
    assert bench.value("i1") == 4
    assert json.loads(letter_of(bench)["events"]) == ["e2"]


# creation -----------------------------------------------------------------------------------


@pytest.fixture
def creating(bench_with):
    return knowing(bench_with(missing="create"))


def test_an_event_read_in_part_creates_no_item(creating):
    creating.accept(partly({"name": "Oak desk"}, record="new-1", by="key", id="e1"))
    creating.list_all()
    assert creating.counts("dead", "pending") == (1, 0)
    letter = next(each for each in creating.letters() if each["kind"] == "missing")
    assert "could not be read whole" in letter["message"]


def test_a_whole_event_after_it_creates_the_item_with_all_that_is_held(creating):
    creating.accept(partly({"name": "Oak desk"}, record="new-1", by="key", id="e1"))
    creating.list_all()
    creating.accept(event("new-1", {"stock": 4}, by="key", id="e2"))
    creating.pass_time(31)
    creating.list_all()
    batch = creating.batch()
    assert sent(batch) == {"new-1": {"name": "Oak desk", "stock": 4}}
    creating.settle(batch, *created(batch))
    assert creating.letters() == []


def test_an_event_read_in_part_updates_an_item_that_is_to_be_created(creating):
    creating.accept(event("new-1", {"name": "Oak desk", "stock": 1}, by="key"))
    creating.accept(partly({"name": "Oak table"}, record="new-1", by="key", id="e1"))
    creating.list_all()
    assert sent(creating.batch()) == {"new-1": {"name": "Oak table", "stock": 1}}


# bounds -------------------------------------------------------------------------------------


def test_beyond_the_bytes_of_a_source_a_letter_is_kept_without_its_body(bench, monkeypatch):
    monkeypatch.setattr("workers.store.outbox.RAW_BYTES", 1500)
    bench.accept(partly({"price": 9}, id="e1"), body=b"a" * 1000)
    answer = bench.accept(partly({"price": 9}, record="i2", id="e2"), body=b"b" * 1000)
    assert (answer.outcome, answer.accepted) == ("kept", 1)
    assert [("raw" in letter) for letter in bench.letters()] == [True, False]
    assert bench.client.hget("instep:raw-bytes", "erp") == "1000"


def test_beyond_the_letters_of_a_source_one_stands_for_all_of_one_cause(bench, monkeypatch):
    monkeypatch.setattr("workers.store.outbox.LETTERS_MOST", 2)
    for n in range(6):
        answer = bench.accept(partly({"price": n}, record=f"i{n}", id=f"e{n}"), body=b"%d" % n)
        assert (answer.outcome, answer.accepted) == ("kept", 1)
    other = Incoming("e9", "t", 0, problems=(FieldProblem("sku", "is missing"),))
    assert bench.accept(other).outcome == "kept"
    assert sorted(letter["times"] for letter in bench.letters()) == ["1", "1", "1", "4"]


def test_a_letter_that_stands_for_many_is_closed_by_hand(bench, monkeypatch):
    monkeypatch.setattr("workers.store.outbox.LETTERS_MOST", 0)
    bench.accept(partly({"price": 9}, id="e1"))
    bench.accept(event("i1", {"stock": 1}, id="e2"))
    assert bench.letter(letter_of(bench)["id"], "discard")["done"]
    assert bench.letters() == []
