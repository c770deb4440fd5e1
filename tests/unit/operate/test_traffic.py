"""Charts and rates from samples: gaps where nothing is known, and never a wrong number."""

import pytest

from service.operate.traffic import Traffic
from workers.model.samples import ACCEPTED, ALL, CALLS, DELIVERIES, PENDING, Sample

MINUTE, QUARTER, DAY = 60_000, 900_000, 86_400_000
NOW = 20_000 * DAY + 13 * 3_600_000 + 30 * MINUTE + 500  # ms
THIS = int(NOW // MINUTE)
ERP = (DELIVERIES, ["erp"])
VALUES = (ACCEPTED, [ALL])


def sample(slot, count, *, ms=MINUTE, late=200.0, **more):
    parts = {
        "sources": {"erp": [count, 0, 0]} | {name: [n, 0, 0] for name, n in more.items()},
        "destinations": {"site": [count, 0, 7]},
        "all": {ALL: [count]},
    }
    return Sample(slot * ms + late, parts)


def total(window, column=ACCEPTED, name=ALL):
    return window.totals(column).get(name)


def hour_of(counts, *, now=NOW, **options):
    """The last hour with *counts*: minutes before this one → deliveries so far, or a sample."""
    minutes = {
        THIS - back: each if isinstance(each, Sample) else sample(THIS - back, each, **options)
        for back, each in counts.items()
    }
    return Traffic.of(now, minutes, {}).hour


def test_each_minute_has_what_came_in_it():
    hour = hour_of({back: 1000 - back**2 for back in range(61)})
    bars = hour.increases(*ERP)
    assert (len(bars), bars[-1], bars[-2], bars[0]) == (60, 1, 3, 119)
    assert total(hour, DELIVERIES, "erp") == sum(bars) == 3600
    assert hour.begins == "2024-10-04T12:30:00Z"


def test_a_minute_without_a_sample_is_a_gap_and_the_sum_stays_right():
    hour = hour_of({back: 1000 - 10 * back for back in range(61) if back not in (5, 6)})
    assert hour.increases(*ERP)[-8:] == [10, None, None, None, 10, 10, 10, 10]
    assert total(hour, DELIVERIES, "erp") == 600


def test_a_sample_that_was_late_stands_for_no_minute_but_counts():
    late = {5: sample(THIS - 5, 950, late=30_000)}
    hour = hour_of({back: 1000 - 10 * back for back in range(61)} | late)
    assert hour.increases(*ERP)[-7:] == [10, None, None, 10, 10, 10, 10]
    assert hour.levels(*ERP)[-6:] == [940, None, 960, 970, 980, 990]
    assert total(hour, DELIVERIES, "erp") == 600


@pytest.mark.parametrize("left", [0, 900], ids=["begins anew", "of an older copy"])
def test_a_counter_that_falls_is_a_gap_never_less_than_nothing(left):
    hour = hour_of({4: 960, 3: 970, 2: left, 1: left + 5, 0: left + 9})
    assert hour.increases(*ERP)[-4:] == [10, None, 5, 4]
    assert total(hour, DELIVERIES, "erp") == 19


def test_counters_are_compared_by_name():
    """One that falls is not hidden by another that rises, nor is one that comes new a rise."""
    both = (DELIVERIES, ["erp", "shop"])
    new = hour_of({2: 10, 1: 12, 0: sample(THIS, 13, shop=5000)})
    assert new.increases(*both)[-2:] == [2, 1]
    fell = hour_of({1: sample(THIS - 1, 10, shop=50), 0: sample(THIS, 90, shop=2)})
    assert fell.increases(*both)[-1] is None
    assert fell.totals(DELIVERIES) == {"erp": 80}


def test_a_source_that_no_sample_has_is_unknown():
    hour, other = hour_of({1: 10, 0: 12}), (DELIVERIES, ["other"])
    assert set(hour.increases(*other)) == set(hour.levels(*other)) == {None}
    assert hour.totals(DELIVERIES) == {"erp": 2}


def test_nothing_is_known_without_samples():
    hour = hour_of({})
    assert hour.increases(*VALUES) == hour.levels(*VALUES) == [None] * 60
    assert hour.totals(ACCEPTED) == {}


def test_until_this_minute_is_sampled_the_last_one_is_the_end():
    """A chart has no gap at its end for the second that the sample of a minute takes."""
    counts = {back: 100 - back for back in range(1, 62)}
    hour = hour_of(counts)
    assert None not in hour.increases(*VALUES)
    assert hour.first == THIS - 61
    assert (
        hour_of({back: 100 - back for back in range(2, 62)}).increases(*VALUES)[-2:] == [None] * 2
    )


def test_levels_are_those_at_the_begin_of_each_minute():
    assert hour_of({1: 10, 0: 12}).levels(PENDING, ["site"])[-2:] == [None, 7]
    assert hour_of({1: 10, 0: 12}).increases(CALLS, ["site", "gone"])[-1] == 2


def test_the_day_is_in_quarters_of_an_hour_and_this_hour_of_yesterday_is_beside_it():
    this = int(NOW // QUARTER)
    quarters = {
        this - back: sample(this - back, 10_000 - 10 * back, ms=QUARTER, late=80_000)
        for back in range(101)
    }
    traffic = Traffic.of(NOW, {}, quarters)
    assert traffic.day.increases(*VALUES) == [10] * 96
    assert traffic.day.begins == "2024-10-03T13:30:00Z"
    assert traffic.yesterday.increases(*VALUES) == [10] * 4
    assert traffic.yesterday.begins == "2024-10-03T12:30:00Z"


def test_the_total_of_the_day_goes_on_to_the_newest_minute():
    this = int(NOW // QUARTER)
    quarters = {this - 1: sample(this - 1, 100, ms=QUARTER), this: sample(this, 130, ms=QUARTER)}
    minutes = {THIS - back: sample(THIS - back, 150 - back) for back in (16, 15, 0)}
    day = Traffic.of(NOW + 5 * MINUTE, minutes, quarters).day
    assert total(day) == 30
    minutes |= {THIS + 2: sample(THIS + 2, 141), THIS + 4: sample(THIS + 4, 145)}
    day = Traffic.of(NOW + 5 * MINUTE, minutes, quarters).day
    assert total(day) == 45
    assert day.increases(*VALUES)[-1] == 30
    assert total(Traffic.of(NOW, {THIS: sample(THIS, 9)}, {}).day) is None
