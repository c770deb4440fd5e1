"""Times without an offset, by the source's own zone."""

from zoneinfo import ZoneInfo

import pytest

from service.senders import SENDERS
from service.senders.timestamps import in_zone, moment
from tests.support.signed_requests import event, sender

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
NEWFOUNDLAND = ZoneInfo("America/St_Johns")


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-01-15T12:00:00", BERLIN, "2026-01-15T11:00:00+00:00"),
        ("2026-07-15 12:00:00.25", BERLIN, "2026-07-15T10:00:00.250000+00:00"),
        ("2026-07-15t12:00:00", KOLKATA, "2026-07-15T06:30:00+00:00"),
        ("2026-07-15T12:00:00", NEWFOUNDLAND, "2026-07-15T14:30:00+00:00"),
        ("2026-10-25T01:59:59", BERLIN, "2026-10-24T23:59:59+00:00"),
        ("2026-10-25T02:30:00", BERLIN, "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T03:00:00", BERLIN, "2026-10-25T02:00:00+00:00"),
        ("2026-03-29T02:30:00", BERLIN, "2026-03-29T01:30:00+00:00"),
        ("1890-01-01T00:00:00", BERLIN, "1889-12-31T23:07:00+00:00"),
    ],
    ids=[
        *("winter", "summer", "half an hour", "behind", "before the hour that comes twice"),
        *("that hour: its first pass", "behind it", "what was skipped", "before zones: minutes"),
    ],
)
def test_a_local_time_is_told_with_summer_time(text, zone, instant):
    assert moment(in_zone(text, zone)) == moment(instant)


@pytest.mark.parametrize(
    "value", ["2026-01-15T12:00:00Z", "2026-01-15T12:00:00+05:00", 1778578199, None, "soon", "", []]
)
def test_what_is_no_local_time_stays_as_it_is(value):
    assert in_zone(value, BERLIN) is value
    assert in_zone(value, None) is value


def test_a_day_that_no_month_has_stays_a_problem():
    found = sender("bearer", timezone="Europe/Berlin", options={"occurred_at": "at"})
    (only,) = found.events({}, b'{"at": "2026-02-30T12:00:00"}')
    assert (only.version, len(only.problems)) == (None, 1)


@pytest.mark.parametrize("name", ["hmac", "bearer", "standard-webhooks", "svix"])
def test_the_time_of_a_source_may_be_local(name):
    body = b'{"at": "2026-05-12T11:29:59"}'
    (only,) = sender(name, timezone="Europe/Berlin", options={"occurred_at": "at"}).events({}, body)
    assert (only.version, only.problems) == ("t01778578199000000", ())
    (without,) = sender(name, options={"occurred_at": "at"}).events({}, body)
    assert without.version is None
    assert without.problems[0].path == "at"


def test_every_secret_of_a_source_reads_times_alike():
    found = sender("bearer", secrets=("a", "b"), timezone="Asia/Kolkata")
    zones = {str(each.reader.zone) for each in found.senders}
    assert zones == {"Asia/Kolkata"}


def test_a_time_that_names_utc_in_the_payload_stays_that():
    found = sender("woocommerce", timezone="Europe/Berlin")
    (only,) = found.events({}, b'{"id": 5, "date_modified_gmt": "2026-05-12T09:29:59"}')
    assert only.version == "t01778578199000000"


def test_of_several_times_the_first_that_holds_anything_counts():
    at = {"occurred_at": ["updated_at", "created_at", "header:X-At"]}
    headers = {"x-at": "1778578197"}
    both = event("bearer", {"updated_at": 1778578199, "created_at": 1778578198}, headers, **at)
    first = event("bearer", {"updated_at": None, "created_at": 1778578198}, headers, **at)
    empty = event("bearer", {"updated_at": "", "created_at": 1778578198}, headers, **at)
    last = event("bearer", {"created_at": ""}, headers, **at)
    assert [each.version for each in (both, first, empty, last)] == [
        "t01778578199000000",
        "t01778578198000000",
        "t01778578198000000",
        "t01778578197000000",
    ]
    none = event("bearer", {"updated_at": ""}, **at)
    assert (none.version, none.problems) == (None, ())


def test_of_several_times_one_that_cannot_be_read_is_a_problem():
    found = event("bearer", {"a": "soon", "b": 1778578199}, occurred_at=["a", "b"])
    assert (found.version, [each.path for each in found.problems]) == (None, ["a"])


@pytest.mark.parametrize("name", sorted(SENDERS))
def test_every_source_may_have_a_zone_and_its_secrets_are_taken_as_before(name):
    found = sender(name, timezone="Asia/Kolkata")
    for each in found.senders:
        assert str(each.reader.zone) in ("Asia/Kolkata", "UTC")
        assert isinstance(each, type(sender(name).senders[0]))
