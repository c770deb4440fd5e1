"""Cursors of lists."""

import re

import pytest

from service.operate.list_cursor import FORM, as_cursor, parts_of
from service.operate.page import FilterInvalid


@pytest.mark.parametrize("parts", [("A|ü", 1), ("", 2**64 - 1), ('"\\/?&', 0)])
def test_a_cursor_gives_back_its_parts(parts):
    cursor = as_cursor(*parts)
    assert re.match(FORM, cursor)
    assert parts_of(cursor, str, int) == parts


def test_no_cursor_has_no_parts():
    assert parts_of(None, str) is None


@pytest.mark.parametrize("cursor", ["x", "e30", as_cursor("a"), as_cursor("a", "b"), "_" * 9])
def test_another_list_is_told_apart(cursor):
    with pytest.raises(FilterInvalid, match="begin without it"):
        parts_of(cursor, str, int)
