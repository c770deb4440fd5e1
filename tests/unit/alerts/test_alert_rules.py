"""When a message about a cause is due: one, its updates, and its end."""

import pytest

from tests.support.alert_player import EVERY, Player, cause
from workers.alerts.rules import GAP, HOUR, MANY, MOVING, SETTLE, STILL


@pytest.fixture
def player():
    return Player()


def test_a_cause_is_told_once_and_when_it_is_over(player):
    assert player.look(cause()) == ["began"]
    player.wait(SETTLE, cause())
    assert player.look(cause()) == []
    player.wait(SETTLE / 2)
    assert player.look() == []
    player.wait(SETTLE)
    assert player.look() == ["ended"]
    assert player.entries[0].until == player.entries[0].since + SETTLE
    player.wait(10 * HOUR)
    assert player.look() == []


def test_a_cause_must_last_before_it_is_told(player):
    assert player.look(cause(after=60)) == []
    player.wait(59)
    assert player.look(cause(after=60)) == []
    player.wait(1)
    assert player.look(cause(after=60)) == ["began"]


def test_a_cause_that_was_never_told_has_no_end(player):
    player.look(cause(after=60))
    player.wait(SETTLE)
    assert player.look() == []
    assert player.memory.causes == {}


def test_it_says_since_when_as_far_as_that_is_known(player):
    player.look(cause(since=player.now - 600))
    assert player.entries[0].since == player.now - 600
    player.look(cause(name="other", since=player.now + 600))
    player.wait(GAP)
    player.look(cause(), cause(name="other"))
    assert player.entries[0].since == player.now - GAP  # never ahead


def mass(player, seconds):
    """Let letters come for *seconds*, up to 10,000; return what was told by each second."""
    told = {}
    for second in range(0, int(2 * HOUR), 5):
        number = min(10_000, 1 + int(10_000 * second / seconds))
        if states := player.look(cause(letters=number)):
            told[second] = (*states, player.entries[0].cause.figures["letters"])
        player.wait(5)
    return told


@pytest.mark.parametrize("every", [60, 300, EVERY])
@pytest.mark.parametrize("seconds", [20, 150, 900, 1700])
def test_ten_thousand_refusals_are_one_message_and_one_update(player, every, seconds):
    player.every = every
    told = mass(player, seconds)
    assert [*told.values()] == [("began", 1), ("update", 10_000)]
    assert max(told) == max(every, seconds + STILL)


def test_a_mass_that_goes_on_for_hours_is_told_as_it_doubles(player):
    told = mass(player, 4 * HOUR)
    assert [*told] == [0, MOVING, 2 * MOVING]
    assert [number for _, number in told.values()] == [1, 1251, 2501]


def test_numbers_that_go_on_changing_a_little_are_told_ever_less_often(player):
    told, number = player.look(cause(letters=1000)), 1000
    for _ in range(int(8 * HOUR / 60)):
        player.wait(60)
        number += 1
        told += player.look(cause(letters=number))
    assert told.count("update") == 5  # after 30, 30, 60, 120 and 240 min


def test_numbers_that_have_doubled_are_told_once_they_stand_still(player):
    player.look(cause(letters=1000))
    for number in (2000, 4000, 8000):
        player.wait(EVERY)
        assert player.look(cause(letters=number)) == []
        player.wait(STILL)
        assert player.look(cause(letters=number)) == ["update"]


def test_a_number_that_moves_again_waits_anew(player):
    player.look(cause(letters=1000))
    player.wait(EVERY)
    for number in (2000, 2001, 2002):
        assert player.look(cause(letters=number)) == []
        player.wait(STILL - 1)
    assert player.look(cause(letters=2002)) == []
    player.wait(1)
    assert player.look(cause(letters=2002)) == ["update"]


def test_a_new_part_is_news(player):
    player.look(cause(parts=("g1",), letters=5))
    for number in range(2, 6):
        player.wait(EVERY - 1)
        parts = [f"g{n}" for n in range(1, number + 1)]
        assert player.look(cause(parts=parts, letters=5)) == []
        player.wait(1)
        assert player.look(cause(parts=parts, letters=5)) == ["update"]


def test_a_part_that_is_gone_is_none(player):
    player.look(cause(parts=("g1", "g2")))
    player.wait(EVERY)
    assert player.look(cause(parts=("g1",))) == []


def test_a_cause_that_comes_and_goes_does_not_flood(player):
    told = []
    for second in range(0, int(6 * HOUR), 5):
        there = second % 300 < 120  # two minutes of each five
        told += player.look(*([cause()] if there else []))
        player.wait(5)
    assert told.count("began") + told.count("ended") <= 6 * 4
    # At its end it is told that it is over.
    last = [*told]
    for _ in range(400):
        last += player.look()
        player.wait(5)
    assert [each for each in last if each != "update"][-1] == "ended"


def test_one_that_comes_back_is_told_again_with_its_number(player):
    player.look(cause())
    player.wait(SETTLE)
    player.look()
    player.wait(EVERY)
    assert player.look(cause()) == ["began"]
    assert player.entries[0].times == 1


def test_one_that_comes_back_soon_waits_and_is_told_since_when_it_is_back(player):
    player.look(cause())
    player.wait(SETTLE)
    assert player.look() == ["ended"]
    back = player.now + GAP
    told = []
    for _ in range(int(EVERY / GAP)):
        player.wait(GAP)
        told.append(player.look(cause(after=120)))
    assert told == [[]] * (len(told) - 1) + [["began"]]
    assert (player.entries[0].since, player.entries[0].times) == (back, 1)


def test_one_that_came_back_for_a_moment_is_told_nothing_of(player):
    player.look(cause())
    player.wait(SETTLE)
    assert player.look() == ["ended"]
    player.wait(60)
    assert player.look(cause()) == []
    player.wait(EVERY)
    assert player.look() == []


def test_many_causes_are_one_message_in_their_order(player):
    player.look(cause(name="a"))
    player.wait(SETTLE)
    names = [cause(name=f"n{n}") for n in range(200)]
    assert player.look(*names) == ["began"] * 200 + ["ended"]


def test_causes_that_follow_one_another_are_gathered(player):
    messages = 0
    for n in range(100):
        messages += bool(player.look(*(cause(name=f"n{m}") for m in range(n + 1))))
        player.wait(1)
    assert messages == 4  # GAP lies between two


def test_many_messages_in_an_hour_are_followed_by_fewer(player):
    messages, names = 0, []
    for n in range(int(HOUR / GAP)):
        names.append(cause(name=f"n{n}"))
        messages += bool(player.look(*names))
        player.wait(GAP)
    assert messages <= MANY + HOUR / EVERY


def test_what_is_not_asked_for_is_left_out_and_forgotten(player):
    player.kinds = ("late",)
    assert player.look(cause(), cause(kind="late")) == ["began"]
    player.kinds = ()
    player.wait(SETTLE)
    assert player.look() == []
    assert player.memory.causes == {}


def test_a_message_that_was_not_taken_leaves_all_as_it_was(player):
    player.works = False
    assert player.look(cause()) == ["began"]
    player.wait(5)
    assert player.look(cause(), cause(name="other")) == ["began", "began"]
    player.wait(SETTLE)
    player.works = True
    assert player.look(cause(name="other")) == ["began"]  # the present state, not the backlog


def test_a_clock_that_went_back_holds_nothing_up(player):
    player.look(cause())
    player.now -= 10 * HOUR
    assert player.look(cause()) == []
    player.wait(SETTLE)
    assert player.look() == ["ended"]
