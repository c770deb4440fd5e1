"""Equal values have one text: that of the standard library's encoder."""

import json
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.changes import canonical


class Number(IntEnum):
    ONE = 1


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | NUMBERS | st.text()
VALUES = PLAIN | st.lists(PLAIN) | st.dictionaries(st.text(), PLAIN)


@given(VALUES)
def test_it_is_written_as_by_the_standard_library(value):
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.0, "-0.0"), (1e16, "1e+16"), (1e-7, "1e-07"), (2**70, str(2**70))],
)
def test_numbers_have_the_form_that_stores_hold(value, text):
    assert canonical(value) == text


def test_what_only_resembles_a_number_is_no_other_text():
    assert [canonical(True), canonical(Number.ONE)] == ["true", "1"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_json_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(value)
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical([value])
