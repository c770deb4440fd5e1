"""Keys in the form in which they are compared."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.mapping import record_keys
from service.reconcile.state.working_set import WorkingSet
from workers.config.settings import Collection
from workers.webflow.item_keys import (
    WHITE_SPACE,
    is_of,
    joined,
    key_text,
    normal,
    normal_record,
    parted,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
BLANKS = st.text(st.sampled_from(WHITE_SPACE), max_size=5)
WORDS = TEXTS.filter(lambda text: normal(text) != "")


@given(TEXTS)
def test_the_normal_form_of_a_normal_form_is_itself(text):
    assert normal(normal(text)) == normal(text)


@given(TEXTS, BLANKS, BLANKS, st.sampled_from(["NFC", "NFD"]))
def test_blanks_at_the_ends_and_how_letters_are_composed_mean_nothing(text, left, right, form):
    assert normal(left + unicodedata.normalize(form, text) + right) == normal(text)


@given(TEXTS)
def test_a_normal_form_has_no_blanks_at_its_ends_and_is_composed(text):
    form = normal(text)
    assert form.strip(WHITE_SPACE) == form
    assert unicodedata.is_normalized("NFC", form)


@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_a_key_of_several_parts_is_normal_part_by_part(parts):
    form = normal_record(joined(parts), len(parts))
    assert parted(form) == tuple(normal(part) for part in parts)
    assert normal_record(form, len(parts)) == form


@given(WORDS, BLANKS, BLANKS)
def test_a_source_and_the_cms_have_one_key_however_each_of_them_writes_it(text, left, right):
    assert key_text(left + text + right) == record_keys.key(right + text + left) == normal(text)


@pytest.mark.parametrize("blank", [*WHITE_SPACE, WHITE_SPACE, ""])
def test_a_blank_key_is_none(blank):
    assert key_text(blank) is None
    with pytest.raises(ValueError, match="expected text of 1 to 256 characters"):
        record_keys.key(blank)


@pytest.mark.parametrize(
    "text", ["a\u200b", "\ufeffa", "a\x1f", "\x00a", "a  b", "\ufb01", "A"], ids=ascii
)
def test_what_is_no_white_space_and_what_looks_alike_stays(text):
    assert normal(text) == text


def test_white_space_is_what_unicode_says_it_is():
    # The separators, and the controls that PropList.txt lists.
    separators = {chr(n) for n in range(0x110000) if unicodedata.category(chr(n))[0] == "Z"}
    assert set(WHITE_SPACE) == separators | set("\t\n\v\f\r\x85")


def test_an_object_to_fetch_is_named_as_it_came():
    assert record_keys.objects([" a ", 12]) == [" a ", "12"]


def test_a_reconcile_shows_a_key_as_the_source_has_it():
    with WorkingSet() as table:
        table.add_record("P-1", 1, ())
        table.add_record("P-1", 1, (), "P-1   ")
        table.add_record("P-2", 2, ())
        assert [table.shown(key) for key in ("P-1", "P-2", "P-3", None)] == [
            "P-1   ",
            "P-2",
            None,
            None,
        ]


def test_a_key_of_fewer_parts_than_its_fields_is_that_of_no_item():
    two = Collection("products", "site", "c1", key=("sku", "country"))
    assert not is_of(two, "k0", {"sku": "k0", "country": "de"})
    assert is_of(two, "k0|de", {"sku": "k0", "country": "de"})
