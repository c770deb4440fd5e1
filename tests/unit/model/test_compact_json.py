"""JSON of the steps is what the standard library writes and reads."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.compact_json import decoded, encoded


class Word(StrEnum):
    KEPT = "kept"


class Number(IntEnum):
    ONE = 1


@dataclass
class Record:
    a: int = 1


def standard(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Halves of surrogate pairs, too.
TEXTS = st.text(st.characters(exclude_categories=()))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner) | st.tuples(inner, inner),
)
# A step's numbers have 14 digits at most.
ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(PLAIN)
def test_it_is_written_as_by_the_standard_library(value):
    assert encoded(value) == standard(value)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_with_a_fraction_keep_their_value(values):
    assert [number.hex() for number in json.loads(encoded(values))] == [
        number.hex() for number in values
    ]


def test_no_character_is_written_in_another_form():
    assert [n for n in range(sys.maxunicode + 1) if encoded(chr(n)) != standard(chr(n))] == []


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(2**63, id="more than 63 bits"),
        pytest.param(2**64, id="more than 64 bits"),
        pytest.param(-(2**70), id="negative, more than 64 bits"),
        pytest.param({2: 1, None: 3, True: 4}, id="keys that are no text"),
        pytest.param({Word.KEPT: Word.KEPT, "n": Number.ONE}, id="enums"),
        pytest.param("\ud83d", id="half a pair"),
        pytest.param(nested(500), id="deep"),
        pytest.param({"b": 1, "a": {"d": 1, "c": 2}}, id="order"),
    ],
)
def test_what_orjson_refuses_is_written_all_the_same(value):
    assert encoded(value) == standard(value)


@pytest.mark.parametrize(
    "value", [b"x", {1}, Record(), datetime(2025, 1, 1, tzinfo=UTC)], ids=lambda v: type(v).__name__
)
def test_what_json_has_not_is_refused(value):
    with pytest.raises(TypeError):
        encoded({"value": value})


@given(ANSWERS)
def test_an_answer_is_read_as_by_the_standard_library(value):
    for text in (standard(value), json.dumps(value)):
        assert standard(decoded(text)) == standard(json.loads(text))


def test_numbers_and_marks_are_read_as_a_step_writes_them():
    assert decoded('{"a":1e+15,"b":0.1,"c":"\\/\\u007f"}') == {"a": 1e15, "b": 0.1, "c": "/\x7f"}


def test_an_answer_that_is_no_json_is_refused():
    with pytest.raises(ValueError, match="unexpected"):
        decoded("{")
