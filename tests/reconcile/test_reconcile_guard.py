"""The guard against mass deletion."""

import pytest

from service.reconcile.guard import Ground, doubts, rule
from workers.settings import Reconcile

LIMITS = Reconcile(retire_at_most=10, retire_percent=5.0)


@pytest.mark.parametrize(
    ("wanted", "items", "allowed"),
    [
        pytest.param(0, 0, True, id="none"),
        pytest.param(10, 20, True, id="at most so many, though half of all"),
        pytest.param(11, 20, False, id="more, and half of all"),
        pytest.param(50, 1000, True, id="five percent"),
        pytest.param(51, 1000, False, id="more than five percent"),
        pytest.param(11, 0, False, id="of a collection that lists nothing"),
    ],
)
def test_both_limits_must_be_passed_for_it_to_stop(wanted, items, allowed):
    ruling = rule(wanted, Ground(500, items), LIMITS, None)
    assert (ruling.allowed, ruling.asks) == (allowed, not allowed)


@pytest.mark.parametrize(("approved", "allowed"), [(51, True), (60, True), (50, False), (0, False)])
def test_approval_is_a_ceiling(approved, allowed):
    ruling = rule(51, Ground(500, 1000), LIMITS, approved)
    assert (ruling.allowed, ruling.asks) == (allowed, not allowed)


def test_a_ceiling_holds_for_less_than_the_limits_too():
    assert not rule(3, Ground(500, 1000), LIMITS, 2).allowed


def test_it_says_how_many_of_how_many():
    words = rule(100, Ground(500, 1000), LIMITS, None).words
    assert words == "100 of 1000 items (10.0 %) would be retired: more than 10 and more than 5 %"


SOUND = {"records": 5, "unread": 0, "whole": True, "partial": False, "items": 5}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"records": 0}, "the source is empty"),
        ({"unread": 2}, "of 2 records the key could not be read"),
        ({"whole": False}, "the listing ended after 5 items"),
        ({"partial": True}, "the snapshot is a partial one"),
    ],
)
def test_no_approval_lifts_a_doubt_about_source_or_listing(wrong, words):
    found = doubts(**SOUND | wrong)
    ruling = rule(1, Ground(5, 5, found), LIMITS, 1000)
    assert not ruling.allowed
    assert not ruling.asks
    assert words in ruling.words


def test_a_sound_source_and_a_whole_listing_leave_no_doubt():
    assert doubts(**SOUND) == ()
