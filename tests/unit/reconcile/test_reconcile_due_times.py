"""When a scheduled reconcile is due, and when one that failed or was killed is tried again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.reconcile.due_times import TRIES, LastRun, due_at
from workers.config.settings import Reconcile

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOURLY, NIGHTLY = Reconcile(every=3600.0), Reconcile(at="03:00")


def hours(number):
    return NOON + timedelta(hours=number)


def ran(number, *, took=0.1, tries=1, state="done", ended=True):
    """A scheduled run that began at the hour *number*."""
    end = hours(number + took) if ended else None
    began = hours(number) + timedelta(seconds=2)
    return LastRun(hours(-90), hours(number), tries, began, end, True, state if ended else "")


def by_hand(last, number, *, state="done"):
    ended = hours(number + 0.1) if state else None
    return replace(last, began=hours(number), ended=ended, scheduled=False, state=state)


@pytest.mark.parametrize(
    ("settings", "last", "due"),
    [
        pytest.param(Reconcile(), LastRun(), None, id="never by itself"),
        pytest.param(HOURLY, LastRun(), NOON, id="for the first time"),
        pytest.param(HOURLY, ran(-0.5), hours(0.5), id="not yet"),
        pytest.param(HOURLY, ran(-3), hours(-2), id="overdue"),
        pytest.param(HOURLY, ran(30), NOON, id="of a clock that was set back"),
        pytest.param(
            HOURLY, LastRun(began=hours(-0.5), ended=hours(-0.4)), hours(0.5), id="by hand"
        ),
        pytest.param(Reconcile(at="13:00"), LastRun(), hours(1), id="later today"),
        pytest.param(Reconcile(at="11:30"), LastRun(), hours(23.5), id="no schedule before"),
        pytest.param(Reconcile(at="11:30"), ran(-0.4), hours(23.5), id="done today"),
        pytest.param(Reconcile(at="13:00"), ran(-23), hours(1), id="done yesterday"),
        pytest.param(NIGHTLY, ran(-33), hours(-9), id="nobody was there last night"),
        pytest.param(NIGHTLY, ran(-33 - 72), hours(-81), id="nor the nights before: once"),
        pytest.param(NIGHTLY, LastRun(seen=hours(-20)), hours(-9), id="nor ever"),
        pytest.param(NIGHTLY, ran(30), hours(-81), id="nobody knows when, by a clock set back"),
        pytest.param(NIGHTLY, LastRun(seen=hours(30)), NOON, id="never, by a clock set back"),
        pytest.param(
            NIGHTLY, replace(ran(-9), seen=hours(90)), hours(15), id="seen by a clock set back"
        ),
        pytest.param(HOURLY, replace(ran(-0.5), asked=hours(-0.1)), NOON, id="asked for"),
        pytest.param(HOURLY, replace(ran(-0.5), asked=hours(-0.6)), hours(0.5), id="answered"),
        pytest.param(HOURLY, replace(ran(-3), asked=hours(-0.1)), hours(-2), id="overdue, asked"),
        pytest.param(HOURLY, by_hand(ran(-1), -0.2), hours(0.8), id="put off by one by hand"),
        pytest.param(HOURLY, by_hand(ran(-1), -0.2, state="failed"), NOON, id="not if that failed"),
    ],
)
def test_it_is_due_by_its_interval_or_once_a_day(settings, last, due):
    assert due_at(settings, last, NOON) == due


@pytest.mark.parametrize("last", [ran(9000), replace(ran(-9), seen=hours(9000))])
def test_no_clock_that_was_set_back_ends_the_nights(last):
    """Whoever looks each minute finds it due within a day."""
    looks = (NOON + timedelta(minutes=minute) for minute in range(24 * 60 + 1))
    assert any(due_at(NIGHTLY, last, now) <= now for now in looks)


@pytest.mark.parametrize(
    ("last", "again"),
    [
        pytest.param(ran(-9, ended=False), hours(-9), id="killed: at once"),
        pytest.param(ran(-9, ended=False, tries=2), hours(-9) + timedelta(minutes=1), id="again"),
        pytest.param(replace(ran(-9), ended=hours(-40)), hours(-9), id="killed at its start"),
        pytest.param(ran(-9, state="failed"), hours(-8.9) + timedelta(minutes=1), id="failed"),
        pytest.param(
            ran(-9, state="failed", tries=4), hours(-8.9) + timedelta(hours=1), id="four times"
        ),
        pytest.param(ran(-9, state="failed", tries=TRIES), hours(15), id="often enough"),
        pytest.param(ran(-9, ended=False, tries=TRIES), hours(15), id="killed often enough"),
        pytest.param(ran(-9, state="held"), hours(15), id="held: somebody is to decide"),
        pytest.param(by_hand(ran(-9), -2, state=""), hours(15), id="a killed one by hand is not"),
        pytest.param(by_hand(ran(-9, state="failed"), -2), hours(15), id="one by hand did it"),
    ],
)
def test_one_that_failed_or_was_killed_is_tried_again_a_few_times(last, again):
    assert due_at(NIGHTLY, last, NOON) == again
