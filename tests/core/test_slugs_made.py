"""The slug that a new item gets from its name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.slugs import slug_from


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
def test_whatever_the_name_it_is_a_slug(name, key):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug_from(name, key))
    assert len(slug_from(name, key)) <= 256
