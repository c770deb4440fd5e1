"""What an operator sees of write-backs and does with them: state, pause, erasure."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import redis

from service.operate import pauses
from service.operate.alert_causes import causes_of
from service.operate.check_writeback import targets
from service.operate.letter_actions import LetterActions
from service.operate.problems import list_problems
from service.operate.reasons import Seen, reasons_of
from service.operate.record_entries import says
from service.operate.scope import Scope
from service.operate.scoped_status import seen_by
from service.operate.status import numbers_of, status_of
from tests.support.writeback_rig import events, told
from workers.errors import UnknownName
from workers.store import writeback_keys
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText


def state(way):
    return way.context.writeback_states.read()["shop"]


def reasons(way):
    found = reasons_of(Seen(workers=1, status=numbers_of(way.context)))
    return [(each.name, each.do) for each in found if each.name.startswith("writeback")]


def test_its_state_counts_what_waits_and_what_was_told(telling):
    way = telling()
    for n in range(1, 4):
        way.change(way.key(n), stock=7)
    way.run()
    way.pass_time(60)
    waits = state(way)
    assert (waits["state"], waits["waiting"], waits["told"]) == ("flowing", 3, 0)
    assert waits["oldest_seconds"] >= 60
    way.tell()
    assert state(way) | {"waiting": 0, "told": 3, "dead": 0, "oldest_seconds": 0.0} == state(way)
    assert reasons(way) == []


def test_a_target_that_is_away_is_told_and_is_over_with_the_next_answer(telling):
    way = telling()
    way.sinks["shop"].answers = [500]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell(seconds=60)
    assert (state(way)["state"], "500" in state(way)["reason"]) == ("outage", True)
    ((name, do),) = reasons(way)
    assert (name, "correct [writeback.shop]" in do) == ("writeback shop: outage", True)
    status = status_of(way.context)
    seen = Seen(workers=1, status=status)
    causes = causes_of(seen, datetime.now(UTC), late=300.0, collections={})
    assert [(each.kind, each.name) for each in causes if "writeback" in each.name] == [
        ("paused", "writeback shop: outage")
    ]
    way.sinks["shop"].answers = [200]
    way.tell()
    assert reasons(way) == []


def test_a_refused_token_says_what_to_do_and_a_resume_tries_again(telling):
    way = telling()
    way.sinks["shop"].answers = [401, 200]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    way.down(401)  # the CMS is not asked
    ((name, do),) = reasons(way)
    assert (name, "instep resume writeback:shop" in do) == ("writeback shop: paused", True)
    answer = pauses.resume(way.context, "writeback:shop", by="me")
    assert (answer["kind"], answer["state"], answer["first"]) == ("writeback", "resumed", [])
    way.tell()
    assert len(told(way)) == 2
    assert reasons(way) == []


@pytest.mark.parametrize("seconds", [None, 600])
def test_it_is_paused_by_hand_and_goes_on(telling, seconds):
    way = telling()
    paused = pauses.pause(
        way.context, "writeback:shop", reason="stocktaking", by="me", seconds=seconds
    )
    assert (paused["state"], paused["kind"]) == ("paused", "writeback")
    way.change(way.key(1), stock=7)
    way.run()
    way.tell(seconds=300)
    assert told(way) == []
    held = state(way)
    assert (held["by"], held["who"], held["reason"]) == ("operator", "me", "stocktaking")
    assert (held["until"] is None) == (seconds is None)
    ((_, do),) = reasons(way)
    assert do.endswith("resume it: `instep resume writeback:shop`")
    if seconds:
        way.pass_time(601)
        assert state(way)["state"] == "flowing"
    else:
        pauses.resume(way.context, "writeback:shop", by="me")
    way.tell()
    assert events(way) == ["changed"]


def test_a_dry_run_pauses_nothing_and_another_name_is_unknown(telling):
    way = telling()
    pauses.pause(way.context, "writeback:shop", reason="", by="me", dry_run=True)
    assert state(way)["state"] == "flowing"
    with pytest.raises(UnknownName):
        pauses.pause(way.context, "writeback:other", reason="", by="me")


@pytest.mark.parametrize(("collections", "seen"), [({"products"}, ["shop"]), ({"stores"}, [])])
def test_who_sees_some_destinations_sees_their_write_backs(telling, collections, seen):
    way = telling()
    way.sinks["shop"].answers = [500]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell(seconds=60)
    scope = Scope(False, frozenset({"site"}), frozenset(collections), frozenset())
    shown = seen_by(scope, status_of(way.context))
    assert list(shown["writebacks"]) == seen
    named = [each["name"] for each in shown["reasons"] if "writeback" in each["name"]]
    assert named == [f"writeback {name}: outage" for name in seen]


def test_a_record_is_erased_with_what_was_to_be_told_of_it(telling, store_socket):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [422]
    for key in ("SECRET-1", "SECRET-2"):
        way.change(key, name="Oak desk")
        way.run()
        if key == "SECRET-1":
            way.tell()
    assert way.waiting() == 1
    for key in ("SECRET-1", "SECRET-2"):
        text = KeyText("products", key, parts=1, spellings=[key], names=("sku",), others=set())
        with redis.Redis(unix_socket_path=store_socket) as raw:
            erasure = Erasure(raw, way.steps, text)
            erasure.run(erasure.find())
            assert not erasure.find()
    for key in (writeback_keys.records("shop"), writeback_keys.due("shop")):
        assert not way.store.exists(key)
    assert way.letters(kind="writeback", all=True) == []


def test_its_letters_are_a_problem_that_can_be_sent_again(telling):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [422, 422, 422, 200]
    for n in range(1, 4):
        way.change(way.key(n), stock=7)
    way.run()
    way.tell()
    (problem,) = list_problems(way.context, state="open", limit=5).items
    assert (problem["kind"], problem["letters"], problem["status"]) == ("writeback", 3, 422)
    assert problem["title"].startswith("write-back shop: POST")
    assert "correct the write-back" in problem["do"]
    actions = LetterActions(way.context)
    first, second, third = way.letters()
    assert actions.act("replay", first) is None
    assert actions.act("replay", first) == "is closed"
    assert actions.act("discard", second) is None
    way.change(third.key, stock=8)
    way.run()
    way.tell()
    assert [letter.reason for letter in way.letters(all=True)] == [
        "replayed",
        "discarded",
        "superseded",
    ]
    assert sorted(each["key"] for each in told(way)[3:]) == sorted({first.key, third.key})


def test_what_its_life_says(telling):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [200, 422]
    for stock in (1, 2):
        way.change(way.key(1), stock=stock)
        way.run()
        way.tell()
    mine = [each for each in way.lives()[way.key(1)] if each.what == "written-back"]
    assert [says(each) for each in mine] == [
        "told shop: changed, 200",
        "not told shop: changed: write-back shop: POST https://shop.example/***: 422: said",
    ]


def test_check_names_the_database_that_cannot_be_used(telling, shop):
    way = telling(shop)
    notes = []
    assert list(targets(way.settings, notes)) == []
    assert notes == ["Write-back shop: its database answers"]
    own = way.settings.writebacks["shop"]
    for sql, words in (
        ("sqlite:///nowhere.db", "no file"),
        ("postgresql://u:pw0rd@127.0.0.1:1/x", "connection"),
    ):
        known = {"shop": replace(own, sql=sql)}
        (problem,) = targets(replace(way.settings, writebacks=known), [])
        assert problem.where == f"{way.settings.path}: writeback.shop.sql"
        assert words in problem.found
    known = {"erp": replace(own, sql=None, url="https://h.example/")}
    assert list(targets(replace(way.settings, writebacks=known), notes)) == []
    assert "not asked" in notes[-1]


def test_what_waits_is_not_told_as_of_the_records_of_another_collection(telling):
    way = telling(options={"more": {"other": {}}})
    way.change(1, stock=7)
    way.change(2, stock=8)
    way.run()
    own = replace(way.settings.writebacks["shop"], collection="other")
    way.configured({"shop": own})
    way.change(1, stock=9, collection="other")
    way.run()
    way.tell()
    assert [(each["collection"], each["key"]) for each in told(way)] == [("other", way.key(1))]
    assert way.waiting() == 0
    assert not way.store.exists(writeback_keys.records("shop"))
