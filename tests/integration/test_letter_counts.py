"""How many records and values the letters of problems hold."""

import pytest

from tests.support.letters_rig import Shop
from workers.store import letter_counts
from workers.store.letter_counts import count_letters
from workers.store.problem_keys import letters_of


@pytest.fixture
def shop(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    shop = Shop(tmp_path, f"unix://{store_socket}")
    yield shop
    shop.close()


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_records_and_values_over_any_number_of_steps(shop, monkeypatch, size):
    monkeypatch.setattr(letter_counts, "SLICE", size)
    shop.refuse("i1", "i2", "i3")
    shop.refuse("i1", "i2", slug="price")
    shop.leave_out({"sku": "a", "qty": "x"})
    shop.context.problems.group(100)
    groups = {each.id: each.letters for each in shop.context.problems.listed()}
    found = count_letters(shop.context.steps, groups, most=100)
    assert [(each.records, each.values) for each in found.values()] == [(3, 3), (2, 2), (0, 0)]


def test_a_record_of_several_letters_counts_once(shop, store):
    _, second = shop.refuse("i1", "i2")
    shop.context.problems.group(100)
    (group,) = shop.context.problems.listed()
    store.hset(f"instep:letter:{second}", "record", "i1")
    (found,) = count_letters(shop.context.steps, {group.id: 2}, most=2).values()
    assert (found.records, found.values) == (1, 2)
    (newest,) = count_letters(shop.context.steps, {group.id: 1}, most=2).values()
    assert newest.values == 1


def test_a_letter_that_stands_for_many_counts_them(shop, store):
    shop.refuse("i1")
    shop.context.problems.group(100)
    (group,) = shop.context.problems.listed()
    store.hset("instep:letter:gx", mapping={"state": "open", "kind": "missing", "times": 40})
    store.zadd(letters_of(group.id), {"gx": 2e12})
    (found,) = count_letters(shop.context.steps, {group.id: 2}, most=2).values()
    assert (found.records, found.values, found.many, found.times) == (41, 1, 1, 40)


def test_a_problem_that_is_too_large_is_left_out(shop):
    shop.refuse("i1", "i2", "i3")
    shop.refuse("i1", slug="price")
    shop.context.problems.group(100)
    groups = {each.id: each.letters for each in shop.context.problems.listed()}
    found = count_letters(shop.context.steps, groups, most=2)
    assert [groups[each] for each in found] == [1]
    assert count_letters(shop.context.steps, {}, most=2) == {}
