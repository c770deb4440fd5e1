"""What /readyz says of what was seen."""

import pytest

from service.ingest.spool import State
from service.operate.reasons import Seen, reasons_of
from workers.errors import Problem, StoreNewer, StoreUnavailable

AWAY = StoreUnavailable("no answer")


def told(spool, trouble=AWAY):
    return {reason.name: reason.state for reason in reasons_of(Seen(trouble=trouble, spool=spool))}


def test_a_store_that_is_away_is_degraded_while_the_spool_takes():
    assert told(State(0, 0, takes=True)) == {"store away": "degraded"}


def test_a_full_spool_is_named_while_it_is_needed():
    full = State(0, 0, takes=False, full=True)
    assert told(full) == {"store away": "down", "spool full": "down"}
    assert told(full, trouble=None) == {}


def test_a_store_of_a_later_release_is_named_as_such():
    newer = StoreNewer(Problem("store", "version 9", "8", "upgrade"))
    assert told(State(0, 0, takes=True), trouble=newer) == {"store newer": "degraded"}


@pytest.mark.parametrize(
    "loss",
    [
        {"kind": "cut", "file": "a.aof", "bytes": 9, "written": "then", "copy": "damaged/a.aof"},
        {"kind": "older", "held": 5, "had": 9},
        {"kind": "copied", "seen": 5},
    ],
)
def test_what_the_store_may_lack_is_named_until_it_is_proven(loss):
    shown = {"at": "2026-05-12T09:30:00+00:00", **loss, "message": f"{loss}"}
    seen = Seen(status={"losses": [shown | {"unproven": ["products", "prices"]}]})
    (reason,) = reasons_of(seen)
    assert (reason.state, reason.since) == ("degraded", "2026-05-12T09:30:00+00:00")
    assert "instep reconcile` for products, prices" in reason.do
    assert ".aof" not in reason.name + reason.do


@pytest.mark.parametrize(("role", "do"), [("worker", "it is replaced"), ("supervisor", "stop it")])
def test_what_hangs_is_named_with_what_to_do(role, do):
    (reason,) = reasons_of(Seen(hung=(role,)))
    assert (reason.name, do in reason.do) == (f"{role} hung", True)
