"""A record that the snapshot has, and that its source has taken away since. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from service.reconcile import causes
from service.reconcile.causes import Finding
from service.reconcile.plan.precedence import UNDECIDED, Precedence
from service.reconcile.states import Compared


def is_retired(one: Compared, order: Precedence) -> bool:
    """Tell whether the source itself has taken the record away, later than the snapshot says."""
    gone = one.held.gone
    if order.keeps(gone):
        return True
    return gone is not None and not any(order.wins(at, gone) for at in _versions(one, order))


def retired(one: Compared, order: Precedence) -> Finding:
    """Return what is said of such a record."""
    if order.keeps(one.held.gone):
        return Finding(causes.RETIRED, one.record, why="a later snapshot lacked its record")
    if any(order.is_undecided(version, one.held.gone) for version in _versions(one, order)):
        return Finding(causes.UNDECIDED, one.record, why=UNDECIDED)
    why = "the source has said since that it is gone"
    return Finding(causes.RETIRED, one.record, why=why)


def _versions(one: Compared, order: Precedence) -> Iterator[str]:
    """Yield the versions by which the fields of its row stand."""
    for wanted in one.wanted:
        held = (one.held.fields.get(wanted.slug), one.held.gone)
        yield order.version(wanted.version, held)
