"""JSON in lines: only the space between values changes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.console.json_text import pretty


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":1.10,"b":[]}', '{\n  "a": 1.10,\n  "b": []\n}'),
        ('[{"x": {} } , "a,\\"}b"]', '[\n  {\n    "x": {}\n  },\n  "a,\\"}b"\n]'),
        ('{"n": 12345678901234567890.0, "e": -1E+5}', None),
        ('{"a":1,"a":2}', '{\n  "a": 1,\n  "a": 2\n}'),
    ],
)
def test_numbers_and_texts_stay_as_they_were_sent(text, shown):
    found = pretty(text)
    assert found.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    if shown:
        assert found == shown


@pytest.mark.parametrize("text", ["", "a=1&b=2", "{", "[]", "{}", "12", '"x"', "[" * 100_000])
def test_what_has_no_lines_to_show_is_left(text):
    assert pretty(text) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_it_means_the_same_as_before(value):
    text = json.dumps(value)
    found = pretty(text)
    assert found is None or json.loads(found) == value
