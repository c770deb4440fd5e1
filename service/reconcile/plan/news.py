"""Whether a row of a snapshot says something else than what is held, and later. Pure."""

from __future__ import annotations

from service.reconcile.plan.precedence import Precedence
from service.reconcile.plan.sides import Held, Wanted
from workers.fields.types import are_same


def is_news(wanted: Wanted, held: Held | None, gone: Held | None, order: Precedence) -> bool:
    """Tell whether the source says something else than the outbox, and later."""
    version = order.version(wanted.version, (held, gone))
    if not order.wins(version, held):
        return False
    if gone is not None:
        return order.wins(version, gone)
    return held is None or not is_same(wanted, held)


def is_same(wanted: Wanted, held: Held) -> bool:
    """Tell whether source and outbox say the same, by the rules of the type."""
    return are_same(wanted.type, wanted.value, held.value)
