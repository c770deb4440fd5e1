from workers.store.histograms import FRESHNESS, cumulative, of_late, quantile

HOUR_MS = 3_600_000
NOW = 1_000 * HOUR_MS


def test_a_quantile_lies_within_its_bucket_by_its_share():
    buckets = cumulative({"1000": 50, "5000": 50}, FRESHNESS)
    assert quantile(0.25, buckets) == 0.5
    assert quantile(0.5, buckets) == 1.0
    assert quantile(0.75, buckets) == 3.5


def test_a_quantile_above_all_bounds_is_the_last_of_them():
    assert quantile(0.5, cumulative({"inf": 3}, FRESHNESS)) == 86_400.0


def test_of_nothing_there_is_no_quantile():
    assert quantile(0.5, cumulative({}, FRESHNESS)) is None


def test_of_late_is_the_last_hour_and_nothing_before_or_ahead():
    quarter = NOW // 900_000
    held = {f"{quarter}:1000": "1", f"{quarter - 4}:1000": "1", f"{quarter - 3}:2000": "2"}
    only = of_late(held, NOW)
    assert only == {"p50": 1.0, "p99": 1.98}
    assert of_late(held | {f"{quarter - 5}:inf": "99", f"{quarter + 1}:inf": "99"}, NOW) == only
