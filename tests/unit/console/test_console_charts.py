"""Charts: bars, gaps, an exact axis, and the same in words and numbers."""

from datetime import UTC, datetime

import pytest

from service.console import charts
from service.console.charts import Layer
from service.operate.overview import Chart


def layer(*numbers, name="Came", tone="good"):
    return Layer(name, tone, numbers)


def chart(calls, seconds=60):
    none = [None] * len(calls)
    return Chart("2026-05-12T09:30:00Z", seconds, none, none, none, calls, none)


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (7, 8), (9, 10), (11, 20), (230, 400), (1000, 1000)],
)
def test_the_scale_ends_with_an_even_number_so_that_half_is_exact(most, top):
    assert charts.scale(most) == top


def test_bars_stand_on_the_axis_in_the_height_of_their_number():
    made = charts.plot("What came", "minute", [layer(0, 4, 2)])
    assert (made.width, made.top, made.half) == (30, 4, 2)
    assert made.bars == (("good", "M11 0h8v100h-8zM21 50h8v50h-8z"),)
    assert made.gaps == ""


def test_a_one_beside_a_thousand_is_seen():
    made = charts.plot("What came", "minute", [layer(1000, 1)])
    assert made.bars[0][1].endswith("M11 98h8v2h-8z")


def test_layers_stand_on_one_another():
    bad = layer(5, 0, name="Refused", tone="bad")
    made = charts.plot("What came", "minute", [layer(5, 10), bad])
    assert made.bars == (("good", "M1 50h8v50h-8zM11 0h8v100h-8z"), ("bad", "M1 0h8v50h-8z"))
    assert made.layers == (("Came", "good", 15), ("Refused", "bad", 5))


def test_what_is_not_known_is_a_gap_and_no_zero():
    made = charts.plot("What came", "minute", [layer(None, 3, None, None), layer(1, None, 1, 1)])
    assert made.gaps == "M0 0h40v100h-40z"
    assert made.bars == (("good", ""), ("good", ""))
    made = charts.plot("What came", "minute", [layer(None, 4, None, None)])
    assert made.gaps == "M0 0h10v100h-10zM20 0h20v100h-20z"
    assert made.bars == (("good", "M11 0h8v100h-8z"),)


@pytest.mark.parametrize(
    ("numbers", "words", "total"),
    [
        ((1, 1200), "1,201 in all, at most 1,200 in one minute.", 1201),
        ((0, 0), "0 in all, at most 0 in one minute.", 0),
        (
            (None, 3),
            "3 in all, at most 3 in one minute. Nothing is known of 1 of 2 minutes.",
            3,
        ),
        ((None, None), "Nothing is known of this time.", None),
    ],
)
def test_it_is_described_in_numbers(numbers, words, total):
    made = charts.plot("What came", "minute", [layer(*numbers)])
    assert (made.title, made.description) == ("What came", words)
    assert made.layers == (("Came", "good", total),)


def test_several_bins_that_are_not_known_are_named_in_the_plural():
    made = charts.plot("What came", "quarter of an hour", [layer(None, None, 3)])
    assert made.description.endswith("Nothing is known of 2 of 3 quarters of an hour.")


def test_the_axis_names_its_beginning_its_middle_and_its_end():
    times = charts.axis(chart([1] * 60))
    assert [f"{at:%H:%M}" for at in times] == ["09:30", "10:00", "10:30"]
    times = charts.axis(chart([1] * 96, seconds=900))
    assert [f"{at:%d %H:%M}" for at in times] == ["12 09:30", "12 21:30", "13 09:30"]


def test_rows_hold_what_is_known_the_newest_first():
    found = charts.rows(chart([None, 2, 3]), [layer(None, 2, 3), layer(None, None, 7)])
    assert [each.numbers for each in found] == [(3, 7), (2, None)]
    assert found[0].begins == datetime(2026, 5, 12, 9, 32, tzinfo=UTC)
