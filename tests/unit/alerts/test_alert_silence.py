"""A source that usually sends falls silent; one that rests at night or at weekends does not."""

from dataclasses import replace

import pytest

from workers.alerts.silence import EVERY, HOLE, sampled, silence_of

DAY, HOUR = 86_400.0, 3600.0
MONDAY = 1_799_625_600.0  # 2027-01-11, midnight in UTC


class Source:
    """Sampled each ten minutes; *sends* tells whether it does at a second."""

    def __init__(self, sends, step=600.0):
        self.sends, self.step = sends, min(step, HOLE)
        self.now, self.count, self.habits = MONDAY, 0, {}

    def play(self, seconds, *, sends=None):
        """Return the moments at which it was silent."""
        silent, ends = [], self.now + seconds
        while self.now < ends:
            self.count += (sends or self.sends)(self.now)
            self.habits = sampled(self.habits, {"erp": self.count}, self.now)
            if silence_of(self.habits["erp"], self.now):
                silent.append(self.now)
            self.now += self.step
        return silent


def always(_):
    return True


def by_day(now):
    return 8 * HOUR <= now % DAY < 18 * HOUR


def on_workdays(now):
    return by_day(now) and (now - MONDAY) // DAY % 7 < 5


def never(_):
    return False


@pytest.mark.parametrize("sends", [always, by_day, on_workdays])
def test_its_usual_rests_are_no_silence(sends):
    assert Source(sends).play(28 * DAY) == []


@pytest.mark.parametrize(
    ("sends", "least", "most"),
    [
        (always, 0.5 * HOUR, 0.6 * HOUR),
        (by_day, 20 * HOUR, 22 * HOUR),
        (on_workdays, 92 * HOUR, 94 * HOUR),
    ],
)
def test_silence_is_clearly_longer_than_any_rest_of_the_week_before(sends, least, most):
    source = Source(sends)
    source.play(10 * DAY + 12 * HOUR)
    began = source.now
    first = source.play(7 * DAY, sends=never)[0]
    assert least <= first - began <= most
    found = silence_of(source.habits["erp"], first)
    assert found.since == began - source.step
    assert found.usual < first - found.since


def test_nothing_is_said_before_a_whole_week_was_seen():
    source = Source(always)
    source.play(7 * DAY)
    assert source.play(20 * HOUR, sends=never) == []


def test_nothing_is_said_of_a_source_that_seldom_sends():
    source = Source(lambda now: now % (3 * DAY) == 0)
    source.play(14 * DAY)
    assert source.play(20 * DAY, sends=never) == []


def test_a_silence_that_was_told_is_not_usual_afterwards():
    source = Source(always)
    source.play(10 * DAY)
    source.play(2 * DAY, sends=never)
    source.play(HOUR)
    began = source.now
    assert source.play(DAY, sends=never)[0] - began < HOUR


def test_after_a_time_in_which_nobody_looked_counting_begins_anew():
    source = Source(always)
    source.play(10 * DAY)
    source.now += 5 * DAY
    assert source.play(1200, sends=never) == []
    assert max(source.habits["erp"].longest.values()) <= source.step


def test_a_source_that_is_gone_is_forgotten_and_a_clock_set_back_begins_anew():
    source = Source(always)
    source.play(DAY)
    assert sampled(source.habits, {}, source.now) == {}
    before = sampled(source.habits, {"erp": 5}, MONDAY - DAY)["erp"]
    assert (before.begun, before.longest) == (MONDAY - DAY, {})


def test_only_the_last_days_are_kept():
    source = Source(always)
    source.play(30 * DAY)
    assert len(source.habits["erp"].longest) == 8


def test_counters_that_began_anew_are_a_delivery():
    habits = sampled({}, {"erp": 50}, MONDAY)
    habits = sampled(habits, {"erp": 1}, MONDAY + EVERY)
    assert habits["erp"] == replace(
        habits["erp"], count=1, last=MONDAY + EVERY, longest={"2027-01-11": EVERY}
    )
