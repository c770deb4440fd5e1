"""A time as parameters have it."""

from datetime import UTC, datetime, timedelta

import pytest

from service.operate.moments import since_of

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2026-05-12T11:30:00+02:00", NOW),
        ("2026-05-12T11:30:00 02:00", NOW),
        ("2026-05-12T09:30:00Z", NOW),
        ("2026-05-12T09:30:00", None),
        ("9999999d", None),
        ("999999d", None),
        ("soon", None),
    ],
)
def test_it_is_a_time_with_its_offset_or_how_long_ago(text, moment):
    assert since_of(text, now=NOW) == moment


def test_a_duration_counts_from_now():
    assert abs(since_of("2h") + timedelta(hours=2) - datetime.now(UTC)) < timedelta(minutes=5)
