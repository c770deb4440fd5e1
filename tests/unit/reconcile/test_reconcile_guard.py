"""The guard of runs: what may be created, overwritten and retired without being asked."""

import pytest

from workers.config.settings import Guard
from workers.policy.run_guard import (
    CREATED,
    KINDS,
    OVERWRITTEN,
    RETIRED,
    GuardInput,
    blockers,
    is_first_load,
    rule,
)

LIMITS = Guard()


def ruled(kind, wanted, items, approved=None, limits=LIMITS, **guard_input):
    return rule(kind, wanted, GuardInput(items, **guard_input), limits, approved)


@pytest.mark.parametrize("kind", [CREATED, RETIRED])
@pytest.mark.parametrize(
    ("wanted", "items", "allowed"),
    [
        pytest.param(0, 0, True, id="none"),
        pytest.param(2, 2, True, id="all of two"),
        pytest.param(2, 3, True, id="two of three"),
        pytest.param(3, 3, False, id="all of three"),
        pytest.param(3, 6, False, id="half, from three on"),
        pytest.param(5, 12, True, id="less than half, and ten at most"),
        pytest.param(6, 12, False, id="half of twelve"),
        pytest.param(10, 12, False, id="ten of twelve"),
        pytest.param(15, 300, True, id="five percent"),
        pytest.param(16, 300, False, id="more than ten and than five percent"),
        pytest.param(300, 300, False, id="all of three hundred"),
        pytest.param(3, 0, False, id="of a collection that lists nothing"),
    ],
)
def test_more_than_both_limits_or_half_of_the_collection_is_held(kind, wanted, items, allowed):
    decision = ruled(kind, wanted, items)
    assert (decision.allowed, decision.asks) == (allowed, not allowed)


@pytest.mark.parametrize(
    ("wanted", "items", "allowed"),
    [(2, 2, True), (3, 3, False), (149, 300, True), (150, 300, False), (300, 300, False)],
)
def test_overwrites_are_held_from_half_of_the_collection_on(wanted, items, allowed):
    assert ruled(OVERWRITTEN, wanted, items).allowed == allowed


@pytest.mark.parametrize("kind", [CREATED, RETIRED])
def test_what_was_done_within_the_window_adds_up(kind):
    assert ruled(kind, 5, 300, recent={kind: 10}).allowed
    decision = ruled(kind, 6, 300, recent={kind: 10})
    assert decision.asks
    assert f"with 10 {kind} in the last 24 h" in decision.words


def test_what_was_overwritten_before_does_not_count():
    assert ruled(OVERWRITTEN, 149, 300, recent={OVERWRITTEN: 149}).allowed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("approved", "allowed"), [(51, True), (60, True), (50, False), (0, False)])
def test_approval_is_a_ceiling(kind, approved, allowed):
    decision = ruled(kind, 51, 60, approved)
    assert (decision.allowed, decision.asks) == (allowed, not allowed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_ceiling_holds_for_less_than_the_limits_too(kind):
    assert not ruled(kind, 3, 1000, 2).allowed


def test_what_is_approved_is_not_counted_in_the_store():
    assert ruled(RETIRED, 51, 60, 51).most is None
    assert ruled(RETIRED, 5, 60).most == 10


def test_the_first_load_creates_and_writes_over_what_it_wants_and_retires_nothing_more():
    first = {"first": 300, "loads": True}
    assert ruled(CREATED, 300, 20, **first).first
    assert ruled(OVERWRITTEN, 20, 20, **first).allowed
    assert ruled(RETIRED, 20, 20, **first).asks
    assert ruled(CREATED, 301, 20, **first).asks


@pytest.mark.parametrize(
    ("items", "records", "first"), [(0, 1, True), (20, 300, True), (3, 6, False), (300, 300, False)]
)
def test_a_load_brings_more_than_twice_what_is_there(items, records, first):
    assert is_first_load(items=items, records=records) == first


def test_it_says_how_many_of_how_many():
    words = ruled(RETIRED, 100, 1000).words
    assert words == "100 of 1,000 items (10.0 %) would be retired: more than 10 and more than 5 %"
    words = ruled(CREATED, 10, 12).words
    assert (
        words == "10 items would be created in a collection of 12: half of the collection or more"
    )


SOUND = {"records": 5, "unread": 0, "whole": True, "partial": False, "items": 5}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"records": 0}, "the source is empty"),
        ({"unread": 2}, "the key of 2 records could not be read"),
        ({"whole": False}, "the listing ended early, after 5 items"),
        ({"partial": True}, "the snapshot is partial"),
    ],
)
def test_no_approval_lifts_a_doubt_about_source_or_listing(wrong, words):
    decision = ruled(RETIRED, 1, 5, 1000, blockers=blockers(**SOUND | wrong))
    assert not decision.allowed
    assert not decision.asks
    assert words in decision.words


def test_a_sound_source_and_a_whole_listing_leave_no_doubt():
    assert blockers(**SOUND) == ()
