"""What needs a person first: each kind of reason and notice has its row, by what it costs."""

import ast
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

import service.operate.notices
import service.operate.reasons
import service.operate.source_notices
from service.operate.attention import MOST, RULES, needs_of
from service.operate.reasons import Reason
from tests.support.status_numbers import COLLECTION, DESTINATION, flowing

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
TODAY, BEFORE = "2026-05-12T09:20:00+00:00", "2026-05-10T09:20:00+00:00"
STATUS = flowing(
    destinations={
        "site": DESTINATION | {"pending_items": 40},
        "mine": DESTINATION | {"by": "operator", "pending_items": 7},
    },
    collections={
        "products": COLLECTION | {"pending_items": 30},
        "mine": COLLECTION | {"by": "operator"},
    },
    writebacks={"mine": {"by": "operator"}},
)


def reason(name, since=TODAY, state="notice"):
    return Reason(name, state, since, f"mend {name}", "why")


def needs(*reasons):
    return needs_of(reasons, STATUS, NOW)


# In this order: name, since, then what to look at and how many.
ROWS = [
    ("store away", None, "store", None, None),
    ("store older than it was", TODAY, "store", None, None),
    ("no worker", TODAY, "processes", None, None),
    ("destination site: paused", TODAY, "destinations", "site", 40),
    ("destination site: outage", TODAY, "destinations", "site", 40),
    ("memory short", TODAY, "store", None, None),
    ("worker hung", None, "processes", None, None),
    ("counters do not balance", None, "status", None, None),
    ("collection products: late", TODAY, "collections", "products", 30),
    ("source erp: most requests refused", None, "sources", "erp", None),
    ("destination site: publish held", TODAY, "destinations", "site", 40),
    ("problem g1: 3 refused in products", TODAY, "problems", "g1", 3),
    ("collection products: 12 deletes wait for approval", None, "deletes", "products", 12),
    ("collection products: 3 items wait to be published", None, "collections", "products", 3),
    ("undo r7: held", TODAY, "runs", "r7", None),
    ("reconcile products: held", TODAY, "reconciles", "products", None),
    ("source feed: pull held", TODAY, "sources", "feed", None),
    ("replay r9: proposed", TODAY, "runs", "r9", None),
    ("reconcile products: overdue", TODAY, "reconciles", "products", None),
    ("source feed: pull failed", TODAY, "sources", "feed", None),
    ("source erp: silent", TODAY, "sources", "erp", None),
    ("fetcher shop: outage", None, "fetchers", "shop", None),
    ("writeback shop: outage", TODAY, "writebacks", "shop", None),
    ("writeback old: removed", None, "status", "old", None),
    ("collection products: locales unknown", None, "collections", "products", 30),
    ("problem g2: 500 refused in products", BEFORE, "problems", "g2", 500),
    ("4 more problems", None, "problems", None, None),
    ("destination mine: paused", TODAY, "destinations", "mine", 7),
    ("what a later release says", None, "status", None, None),
]


@pytest.mark.parametrize(("name", "since", "noun", "id", "many"), ROWS)
def test_it_says_what_to_look_at_and_how_many_it_is_about(name, since, noun, id, many):
    (need,) = needs(reason(name, since))
    assert (need.what, need.noun, need.id, need.many) == (name, noun, id, many)
    assert (need.since, need.do, need.why, need.state) == (since, f"mend {name}", "why", "notice")


def test_every_rule_has_its_place_in_the_order():
    assert len(ROWS) == len(RULES)
    for above, below in pairwise(ROWS):
        first, second = needs(reason(*below[:2]), reason(*above[:2]))
        assert (first.what, second.what) == (above[0], below[0])


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("store weak", 0),
        ("store loads", 0),
        ("store newer", 0),
        ("store forbidden", 0),
        ("memory full", 0),
        ("spool full", 0),
        ("store damaged: its end was cut off", 1),
        ("store copied: it may be older than it was", 1),
        ("spool damaged", 1),
        ("collection products: paused", 3),
        ("collection products: outage", 4),
        ("spool waits", 5),
        ("supervisor hung", 6),
        ("collection products: not published", 8),
        ("collection products: plan limit", 8),
        ("source erp: every delivery refused", 9),
        ("destination site: publish failed", 10),
        ("collection products: 1 delete waits for approval", 13),
        ("replay r8: held", 14),
        ("discard r8: proposed", 17),
        ("approve r8: proposed", 17),
        ("reconcile products: failed", 18),
        ("reconcile products: killed", 18),
        ("source feed: pull killed", 19),
        ("source feed: pull overdue", 19),
        ("source erp: only older values", 20),
        ("source erp: nothing wanted", 20),
        ("source erp: no room for payloads", 20),
        ("fetcher shop: waiting", 21),
        ("writeback shop: paused", 22),
        ("writeback mine: paused", 27),
        ("collection mine: paused", 27),
        ("source erp: paused", 27),
        ("lane live: paused", 27),
    ],
)
def test_names_of_one_rank_have_one_row(name, place):
    rows = {n: reason(*row[:2]) for n, row in enumerate(ROWS) if abs(n - place) == 1}
    found = needs_of([reason(name), *reversed(rows.values())], STATUS, NOW)
    around = {n: each.name for n, each in rows.items()} | {place: name}
    assert [need.what for need in found] == [around[n] for n in sorted(around)]


def test_within_a_row_the_most_come_first_then_what_lasts_longest():
    problems = [
        reason("problem g1: 3 refused in products"),
        reason("problem g2: 90 refused in products"),
        reason("problem g3: 3 refused in stores", "2026-05-12T09:10:00+00:00"),
    ]
    assert [need.id for need in needs(*problems)] == ["g2", "g3", "g1"]


def test_a_name_of_instep_toml_may_look_like_anything():
    (need,) = needs(reason("source a: paused: paused"))
    assert (need.noun, need.id) == ("sources", "a: paused")


def test_no_more_are_listed_than_a_page_shows():
    found = needs(*(reason(f"problem g{n}: {n} refused in products") for n in range(30)))
    assert [need.many for need in found] == [*range(29, 29 - MOST, -1)]


MODULES = (service.operate.reasons, service.operate.notices, service.operate.source_notices)


def test_every_name_that_is_given_has_a_row_of_its_own():
    """A new reason must have its rank: else it stands last."""
    unknown = set()
    for module in MODULES:
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                *("Reason", "_notice"),
            )
            if named and isinstance(node.args[0], ast.Constant | ast.JoinedStr):
                name = "".join(
                    part.value if isinstance(part, ast.Constant) else "1"
                    for part in getattr(node.args[0], "values", [node.args[0]])
                )
                if not any(_may_be(rule.names, name) for rule in RULES[:-1]):
                    unknown.add(name)
    assert unknown == {"more 1s: 1"}  # of /readyz alone


def _may_be(pattern, name):
    """Whether *pattern* takes *name*, in which 1 stands for what is not known."""
    words = {
        "collection 1: 1 for approval": "collection 1: 1 deletes wait for approval",
        "collection 1: 1 to be published": "collection 1: 1 item waits to be published",
        "1 1: 1": "destination 1: paused",
        "destination 1: publish 1": "destination 1: publish held",
        "collection 1: 1": "collection 1: plan limit",
        "fetcher 1: 1": "fetcher 1: outage",
        "writeback 1: 1": "writeback 1: outage",
        "reconcile 1: 1": "reconcile 1: failed",
        "source 1: pull 1": "source 1: pull failed",
        "1 1: held": "undo 1: held",
        "1 1: proposed": "undo 1: proposed",
        "problem 1: 1 1 in 1": "problem 1: 1 refused in 1",
    }
    return re.fullmatch(pattern, words.get(name, name)) is not None
