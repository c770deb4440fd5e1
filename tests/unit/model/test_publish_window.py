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


SPRING, AUTUMN = "2026-03-29T", "2026-10-25T"


@pytest.mark.parametrize(
    ("window", "at", "hours"),
    [
        # From 02:00 to 03:00 no clock shows: that window opens on the next day.
        ("02:00-03:00", "2026-03-28T23:00+01:00", 26),
        ("02:00-03:00", f"{SPRING}01:59+01:00", 23 + 1 / 60),
        ("02:00-03:00", f"{SPRING}03:00+02:00", 23),
        ("02:30-04:00", f"{SPRING}03:00+02:00", 0),
        ("01:00-02:30", f"{SPRING}01:59+01:00", 0),
        ("01:00-02:30", f"{SPRING}03:00+02:00", 22),
        ("22:00-06:00", f"{SPRING}01:59+01:00", 0),
        ("22:00-06:00", f"{SPRING}03:00+02:00", 0),
        ("22:00-06:00", f"{SPRING}06:00+02:00", 16),
        ("22:00-02:30", f"{SPRING}03:00+02:00", 19),
        # What clocks show twice is open twice.
        ("02:00-03:00", f"{AUTUMN}01:30+02:00", 0.5),
        ("02:00-03:00", f"{AUTUMN}02:30+02:00", 0),
        ("02:00-03:00", f"{AUTUMN}02:30+01:00", 0),
        ("02:00-03:00", f"{AUTUMN}03:00+01:00", 23),
        ("02:30-02:45", f"{AUTUMN}02:50+02:00", 2 / 3),
        ("02:30-02:45", f"{AUTUMN}02:50+01:00", 24 - 1 / 3),
        ("22:00-06:00", f"{AUTUMN}02:30+02:00", 0),
        ("22:00-06:00", f"{AUTUMN}05:59+01:00", 0),
        ("22:00-06:00", f"{AUTUMN}06:00+01:00", 16),
        ("06:00-22:00", "2026-10-24T22:00+02:00", 9),
    ],
)
def test_the_nights_in_which_clocks_change_in_berlin(window, at, hours):
    assert closed(window, at, "Europe/Berlin") == pytest.approx(hours * HOUR)
