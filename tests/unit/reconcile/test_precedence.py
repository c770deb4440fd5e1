"""Which is newer, a row of a snapshot or what the outbox holds; and how an orphan is retired."""

import pytest

from service.reconcile.plan.precedence import Precedence, has_newer, is_news, is_undone
from tests.support.comparisons import AS_OF, held, t, wanted
from workers.model.changes import sequence_version
from workers.model.versions import BEFORE, right_after, with_position

TIMED = Precedence(AS_OF)
NUMBERED = Precedence(AS_OF, sequenced=True)
FLOOR = t(840)  # the time of the snapshot, less its margin
FIVE = sequence_version(5)
EARLY = TIMED.as_of_ms - 60_001
LATE = TIMED.as_of_ms - 60_000


@pytest.mark.parametrize(
    ("order", "own", "known", "expected"),
    [
        (TIMED, t(50), [], t(50)),
        (TIMED, t(50), [t(80)], t(50)),
        (TIMED, "", [], FLOOR),
        (TIMED, "", [t(80)], FLOOR),
        (TIMED, "", [BEFORE], FLOOR),
        (TIMED, "", [t(870)], t(870)),
        (TIMED, "", [t(901)], FLOOR),
        (TIMED, t(50), [t(50.4)], t(50.4)),  # it is told in whole seconds
        (TIMED, t(50.4), [t(50.7)], t(50.4)),
        (TIMED, "", [FIVE], FIVE),
        (TIMED, t(50), [FIVE], FIVE),
        (TIMED, t(50), [with_position(t(50), 3)], with_position(t(50), 3)),
        (TIMED, FIVE, [], FIVE),
        (NUMBERED, "", [], BEFORE),
        (NUMBERED, "", [BEFORE], BEFORE),
        (NUMBERED, "", [FIVE, right_after(FIVE)], right_after(FIVE)),
        (NUMBERED, "", [with_position(FIVE, 9)], with_position(FIVE, 9)),
        (NUMBERED, "", [t(50)], FLOOR),  # that an older release gave it by a snapshot
    ],
)
def test_a_row_stands_by_its_own_version_else_by_that_which_is_held(order, own, known, expected):
    assert order.version(own, [held(at=version) for version in known]) == expected


@pytest.mark.parametrize(
    ("version", "outbox", "wins"),
    [
        (t(101), held(came=LATE), True),
        (t(99), held(came=EARLY), False),
        (t(100), held(came=EARLY), True),
        (t(100), held(came=LATE), False),
        (t(100), held(came=LATE, as_of=TIMED.as_of_ms - 1), True),
        (t(100), held(came=EARLY, as_of=TIMED.as_of_ms), False),
        (t(100), None, True),
    ],
)
def test_at_one_version_it_wins_over_what_came_long_enough_before(version, outbox, wins):
    assert TIMED.wins(version, outbox) is wins


def test_a_file_that_does_not_say_its_time_wins_over_what_came_a_day_before():
    order = Precedence(AS_OF, margin=86_400.0)
    assert order.wins(t(100), held(came=order.as_of_ms - 86_400_001))
    assert not order.wins(t(100), held(came=order.as_of_ms - 86_400_000))


@pytest.mark.parametrize(
    ("outbox", "undecided"),
    [
        (held(came=EARLY), False),
        (held(came=LATE), True),
        (held(came=TIMED.as_of_ms + 1), False),
        (held(came=LATE, at=200), False),
        (held(came=LATE, as_of=TIMED.as_of_ms), True),  # another one of the same time
        (held(came=LATE, as_of=TIMED.as_of_ms - 1), False),
        (held(came=LATE, as_of=TIMED.as_of_ms + 1), False),
        (held(came=LATE, at=FIVE), True),  # of another kind
        (None, False),
    ],
)
def test_what_came_shortly_before_it_may_be_in_it_or_not(outbox, undecided):
    assert TIMED.is_undecided(t(100), outbox) is undecided


def test_an_orphan_is_retired_a_margin_before_the_snapshot():
    assert TIMED.retirement([t(1), t(2)]) == FLOOR
    assert TIMED.retirement([t(1), t(870), t(901)]) == t(870)


def test_where_changes_are_numbered_an_orphan_is_retired_right_after_the_last_of_them():
    assert NUMBERED.retirement([sequence_version(3), FIVE]) == right_after(FIVE)
    assert NUMBERED.retirement([sequence_version(3), FIVE]) < sequence_version(6)


def test_where_changes_are_numbered_and_none_is_known_any_event_brings_it_back():
    assert NUMBERED.retirement([]) == BEFORE


@pytest.mark.parametrize(("field", "gone"), [(FIVE, t(200)), (t(200), FIVE)])
def test_a_row_stands_by_its_field_where_its_retirement_is_of_another_kind(field, gone):
    expected = field if field == FIVE else FLOOR
    assert TIMED.version("", [held(at=field), held(at=gone)]) == expected


@pytest.mark.parametrize("field", [None, held(at=BEFORE)])
def test_a_row_of_a_timed_source_takes_no_number_of_a_retirement(field):
    assert TIMED.version("", [field, held(at=FIVE)]) == FLOOR


def test_an_orphan_of_a_timed_source_is_retired_by_its_time_beside_numbers_of_others():
    assert TIMED.retirement([t(1), FIVE]) == FLOOR
    assert TIMED.retirement([FIVE]) == right_after(FIVE)
    assert NUMBERED.retirement([t(1), FIVE]) == right_after(FIVE)


@pytest.mark.parametrize(("came", "wins"), [(EARLY, True), (LATE, False)])
def test_by_another_kind_it_wins_over_what_came_long_enough_before(came, wins):
    assert TIMED.wins(FIVE, held(at=t(200), came=came)) is wins
    assert TIMED.wins(t(200), held(at=FIVE, came=came)) is wins


@pytest.mark.parametrize(
    ("own", "version", "newer"),
    [
        (t(101), t(100), True),
        (t(100), t(100), False),
        ("", t(100), False),
        (FIVE, sequence_version(4), True),
        (FIVE, t(100), False),
        (FIVE, BEFORE, True),
    ],
)
def test_over_what_was_undone_goes_only_a_newer_version_of_the_source_s_own(own, version, newer):
    put_back = held(1, at=version, undo="r7")
    assert has_newer(own, put_back, TIMED) is newer
    assert is_undone(wanted(2, at=own), put_back, TIMED) is not newer
    assert is_news(wanted(2, at=own), put_back, None, TIMED) is newer


def test_the_value_that_was_put_back_is_no_difference_of_an_undo():
    assert not is_undone(wanted(1, at=None), held(1, undo="r7"), TIMED)
    assert not is_undone(wanted(2, at=None), held(1), TIMED)
