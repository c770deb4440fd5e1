"""Every reason for which a request is refused says what it means and what to do."""

from service.console.refusal_kinds import KINDS, refusal_kind
from service.console.source_words import NEEDS, OUTCOMES, TITLES
from service.operate import sources
from service.operate.delivery_selection import OUTCOMES as KNOWN
from workers.store.refusals import REASONS


def test_every_reason_has_its_words():
    assert set(KINDS) == set(REASONS)
    assert all(kind.title and kind.explains and kind.do for kind in map(refusal_kind, KINDS))


def test_every_outcome_and_every_notice_has_its_words():
    assert set(OUTCOMES) == set(KNOWN)
    assert set(TITLES) < set(OUTCOMES)
    assert tuple(NEEDS) == sources._WORST
