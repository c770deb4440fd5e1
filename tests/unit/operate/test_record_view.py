"""Which letters of a record its page shows."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from service.operate.record_view import open_letters
from service.operate.scope import Scope
from workers.store.letter import Letter

NOW = datetime(2026, 5, 12, tzinfo=UTC)
SEEN = Scope(False, frozenset({"shop"}), frozenset({"orders"}), frozenset({"till"}))


def test_open_ones_that_may_be_seen_the_oldest_first():
    letters = [
        Letter("new", "refused", NOW, collection="orders"),
        Letter("old", "unmapped", NOW - timedelta(days=1), source="till"),
        Letter("closed", "refused", NOW, state="closed", collection="orders"),
        Letter("other", "unmapped", NOW, source="erp"),
    ]
    facts = SimpleNamespace(letters={each.id: each for each in letters})
    assert [each.id for each in open_letters(facts, SEEN)] == ["old", "new"]
