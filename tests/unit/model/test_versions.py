"""Versions as text: they sort, and both languages read the same in them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workers
from workers.model.versions import (
    BEFORE,
    Version,
    kind_of,
    moment_of,
    right_after,
    sequence_version,
    time_version,
    with_position,
    with_time,
)

LIBRARY = Path(workers.__file__).parent / "store" / "lua" / "lib" / "versions.lua"
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBERS = st.integers(0, 10**20 - 1)
MOMENTS = st.integers(0, 8 * 10**15).map(lambda us: EPOCH + timedelta(microseconds=us))


def in_log(version, log):
    return f"sL{log:05d}{version[1:]}" if log else version


HEADS = st.one_of(
    st.just(BEFORE),
    MOMENTS.map(time_version),
    st.builds(in_log, NUMBERS.map(sequence_version), st.integers(0, 99_999)),
)
ANY = HEADS.flatmap(
    lambda head: st.one_of(
        st.just(head),
        st.just(right_after(head)),
        st.just(right_after(right_after(head))),
        NUMBERS.map(lambda n: with_position(head, n)),
        MOMENTS.map(lambda at: with_time(head, at)),
    )
)


@given(NUMBERS, NUMBERS)
def test_sequences_sort_as_their_numbers_do(a, b):
    assert (sequence_version(a) < sequence_version(b)) == (a < b)


@given(MOMENTS, MOMENTS)
def test_times_sort_as_moments_do(a, b):
    assert (time_version(a) < time_version(b)) == (a < b)


@given(MOMENTS, st.integers(-1439, 1439))
def test_a_time_has_one_version_in_every_zone(at, minutes):
    there = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert time_version(there) == time_version(at)


@given(NUMBERS, NUMBERS, st.integers(0, 99_999), st.integers(0, 99_999))
def test_any_position_in_a_later_log_is_later(a, b, first, second):
    one, other = in_log(sequence_version(a), first), in_log(sequence_version(b), second)
    assert (one < other) == ((first, a) < (second, b))


@given(HEADS, NUMBERS, MOMENTS)
def test_right_after_is_after_every_tie_breaker_and_its_number_counts(head, n, at):
    first = right_after(head)
    assert head < with_position(head, n) < first
    assert with_time(head, at) < first < right_after(first)
    assert right_after(with_position(head, n)) == first


@given(st.integers(0, 10**20 - 2))
def test_right_after_is_before_the_next_number(n):
    assert right_after(right_after(sequence_version(n))) < sequence_version(n + 1)


def test_before_everything_is_that():
    assert right_after(BEFORE) < sequence_version(0) < time_version(EPOCH)


@given(ANY)
def test_a_version_says_its_parts(version):
    found = Version.parse(version)
    assert found.head + found.tie == version
    assert found.kind == kind_of(version) == version[0]


@pytest.mark.parametrize("text", ["", "x1", "t1", "s123", "sL00001", "t" + "0" * 17 + "+"])
def test_anything_else_is_no_version(text):
    with pytest.raises(ValueError, match="is no version"):
        Version.parse(text)


def test_a_time_is_read_to_the_microsecond():
    at = NOON.replace(microsecond=123456)
    assert moment_of(with_position(time_version(at), 5)) == at
    with pytest.raises(ValueError, match="is no time"):
        moment_of(sequence_version(5))


def test_the_steps_read_the_same_in_a_version(store):
    """One function in Lua and one in Python."""
    versions = [
        BEFORE,
        time_version(NOON),
        with_time(time_version(NOON), NOON),
        with_position(sequence_version(10**20 - 1), 7),
        in_log(with_position(sequence_version(12), 7), 345),
        right_after(in_log(sequence_version(12), 345)),
        right_after(right_after(time_version(NOON))),
    ]
    library = f"local versions = (function()\n{LIBRARY.read_text(encoding='utf-8')}end)()"
    script = (
        library
        + """
    local told = {}
    for _, version in ipairs(ARGV) do
      local head, tie = versions.parts_of(version)
      local log, position = versions.position_of(version)
      local kind, after = versions.kind_of(version), versions.right_after(version)
      told[#told + 1] = {kind, head, tie, after, log, position}
    end
    return cjson.encode(told)"""
    )
    told = json.loads(store.eval(script, 0, *versions))
    for version, (kind, head, tie, after, log, position) in zip(versions, told, strict=True):
        found = Version.parse(version)
        assert (kind, head, tie) == (found.kind, found.head, found.tie)
        assert after == right_after(version)
        if found.kind == "s":
            assert (log, int(position)) == (found.log, found.number)
