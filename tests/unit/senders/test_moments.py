from datetime import UTC, datetime

import pytest

from service.senders.event_fields import version
from service.senders.timestamps import in_zone, moment

AT = datetime(2026, 5, 12, 9, 29, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("2026-05-12T11:29:59+02:00", 0),
        ("2026-05-12T09:29:59Z", 0),
        ("2026-05-12t09:29:59.250z", 250_000),
        ("2026-05-12 09:29:59.2501178-00:00", 250_117),
        (1778578199, 0),
        (1778578199.25, 250_000),
        (1778578199.000001, 1),
        ("1778578199", 0),
        ("1778578199.25", 250_000),
        (1778578199250, 250_000),
        ("1778578199250", 250_000),
        (1778578199250.5, 250_500),
        (1778578199250117, 250_117),
        ("1778578199250117", 250_117),
    ],
    ids=repr,
)
def test_a_time_is_read_to_the_microsecond(value, micros):
    assert moment(value) == AT.replace(microsecond=micros)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2026-05-12",
        "2026-05-12T09:29:59",
        "20260512T092959Z",
        "2026-W20-2T09:29:59Z",
        "2026-13-12T09:29:59Z",
        "2026-05-12T25:00:00Z",
        "2026-05-12T09:29:59Z\n",
        "2026-05-12T09:29:59+99:00",
        "0000-01-01T00:00:00Z",
        "-5",
        "1e9",
        "٣",
        "9" * 18,
        True,
        None,
        [],
        {},
        -1,
        -0.5,
        10**17,
        10**4000,
    ],
    ids=lambda value: repr(value)[:30],
)
def test_anything_else_is_no_time(value):
    with pytest.raises(ValueError, match=r"."):
        moment(value)


@pytest.mark.parametrize(
    "value",
    ["1969-12-31T23:59:59Z", "2300-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00", 99_999_999_999],
)
def test_a_time_that_cannot_order_is_no_version(value):
    with pytest.raises(ValueError, match="expected a time"):
        version(value)


@pytest.mark.parametrize("text", ["2026-05-12T09:28:58", "2026-05-12 09:28:58.000"])
def test_a_time_without_an_offset_is_utc_where_its_source_says_so(text):
    assert moment(in_zone(text, UTC)) == moment("2026-05-12T09:28:58Z")
    assert moment(in_zone("2026-05-12T11:28:58+02:00", UTC)) == moment("2026-05-12T09:28:58Z")
    with pytest.raises(ValueError, match="not a time"):
        moment(text)
