"""What /readyz says of what was seen."""

import pytest

from service.ingest.spool import State
from service.web.readiness import Seen, reasons_of
from workers.errors import StoreUnavailable

AWAY = StoreUnavailable("no answer")


def told(spool, trouble=AWAY):
    return {reason.name: reason.state for reason in reasons_of(Seen(trouble=trouble, spool=spool))}


def test_a_store_that_is_away_is_degraded_while_the_spool_takes():
    assert told(State(0, 0, takes=True)) == {"store away": "degraded"}


def test_a_full_spool_is_named_while_it_is_needed():
    full = State(0, 0, takes=False, full=True)
    assert told(full) == {"store away": "down", "spool full": "down"}
    assert told(full, trouble=None) == {}


@pytest.mark.parametrize(("role", "do"), [("worker", "it is replaced"), ("supervisor", "end it")])
def test_what_hangs_is_named_with_what_to_do(role, do):
    (reason,) = reasons_of(Seen(hung=(role,)))
    assert (reason.name, do in reason.do) == (f"{role} hung", True)
