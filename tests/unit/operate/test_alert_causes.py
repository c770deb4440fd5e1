"""Of what kind each thing is that is wrong, how long it must last, and what is said of it."""

from datetime import UTC, datetime

import pytest

from service.ingest.spool import State
from service.operate.alert_causes import BY_HAND, MANY, causes_of
from service.operate.reasons import Seen
from tests.support.status_numbers import COLLECTION, DESTINATION, FETCHER, RUN, SOURCE, flowing
from workers.alerts.message import message_of
from workers.alerts.rules import Entry
from workers.config.settings import ALERT_KINDS
from workers.errors import StoreUnsafe

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
SINCE = "2026-05-12T09:20:00+00:00"


def told(late=300.0, **parts):
    seen = {
        name: parts.pop(name) for name in ("workers", "hung", "trouble", "spool") & parts.keys()
    }
    status, collections = flowing(**parts), {"site": ["products"]}
    return causes_of(Seen(**seen, status=status), NOW, late=late, collections=collections)


def entry(kind, base, **more):
    names = {"destination": "site", "collection": "products", "source": "erp"}
    return {f"{kind}s": {names[kind]: base | more}}


PAUSED = {"state": "paused", "reason": "401 not_authorized", "since": SINCE, "by": "instep"}
BY_PERSON = {"state": "paused", "reason": "moving", "since": SINCE, "by": "operator"}
OUTAGE = {"state": "outage", "reason": "no answer", "since": SINCE}
WAIT = {"message": "409", "since": SINCE, "records": 2}
MEMORY = {"used": 80, "limit": 100, "families": {"items": 60}, "since": SINCE, "full": False}
FAILED = RUN | {"state": "failed", "said": "products: no answer"}
STALLED = {"since": SINCE, "deliveries": 9, "behind": "5 s"}


@pytest.mark.parametrize(
    ("parts", "kind", "name", "after"),
    [
        (entry("destination", DESTINATION, **PAUSED), "paused", "destination site: paused", 10),
        (
            entry("destination", DESTINATION, **BY_PERSON),
            "paused",
            "destination site: paused",
            BY_HAND,
        ),
        (entry("collection", COLLECTION, **PAUSED), "paused", "collection products: paused", 10),
        (entry("source", SOURCE, **BY_PERSON), "paused", "source erp: paused", BY_HAND),
        ({"lanes": {"replay": BY_PERSON}}, "paused", "lane replay: paused", BY_HAND),
        (entry("destination", DESTINATION, **OUTAGE), "outage", "destination site: outage", 60),
        (
            entry("collection", COLLECTION, waits=[WAIT | {"reason": "not published"}]),
            "paused",
            "collection products: not published",
            300,
        ),
        (
            entry("collection", COLLECTION, waits=[WAIT | {"reason": "plan limit"}]),
            "paused",
            "collection products: plan limit",
            300,
        ),
        ({"workers": 0}, "outage", "no worker", 30),
        ({"workers": 1, "hung": ("worker",)}, "outage", "worker hung", 15),
        (
            {"fetchers": {"shop": FETCHER | {"state": "outage", "reason": "503"}}},
            "outage",
            "fetcher shop: outage",
            300,
        ),
        (
            entry("collection", COLLECTION, oldest_seconds=301.0, pending_items=7),
            "late",
            "collection products: late",
            0,
        ),
        (
            entry("source", SOURCE, refused=5, deliveries=0),
            "problems",
            "source erp: every delivery refused",
            300,
        ),
        (entry("source", SOURCE, unwanted=5), "problems", "source erp: nothing wanted", 300),
        (entry("source", SOURCE, stalled=STALLED), "problems", "source erp: only older values", 10),
        (
            entry("source", SOURCE, unmapped_bytes=64),
            "problems",
            "source erp: no room for payloads",
            10,
        ),
        (
            entry("collection", COLLECTION, reason="for the locales of its site: 403"),
            "problems",
            "collection products: locales unknown",
            600,
        ),
        ({"balanced": False}, "problems", "counters do not balance", 60),
        ({"reconciles": {"products": FAILED}}, "reconcile", "reconcile products: failed", 10),
        (
            {"reconciles": {"products": FAILED | {"state": "held"}}},
            "reconcile",
            "reconcile products: held",
            10,
        ),
        (
            {"reconciles": {"products": RUN | {"counts": {"changed": MANY}, "next": SINCE}}},
            "reconcile",
            "reconcile products: many differences",
            10,
        ),
        ({"trouble": StoreUnsafe("appendfsync everysec")}, "store", "store weak", 10),
        ({"spool": State(5, 99, takes=True)}, "store", "spool waits", 300),
        ({"memory": MEMORY | {"level": "high"}}, "store", "memory short", 30),
        ({"memory": MEMORY | {"level": "full", "full": True}}, "store", "memory full", 0),
        (
            {"losses": [{"kind": "cut", "at": SINCE, "message": "", "unproven": ["products"]}]},
            "store",
            "store damaged: its end was cut off",
            10,
        ),
    ],
)
def test_each_thing_has_a_kind_and_a_patience(parts, kind, name, after):
    (cause,) = told(**parts)
    assert (cause.kind, cause.name, cause.after) == (kind, name, after)
    assert cause.kind in ALERT_KINDS
    assert cause.means
    assert cause.do
    text, _, _ = message_of([Entry("began", cause, 0.0)], place="shop", now=60.0).partition(b'", "')
    assert not any(name in text.decode() for name in cause.figures if "_" in name)


def test_nothing_is_told_while_everything_flows():
    assert told(workers=2) == ()


@pytest.mark.parametrize(
    "parts",
    [
        {"alerts": {"since": SINCE, "reason": "404"}},
        {"fetchers": {"shop": FETCHER | {"state": "waiting", "reason": "refused"}}},
        {"reconciles": {"products": RUN | {"counts": {"changed": MANY}}}},  # by hand: it was seen
        {"reconciles": {"products": RUN | {"next": SINCE}}},
    ],
)
def test_some_things_are_no_news(parts):
    assert told(**parts) == ()


def test_late_is_what_the_settings_say():
    parts = entry("collection", COLLECTION, oldest_seconds=61.0, pending_items=7)
    assert told(**parts) == ()
    (cause,) = told(60.0, **parts)
    assert cause.figures == {"items_waiting": 7}


def test_a_cause_has_the_reason_what_to_do_and_since_when():
    (cause,) = told(**entry("destination", DESTINATION, **PAUSED))
    assert (cause.reason, cause.since) == ("401 not_authorized", datetime.fromisoformat(SINCE))
    assert "instep resume destination:site" in cause.do


def test_a_destination_says_how_much_waits_in_its_collections():
    parts = entry("destination", DESTINATION, **PAUSED)
    parts |= entry("collection", COLLECTION, **PAUSED, pending_items=1200)
    (cause,) = told(**parts)
    assert (cause.name, cause.figures) == ("destination site: paused", {"items_waiting": 1200})


def test_memory_has_its_share():
    (cause,) = told(memory=MEMORY | {"level": "high"})
    assert cause.figures == {"percent_of_the_limit": 80}
