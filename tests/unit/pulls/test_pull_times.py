"""When a pull is due: by the clocks on the wall of its time zone."""

from datetime import UTC, datetime

import pytest

from service.reconcile.due_times import LastRun, due_at
from workers.config.pull import Pull

BERLIN = Pull("feed", at="03:30", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2027-01-10T12:00:00", "2027-01-11T02:30:00"),
        ("2027-07-10T12:00:00", "2027-07-11T01:30:00"),
        ("2027-07-10T01:29:00", "2027-07-10T01:30:00"),
        # From the day of the change on the clocks there are an hour ahead.
        ("2027-03-27T12:00:00", "2027-03-28T01:30:00"),
        ("2027-10-30T12:00:00", "2027-10-31T02:30:00"),
    ],
)
def test_a_time_of_day_is_that_of_its_time_zone(now, due):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    last = LastRun(seen=at)
    assert due_at(BERLIN, last, at) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_pull_without_a_time_is_never_due():
    assert due_at(Pull("feed"), LastRun(), datetime(2027, 1, 1, tzinfo=UTC)) is None
