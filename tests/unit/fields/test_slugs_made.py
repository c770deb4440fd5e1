"""The slug that a new item gets from its name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.fields.slugify import is_refused, refused, slug_from, slugs_for
from workers.model.changes import FieldProblem


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Oak Desk", "oak-desk"),
        ("  Oak -- Desk, 2nd!  ", "oak-desk-2nd"),
        ("Café Crème", "cafe-creme"),
        ("Große Straße", "grosse-strasse"),
        ("Smørrebrød Æble", "smorrebrod-aeble"),
        ("Łódź", "lodz"),
        ("\u0130stanbul I\u011fd\u0131r", "istanbul-igdir"),
        ("½ price", "1-2-price"),
        ("under_score", "under-score"),
        ("a" * 300, "a" * 256),
        ("a" * 255 + " b", "a" * 255),
    ],
)
def test_a_slug_is_made_of_the_name(name, slug):
    assert slug_from(name, "k") == slug


def test_a_name_that_latin_letters_do_not_write_leaves_it_to_the_key():
    assert slug_from("椅子", "SKU 7") == "sku-7"


def test_where_the_key_does_not_help_either_it_is_a_mark_that_is_always_the_same():
    one, other = slug_from("椅子", "№"), slug_from("椅子", "椅")
    assert slug_from("椅子", "椅") == other != one
    assert re.fullmatch("item-[0-9a-f]{10}", other)


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_the_name_they_are_slugs_and_each_another_one(name, key):
    slugs = list(slugs_for(name, key))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)
    assert max(map(len, slugs)) <= 256
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize(
    ("name", "key", "slugs"),
    [
        ("Oak Desk", "A/7", ["oak-desk", "oak-desk-a-7", "oak-desk-a-7-2", "oak-desk-a-7-3"]),
        ("椅子", "SKU 7", ["sku-7", "sku-7-2"]),
        ("A 7", "a-7", ["a-7", "a-7-2"]),
        ("a" * 256, "k", ["a" * 256, "a" * 254 + "-k", "a" * 252 + "-k-2"]),
        ("a" * 256, "k" * 256, ["a" * 256, "a" * 127 + "-" + "k" * 128]),
    ],
)
def test_name_then_name_and_key_then_a_number(name, key, slugs):
    made = list(slugs_for(name, key))
    assert made[: len(slugs)] == slugs
    assert slug_from(name, key, made[0]) == slugs[1]
    assert slug_from(name, key, made[-1]) is None


def test_of_another_name_the_slugs_begin_anew():
    assert slug_from("Ash desk", "k", "oak-desk") == "ash-desk"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("slug", "Unique value is already in database: 'oak'"),
        ("slug", "Unique value is already in database: oak"),
        ("slug", 'Already taken: "oak"'),
        ("", "slug: Unique value is already in database: 'oak'"),
        ("", "Field 'slug': Unique value is already in database: 'oak'"),
        ("", "fieldData.slug: Unique value is already in database: 'oak'"),
        ("", "Unique value is already in database: 'oak'"),
        ("", "The slug 'oak' is already in use"),
    ],
)
def test_a_slug_that_is_taken_is_known_however_it_is_told(path, message):
    told = [FieldProblem(path, message)]
    assert is_refused(told, "Validation Error")
    assert refused(told, "Validation Error") == {"oak"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("name", "Unique value is already in database: 'slug'"),
        ("", "my-slug: Unique value"),
        ("slug", "Is too long"),
        ("", "slug: Is too long: 'unique'"),
    ],
)
def test_other_complaints_are_none_of_a_slug_that_is_taken(path, message):
    assert not is_refused([FieldProblem(path, message)], "")
    assert not refused([FieldProblem(path, message)], "")


def test_what_a_message_says_counts_where_there_are_no_problems():
    assert refused((), "Conflict: slug 'oak' is already in use") == {"oak"}
    assert not refused([FieldProblem("price", "Is too small")], "slug 'oak' is already in use")
