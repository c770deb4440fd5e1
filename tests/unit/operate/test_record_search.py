"""Keys that are like one: of a few, of very many, and what passes for a typo."""

import pytest

from service.operate import record_search as search


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P-0001", "P-00O1"),
        ("P-0001", "p-0001"),
        ("P-0001", "P0001"),
        ("P-0001", "P_0001"),
        ("chair-red", "chair-rad"),
        ("chair-red", "chair-re"),
        ("SKU-l1", "SKU-I1"),
    ],
)
def test_a_typo_is_told_from_another_key(one, other):
    assert search._is_typo(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("P-0001", "P-0002"), ("P-1", "P-11"), ("chair", "table"), ("a1", "b2")]
)
def test_another_key_is_no_typo(one, other):
    assert not search._is_typo(one, other)


MANY = [f"sku-{n:06d}" for n in range(50_000)]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("sku-0o1234", "sku-001234"),
        ("sku-012345x", "sku-012345"),
        ("xsku-012345", "sku-012345"),
        ("sku012345", "sku-012345"),
    ],
)
def test_of_very_many_keys_those_that_agree_longest_are_compared(typo, meant):
    assert meant in search._candidates(typo, MANY)


def test_a_key_that_agrees_at_both_ends_is_found_once():
    found = search._candidates("sku-0o1234", MANY)
    assert len(found) == len({*found})


def test_no_key_is_like_one_of_other_letters():
    assert search._distance("P-0001", "P-0001") == 0
    assert search._distance("", "abc") == 3
    assert search._candidates("zzz", MANY) == []


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("P-000", [f"P-000{n}" for n in range(5)]),
        ("p-000", [f"P-000{n}" for n in range(5)]),
        ("P-0012", ["P-0012-a"]),
        ("P-O999", ["P-0999"]),
    ],
)
def test_keys_that_begin_with_what_was_typed_are_the_nearest_then_those_that_differ_least(
    typed, nearest
):
    known = [f"P-{n:04d}" for n in reversed(range(1000)) if n != 12]
    assert search._closest(typed, [*known, "P-0012-a", "X-000"])[: len(nearest)] == nearest


def test_of_very_many_keys_those_that_begin_with_what_was_typed_are_the_nearest():
    assert search._closest("sku-04999", MANY)[:2] == ["sku-049990", "sku-049991"]
