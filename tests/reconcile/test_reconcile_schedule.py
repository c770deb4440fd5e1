"""When a reconcile is due, and what is kept of its last run."""

from datetime import UTC, datetime, timedelta

import pytest

from service.reconcile.schedule import due_at, last_runs, note_begin, note_end
from workers.settings import Reconcile

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def hours(number):
    return NOON + timedelta(hours=number)


@pytest.mark.parametrize(
    ("settings", "last", "due"),
    [
        pytest.param(Reconcile(), None, None, id="never by itself"),
        pytest.param(Reconcile(every=3600.0), None, NOON, id="for the first time"),
        pytest.param(Reconcile(every=3600.0), hours(-0.5), hours(0.5), id="not yet"),
        pytest.param(Reconcile(every=3600.0), hours(-3), hours(-2), id="overdue"),
        pytest.param(Reconcile(at="13:00"), None, hours(1), id="later today"),
        pytest.param(Reconcile(at="11:30"), None, hours(-0.5), id="in this hour"),
        pytest.param(Reconcile(at="11:30"), hours(-0.4), hours(23.5), id="done today"),
        pytest.param(Reconcile(at="03:00"), hours(-30), hours(15), id="nobody was there"),
        pytest.param(Reconcile(at="13:00"), hours(-23), hours(1), id="done yesterday"),
    ],
)
def test_it_is_due_by_its_interval_or_once_a_day(settings, last, due):
    assert due_at(settings, last, NOON) == due


def test_what_is_known_of_the_last_run_is_how_it_ended(store):
    note_begin(store, "products")
    assert last_runs(store, ["products"])["products"]["ended"] is None
    note_end(store, "products", 1, "Guard: too many", {"orphan": 40})
    run = last_runs(store, ["products", "others"])["products"]
    assert (run["code"], run["said"], run["counts"]) == (1, "Guard: too many", {"orphan": 40})
    note_begin(store, "products")
    assert last_runs(store, ["products"])["products"]["code"] is None
