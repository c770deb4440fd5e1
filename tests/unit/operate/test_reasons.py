"""What /readyz says of what was seen."""

import pytest

from service.ingest.spool import State
from service.operate.reasons import MOST, Seen, reasons_of, shortened
from workers.errors import Problem, StoreLoading, StoreNewer, StoreUnavailable
from workers.policy.rules import RULES

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


def test_a_store_that_loads_its_data_says_how_far_it_is():
    seen = Seen(trouble=StoreLoading("43 % of 9 MB"), spool=State(0, 0, takes=True))
    (reason,) = reasons_of(seen)
    assert (reason.name, reason.state, reason.do) == (
        "store loads",
        "degraded",
        "wait: 43 % of 9 MB",
    )


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


SINCE = "2026-05-12T09:30:00+00:00"


def paused(reason, *, by="instep", **entry):
    return {"state": "paused", "reason": reason, "since": SINCE, "by": by} | entry


def test_a_pause_by_hand_is_ended_by_resume():
    (reason,) = reasons_of(Seen(status={"destinations": {"site": paused("moving", by="operator")}}))
    assert (reason.name, reason.since) == ("destination site: paused", SINCE)
    assert (reason.why, reason.do) == ("moving", "resume it: `instep resume destination:site`")


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.advice])
def test_a_pause_by_an_answer_says_what_the_answer_asks_for(rule):
    entry = paused(f"401 not_authorized: secret words; {rule.advice}")
    (reason,) = reasons_of(Seen(status={"destinations": {"site": entry}}))
    assert reason.why == "401 not_authorized: secret words"
    words = rule.advice.replace("run instep resume", "resume it")
    assert reason.do == f"{words}: `instep resume destination:site`"


def test_a_pause_of_a_collection_is_ended_by_its_id():
    entry = paused("404 not_found: Collection not found; a; b")
    (reason,) = reasons_of(Seen(status={"collections": {"products": entry}}))
    assert reason.do == (
        "correct its id in instep.toml, run `instep reload`, then resume it: "
        "`instep resume collection:products`"
    )


def test_what_the_cms_said_is_not_public():
    for state in ("paused", "outage"):
        entry = paused("the CMS's own words; of somebody", state=state)
        (reason,) = reasons_of(Seen(status={"destinations": {"site": entry}}))
        assert "words" in reason.why
        assert set(reason.public()) == {"name", "state", "since", "do"}
        assert "words" not in str(reason.public())


def test_a_collection_that_is_paused_beside_its_destination_is_named_as_well():
    status = {
        "destinations": {"site": paused("by hand", by="operator")},
        "collections": {
            "products": paused("by hand", by="operator"),
            "posts": paused("by hand", by="operator", since="2026-05-12T09:31:00+00:00"),
        },
    }
    names = [reason.name for reason in reasons_of(Seen(status=status))]
    assert names == ["destination site: paused", "collection posts: paused"]


def test_of_many_destinations_a_short_list_names_some_and_counts_the_others():
    many = {f"d{n}": paused("by hand", by="operator") for n in range(MOST + 5)}
    status = {"destinations": many | {"away": paused("503", state="outage")}}
    reasons = shortened(reasons_of(Seen(workers=0, status=status)))
    assert len(reasons) == MOST + 3
    more = reasons[-1]
    assert (more.name, more.state, more.since) == ("more destinations: paused", "degraded", SINCE)
    assert "5 others" in more.do
    assert "no worker" in {reason.name for reason in reasons}
    assert "destination away: outage" in {reason.name for reason in reasons}


def test_what_fills_the_memory_is_told_to_operators():
    families = {"index": 5, "items": 90, "letters": 20, "history": 1}
    memory = {"level": "high", "since": SINCE, "families": families}
    (reason,) = reasons_of(Seen(status={"memory": memory}))
    assert (reason.name, reason.why) == ("memory short", "most: items, letters, index")


def test_a_paused_source_or_lane_is_named_with_how_it_goes_on():
    until = {"who": "ann", "until": "2026-05-12T11:30:00+00:00"}
    status = {
        "sources": {
            "erp": paused("a wrong feed", by="operator", **until),
            "shop": {"state": "flowing"},
        },
        "lanes": {"live": paused("a sale", by="operator")},
    }
    source, lane = reasons_of(Seen(status=status))
    assert (source.name, source.state) == ("source erp: paused", "degraded")
    assert source.do == (
        "wait: it goes on by itself at 2026-05-12 11:30:00 UTC; or resume it: "
        "`instep resume source:erp`"
    )
    assert source.why == "a wrong feed, by ann"
    assert "ann" not in str(source.public())
    assert (lane.name, lane.do) == ("lane live: paused", "resume it: `instep resume lane:live`")


def test_a_name_of_a_destination_and_a_collection_is_resumed_with_its_kind():
    halted = paused("a sale", by="operator")
    status = {"destinations": {"site": halted}, "collections": {"site": halted | {"since": None}}}
    assert [reason.do for reason in reasons_of(Seen(status=status))] == [
        "resume it: `instep resume destination:site`",
        "resume it: `instep resume collection:site`",
    ]
