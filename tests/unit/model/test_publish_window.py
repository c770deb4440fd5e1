"""The window of the day in which a destination publishes."""

from datetime import datetime

import pytest

from workers.model.publish_window import closed_for

HOUR = 3600.0


def closed(window, at, zone="UTC"):
    return closed_for(window, zone, datetime.fromisoformat(at).timestamp())


@pytest.mark.parametrize(
    ("window", "at", "hours"),
    [
        ("", "2026-05-12T03:00:00Z", 0),
        ("06:00-22:00", "2026-05-12T06:00:00Z", 0),
        ("06:00-22:00", "2026-05-12T21:59:59Z", 0),
        ("06:00-22:00", "2026-05-12T22:00:00Z", 8),
        ("06:00-22:00", "2026-05-12T05:00:00Z", 1),
        ("22:00-06:00", "2026-05-12T23:00:00Z", 0),
        ("22:00-06:00", "2026-05-12T05:59:00Z", 0),
        ("22:00-06:00", "2026-05-12T06:00:00Z", 16),
    ],
)
def test_seconds_until_it_opens(window, at, hours):
    assert closed(window, at) == hours * HOUR


def test_it_is_of_its_time_zone():
    assert closed("06:00-22:00", "2026-05-12T04:30:00Z", "Europe/Berlin") == 0.0
    assert closed("06:00-22:00", "2026-05-12T03:30:00Z", "Europe/Berlin") == HOUR / 2


def test_a_change_of_the_clocks_is_counted():
    """In the night of 29 March 2026 an hour is left out in Berlin."""
    assert closed("06:00-22:00", "2026-03-28T22:00:00+01:00", "Europe/Berlin") == 7 * HOUR
