"""Texts in Unicode's normal form, whatever marks they carry."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.fields.slugify import slug_from
from workers.model.letters import nfc
from workers.webflow.item_keys import normal

# Marks, those that are taken apart into several, and letters that they join.
LETTERS = (
    "\u0301\u0327\u0323\u0308\u0344\u0f73\u0f75\u0f81\u0f71\u0f72\u3099aAé\u304b\u1100\u1161\u4e00 "
)
MIXED = "a" + "\u0301\u0327" * 100_000  # minutes, where time goes with the square


@given(st.text(alphabet=LETTERS, max_size=120))
def test_it_is_the_normal_form_of_unicode(text):
    assert nfc(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(("marks", "known"), [("\u0301\u0327", "\u0327"), ("\u0f73", "\u0f71")])
def test_very_many_marks_in_a_row_are_put_in_order(marks, known):
    text = nfc("a" + marks * 100_000)
    assert text[1:3] == known * 2
    assert unicodedata.is_normalized("NFC", text[:60])


def test_a_key_of_marks_is_compared_too():
    assert normal(MIXED) == normal(MIXED + " ")


def test_a_slug_of_a_name_of_marks_is_made_too():
    assert slug_from(MIXED, "K-1") == "a"
