"""The version by which an orphan is retired, so that a live event wins."""

from comparisons import AS_OF, t

from service.reconcile.comparing import retired_at
from workers.changes import sequence_version


def test_it_is_the_time_of_the_snapshot():
    assert retired_at(AS_OF, [t(1), t(2)], sequenced=False) == AS_OF


def test_where_changes_are_numbered_it_is_the_next_number():
    known = [sequence_version(7), sequence_version(3)]
    assert retired_at(AS_OF, known, sequenced=True) == sequence_version(8)


def test_where_changes_are_numbered_and_none_is_known_any_event_wins():
    assert retired_at(AS_OF, [], sequenced=True) == sequence_version(0)
