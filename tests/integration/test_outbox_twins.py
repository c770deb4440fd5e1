"""Two items with one key: the older one is the record's, and the other one is told."""

from itertools import permutations

import pytest

from tests.support.outbox_driver import sent
from tests.support.outbox_listing import ids, item, lookup, put, twins
from workers.model.attempts import Lookup
from workers.model.changes import Gone, Incoming

OLD, NEW, NEWER = (item("k1", f"id-{n}", born=f"2025-0{n}-01") for n in (1, 2, 3))


@pytest.fixture
def bench(bench):
    """An outbox with a value for k1 that waits for an id."""
    put(bench, "k1")
    return bench


def next_lookup(bench):
    step = bench.claim()
    while not isinstance(step, Lookup):
        bench.write(step)
        step = bench.claim()
    return step


def list_again(bench, *entries, value):
    """A key that waits has *entries* listed."""
    put(bench, f"new-{value}")
    bench.pass_time(31)
    return bench.page(next_lookup(bench), entries)


@pytest.mark.parametrize("entries", list(permutations([OLD, NEW, NEWER])))
def test_the_oldest_is_chosen_whatever_the_order(bench, entries):
    bench.list_all(*entries)
    assert [each.id for each in bench.batch().items] == ["id-1"]
    assert ids(bench) == {"k1": "id-1"}
    assert twins(bench) == {"id-2": "k1", "id-3": "k1"}


@pytest.mark.parametrize("entries", list(permutations([OLD, NEW, NEWER])))
def test_the_oldest_is_chosen_whichever_page_shows_it(bench, entries):
    for n, entry in enumerate(entries):
        bench.client.delete("instep:destination:site")
        bench.page(lookup(bench), [entry], more=n + 1)
    assert ids(bench) == {"k1": "id-1"}
    assert twins(bench) == {"id-2": "k1", "id-3": "k1"}


@pytest.mark.parametrize("entries", list(permutations([item("k1", "id-b"), item("k1", "id-a")])))
def test_of_two_of_one_moment_the_lower_id_is_chosen(bench, entries):
    bench.list_all(*entries)
    assert ids(bench) == {"k1": "id-a"}


def test_both_are_told_once(bench):
    assert bench.list_all(OLD, NEW)["twins"] == [["k1", "id-1", "id-2"]]
    answer = list_again(bench, OLD, NEW, value=2)
    assert not answer["twins"]


def test_a_younger_one_that_appears_later_changes_nothing(bench):
    bench.list_all(OLD)
    bench.write(bench.batch(), updated="2025-06")
    list_again(bench, NEW, value=2)
    put(bench, "k1")
    assert bench.told() == ["unchanged"]
    put(bench, "k1", value=2)
    assert sent(bench.batch())["k1"] == {"stock": 2}
    assert ids(bench)["k1"] == "id-1"


def test_an_edit_of_the_other_one_is_no_edit_of_the_record(bench):
    bench.list_all(OLD, NEW)
    bench.write(bench.batch(), updated="2025-06")
    list_again(bench, NEW | {"updated": "2025-07"}, value=2)
    put(bench, "k1")
    assert bench.told() == ["unchanged"]


def test_an_older_one_that_is_given_the_key_is_written_from_then_on(bench):
    bench.list_all(NEW)
    bench.write(bench.batch())
    list_again(bench, OLD, value=2)
    put(bench, "k1")
    assert bench.told() == ["accepted"]
    assert {each.record: each.id for each in bench.batch().items}["k1"] == "id-1"
    assert twins(bench) == {"id-2": "k1"}


def test_one_that_is_given_another_key_is_a_twin_no_more(bench):
    bench.list_all(OLD, NEW)
    list_again(bench, item("k2", "id-2"), value=2)
    assert twins(bench) == {}
    assert ids(bench) == {"k1": "id-1", "k2": "id-2"}


def test_one_whose_key_is_taken_away_is_a_twin_no_more(bench):
    bench.list_all(OLD, NEW)
    list_again(bench, NEW | {"key": None}, value=2)
    assert twins(bench) == {}


def test_where_the_older_one_is_given_another_key_the_other_one_is_written(bench):
    bench.list_all(OLD, NEW)
    bench.write(bench.batch())
    list_again(bench, item("k2", "id-1"), value=2)
    assert ids(bench) == {"k1": "id-2", "k2": "id-1"}
    put(bench, "k1")
    assert bench.told() == ["accepted"]
    assert twins(bench) == {}


def test_one_that_the_cms_says_was_deleted_is_a_twin_no_more(bench):
    bench.list_all(OLD, NEW)
    gone = Gone("products", "id-2", deleted=True)
    bench.accept(Incoming(None, "gone", 0, (), gone=(gone,)), source="shop")
    assert twins(bench) == {}
    assert ids(bench) == {"k1": "id-1"}


def test_one_that_a_request_of_ours_made_is_the_younger_one(bench):
    bench.list_all(NEW)
    place = bench.settings.copy_of(bench.settings.collections["products"])
    bench.client.hset(f"instep:ids:products:{place}", "k1", "id-made")  # no listing has shown it
    list_again(bench, NEW, value=2)
    list_again(bench, item("k1", "id-made", born="2025-09-01"), value=3)
    assert ids(bench)["k1"] == "id-2"
    assert twins(bench) == {"id-made": "k1"}


def test_so_many_twins_are_kept_and_no_more(bench):
    put(bench, "nobody")  # is waited for until the last page
    many = [OLD, *(item("k1", f"id-{n:04d}", born="2026") for n in range(1002))]
    for offset in range(0, len(many), 100):
        more = offset + 100 if offset + 100 < len(many) else None
        bench.page(next_lookup(bench), many[offset : offset + 100], more=more)
    assert ids(bench) == {"k1": "id-1"}
    assert len(twins(bench)) == 1000
