"""The time of a snapshot."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from service.senders.timestamps import moment
from workers.errors import ConfigurationInvalid, Problem
from workers.model.changes import time_version

MARGIN: Final = 60.0  # s; for clocks that differ, and deliveries still under way
FILE_MARGIN: Final = 86_400.0  # s; for a file that does not say when its export began


def given(text: str, *, now: datetime) -> datetime:
    """
    Return the time of a snapshot as given by the user; raises ConfigurationInvalid if it is no time
    with an offset, or later than *now*.
    """
    try:
        time = moment(text)
        time_version(time)
        if time > now:
            raise ValueError("in the future")
    except (ValueError, OverflowError):
        expected = "a time in the past, such as 2025-02-03T09:10:11Z"
        problem = Problem(
            "--as-of", repr(text), expected, "give the time at which the export began"
        )
        raise ConfigurationInvalid([problem]) from None
    return time


def of_file(modified: float | None, *, now: datetime) -> datetime:
    """
    Return the time of a file that was last changed at *modified* (Unix time, s), the end of its
    export; without one, or if that is in the future, *now*.
    """
    if modified is None:
        return now
    return min(max(datetime.fromtimestamp(modified, UTC), datetime(1970, 1, 1, tzinfo=UTC)), now)
