"""What the search index stores of a record, and finds it by."""

import pytest

from workers.store.search_row import (
    LONGEST,
    SearchRow,
    folded,
    key_member,
    kind_of,
    record_of,
    whole,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("SKU-1", "sku-1"),
        ("  Blue\t\n shirt ", "blue shirt"),
        ("Straße", "strasse"),
        ("CAFE\u0301", "caf\u00e9"),
        ("\u1e9e", "ss"),
        ("a\x1fb", "a b"),
        ("", ""),
    ],
)
def test_a_text_is_folded(text, plain):
    assert whole(text) == plain == folded(text)
    assert whole(plain) == plain


def test_of_a_long_text_the_beginning_is_kept():
    assert folded("x" * 300) == "x" * LONGEST
    assert whole("x" * 300) == "x" * 300


@pytest.mark.parametrize(
    "row",
    [
        SearchRow(),
        SearchRow("i"),
        SearchRow(slug="s"),
        SearchRow("i", "Größe", "s", 'x"', "\\"),
    ],
)
def test_a_row_is_read_as_it_was_written(row):
    assert SearchRow.parse(row.as_text()) == row
    assert SearchRow.parse(None) == SearchRow()


def test_each_text_leads_to_the_record():
    row = SearchRow("65F0", "Blue", "blue", "Navy", "navy")
    found = {(each.partition("\x1f")[0], kind_of(each)) for each in row.members("A-1")}
    texts = {("blue", "n"), ("blue", "s"), ("navy", "n"), ("navy", "s")}
    assert found == {("a-1", "k"), ("65f0", "i"), *texts}
    assert {record_of(each) for each in row.members("A-1")} == {"A-1"}


def test_a_record_that_is_its_own_text_is_stored_once():
    assert SearchRow("65f0").members("65f0") == {"65f0\x1fk"}
    assert record_of("65f0\x1fk") == "65f0"


@pytest.mark.parametrize(
    "record", ["sku-1", "SKU-1", "Straße", "strasse", " ", "", "a\x1fkb", "k" * 150, "K" * 100]
)
def test_each_record_has_one_place_in_the_order_of_the_keys(record):
    assert record_of(key_member(record)) == record
    assert SearchRow("i1").members(record) >= ({key_member(record)} if folded(record) else set())
