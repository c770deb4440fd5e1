"""How the console shows times, numbers, states and values."""

from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import Markup

from service.console import formats


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "now"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (86_400, "1 d ago"),
        (400 * 86_400, "400 d ago"),
        (-90, "in 1 min"),
        (-40 * 86_400, "in 40 d"),
    ],
)
def test_how_long_ago(seconds, shown):
    assert formats._ago(seconds) == shown


def test_a_time_is_relative_with_utc_beside_it_for_the_script_and_the_reader():
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    shown = str(formats.moment(at))
    assert f'datetime="{at.isoformat(timespec="milliseconds")}"' in shown
    assert f'title="{at:%Y-%m-%d %H:%M:%S} UTC"' in shown
    assert "3 h ago" in shown
    assert f"{at:%d %b %Y %H:%M} UTC" in formats.moment(at.isoformat(), absolute=True)


def test_a_time_of_another_zone_is_shown_in_utc():
    assert "2026-05-12 09:30:00 UTC" in formats.moment("2026-05-12T11:30:00+02:00")


def test_no_time_is_a_dash():
    assert "<time" not in formats.moment(None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),  # noqa: RUF001
        (True, "yes"),
        (False, "no"),
        (1234567, "1,234,567"),
        (0.5, "0.5"),
        (30.0, "30"),
        ("<b>", "<b>"),
        ([], "none"),
        (["a", 2], "a, 2"),
        ({}, "none"),
        ({"letters": 1200, "by": "admin"}, "letters: 1,200, by: admin"),
        ([{"a": 1}], '[\n {\n  "a": 1\n }\n]'),
        ({"a": {"ü": 1}}, '{\n "a": {\n  "ü": 1\n }\n}'),
    ],
)
def test_any_value_of_json_as_text(value, shown):
    assert formats.plain(value) == shown


def test_numbers_are_exact_and_grouped():
    assert formats.number(9_007_199_254_740_993) == "9,007,199,254,740,993"
    assert formats.number(None) == "–"  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "long"), [("x" * 200, False), ("x" * 201, True), ("\n" * 5, True), ("", False)]
)
def test_what_is_long_is_folded(text, long):
    assert formats.is_long(text) is long


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("2026-05-12T09:30:00Z", True),
        ("2026-05-12T09:30:00.123+02:00", True),
        ("2026-05-12T09:30:00", False),
        ("2026-05-12", False),
        ("2026-02-30T09:30:00Z", False),
        ("0001-01-01T00:00:00+23:00", False),
        (20260512, False),
    ],
)
def test_a_time_among_values(value, is_one):
    assert formats.is_moment(value) is is_one


def test_each_state_has_a_shape_that_tells_its_tone():
    tones = {formats.tone(state) for state in ("done", "running", "paused", "failed", "anything")}
    assert tones == {"good", "info", "warn", "bad", "quiet"}
    shapes = {formats.shape(state) for state in ("done", "running", "paused", "failed", "other")}
    assert len(shapes) == 5


def test_no_state_has_two_tones():
    every = [state for states in formats._TONES.values() for state in states]
    assert len(every) == len(set(every))


def test_names_of_ours_as_words():
    assert formats.words("not_found") == "Not found"
    assert formats.words("give-up hours") == "Give up hours"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),  # noqa: RUF001
        (0, "0 s"),
        (0.04, "0 s"),
        (1.24, "1.2 s"),
        (2.0, "2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (75, "1 min 15 s"),
        (3600, "1 h"),
        (7505, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (1200 * 86_400, "1,200 d"),
    ],
)
def test_how_long_something_takes(seconds, shown):
    assert formats.duration(seconds) == shown


@pytest.mark.parametrize(
    ("bytes", "shown"),
    [(0, "0.0 MB"), (1_234_567, "1.2 MB"), (999_000_000, "999.0 MB"), (2_500_000_000, "2.5 GB")],
)
def test_how_much_the_store_holds(bytes, shown):
    assert formats.size(bytes) == shown


def test_an_hour_of_an_axis_is_in_utc_for_the_script_and_the_reader():
    at = datetime.fromisoformat("2026-05-12T11:30:00+02:00")
    assert formats.clock(at) == (
        '<time datetime="2026-05-12T09:30Z"><span data-clock="hour">09:30 UTC</span></time>'
    )
    assert '<span data-clock="day">Tue 09:30 UTC</span>' in formats.clock(at, weekday=True)


@pytest.mark.parametrize(
    ("text", "shown"), [("nul\0key", "nul␀key"), ("ü\0", "ü␀"), (Markup("<b>\0</b>"), "<b>␀</b>")]
)
def test_a_null_character_is_seen(text, shown):
    found = formats.whole(text)
    assert (found, type(found)) == (shown, type(text))
