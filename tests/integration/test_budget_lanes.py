"""Shares of one budget: minutes of callers in every lane, by destinations of their own."""

from itertools import pairwise

import pytest

from tests.support.depth import depth
from tests.support.lane_traffic import (
    always,
    drive,
    fewest_in_a_minute,
    most_in_a_minute,
    now_and_then,
)

MINUTES = depth(4, 10)
WHOLE = 60 * MINUTES

MIXES = {
    "all busy": {"live": always, "replay": always, "reconcile": always},
    "live and reconcile busy": {"live": always, "reconcile": always},
    "no live": {"replay": always, "reconcile": always},
    "reconcile alone": {"reconcile": always},
    "live now and then": {"live": lambda: now_and_then(5.0), "reconcile": always},
    "reconcile now and then": {"live": always, "reconcile": lambda: now_and_then(20.0)},
}


def slots_of(callers):
    return sorted(slot for caller in callers.values() for slot in caller.slots)


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_no_mix_breaks_the_ceiling_nor_leaves_slots_unused(store, mix):
    callers = drive(store, 60, WHOLE, **{lane: gaps() for lane, gaps in mix.items()})
    slots = slots_of(callers)
    assert most_in_a_minute(slots) <= 60
    # Live changes that come now and then may take from the burst, which is then filled again.
    assert fewest_in_a_minute(slots, since=60, till=WHOLE) >= 50
    assert len(slots) >= 54 * MINUTES - 10  # each is asked for a moment after it is free


@pytest.mark.parametrize("limit", [60, 120])
def test_a_lane_that_is_busy_has_its_share_in_every_minute(store, limit):
    callers = drive(store, limit, WHOLE, live=always(), replay=always(), reconcile=always())
    whole = fewest_in_a_minute(slots_of(callers), since=60, till=WHOLE)
    least = {
        lane: fewest_in_a_minute(caller.slots, since=60, till=WHOLE)
        for lane, caller in callers.items()
    }
    # A slot more or less: of seven slots one is owed.
    assert least["live"] >= 0.70 * whole - 1
    assert least["replay"] >= 0.15 * whole - 1
    assert least["reconcile"] >= 0.15 * whole - 1


def test_beside_a_busy_reconcile_a_live_change_takes_its_slot_at_once(store):
    callers = drive(store, 60, WHOLE, live=now_and_then(5.0), reconcile=always())
    waits = sorted(callers["live"].waits)
    assert len(waits) > 10 * MINUTES
    assert waits[len(waits) // 2] < 0.1
    assert waits[-1] < 2.3  # a slot each for a lane that is owed one and for live changes before it


def test_in_a_small_budget_without_a_burst_a_live_change_waits_for_two_slots_at_most(store):
    callers = drive(store, 10, WHOLE, live=now_and_then(40.0), reconcile=always())
    assert max(callers["live"].waits) < 2 * 7.6


def test_a_lane_that_was_idle_is_owed_nothing_for_it(store):
    callers = drive(store, 60, WHOLE, live=always(), reconcile=now_and_then(130.0))
    slots = slots_of(callers)
    first = [slots.index(slot) for slot in callers["reconcile"].slots[1:]]
    assert all(later - earlier > 1 for earlier, later in pairwise(first))
    assert max(callers["live"].waits) < 2.3
