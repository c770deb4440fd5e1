"""What was overtaken before it came is counted, and a source that says nothing newer is told."""

from datetime import UTC, datetime

import pytest

from tests.support.outbox_driver import at, event, number
from workers.store.stale import behind
from workers.store.status import Report


def source(bench, name="erp"):
    return Report(bench.steps, bench.settings).status()["sources"][name]


def take(bench, version, *, record="i1", **options):
    return bench.accept(event(record, {"stock": 1}, version=version), **options).stalled


def fall_behind(bench, version, *, deliveries=6, minutes=3):
    """Return what is told of deliveries of one *version*, some minutes apart."""
    told = []
    for _ in range(deliveries):
        told.append(take(bench, version))
        bench.pass_time(minutes * 60)
    return [each for each in told if each]


def test_stale_values_are_counted_by_source_and_collection(bench):
    take(bench, at(10))
    take(bench, at(5))
    take(bench, at(6))
    bench.accept(event("i1", {"stock": 1}, version=at(1), collection="stores"))
    bench.accept(event("i1", {"stock": 1}, version=at(0), collection="stores"), source="shop")
    assert source(bench)["stale"] == {"products": 2}
    assert source(bench, "shop")["stale"] == {"stores": 1}


def test_a_source_that_sends_only_what_is_older_for_a_while_is_told_once_an_hour(bench):
    take(bench, at(3610))
    (told,) = fall_behind(bench, at(10))
    assert (told["events"], told["by"], told["unit"]) == (6, "3600000000", "us")
    assert len(fall_behind(bench, at(10), deliveries=25)) == 1
    stalled = source(bench)["stalled"]
    assert (stalled["deliveries"], stalled["behind"]) == (31, "3600 s")
    assert source(bench)["streak"] == stalled | {"stalled": True}
    since = datetime.fromisoformat(stalled["since"]).timestamp()
    assert since == pytest.approx(datetime.now(UTC).timestamp(), abs=60)


def test_positions_are_told_as_such(bench):
    take(bench, number(9_000_000))
    (told,) = fall_behind(bench, number(25_000))
    assert (told["by"], told["unit"]) == ("8975000", "positions")


def test_one_newer_value_ends_it(bench):
    take(bench, at(3610))
    fall_behind(bench, at(10))
    take(bench, at(5), record="i2")
    assert source(bench)["stalled"] is None
    assert source(bench)["stale"] == {"products": 6}
    assert fall_behind(bench, at(10), deliveries=5) == []


@pytest.mark.parametrize(("deliveries", "minutes"), [(4, 60), (40, 0.1)], ids=["few", "soon"])
def test_few_of_them_or_a_short_while_are_worth_no_warning(bench, deliveries, minutes):
    take(bench, at(3610))
    assert fall_behind(bench, at(10), deliveries=deliveries, minutes=minutes) == []


def test_a_streak_is_told_from_its_begin(bench):
    take(bench, at(3610))
    assert source(bench)["streak"] is None
    take(bench, at(10))
    streak = source(bench)["streak"]
    assert (streak["deliveries"], streak["behind"], streak["stalled"]) == (1, "3600 s", False)
    take(bench, at(5), record="i2")
    assert source(bench)["streak"] is None


def test_repeats_and_what_a_reconcile_brings_say_nothing_of_a_source(bench):
    take(bench, at(10))
    for _ in range(6):
        bench.accept(event("i1", {"stock": 2}, version=at(5)), mode="reconcile")
        bench.accept(event("i1", {"stock": 2}, version=at(5)), mode="remap")
        bench.pass_time(600)
    assert source(bench)["stalled"] is None


@pytest.mark.parametrize(
    ("by", "unit", "words"),
    [("1500000", "us", "1.5 s"), ("7", "positions", "7 positions"), ("1", "logs", "1 logs")],
)
def test_by_how_much_stands_in_words(by, unit, words):
    assert behind(by, unit) == words
