"""What of a record waits for something to be resumed; and the answer where nothing does."""

from dataclasses import replace

from service.operate.destination_waits import destination_waits
from service.operate.record_answer import answer
from service.operate.record_holds import held_slugs
from service.operate.record_waits import waits
from tests.support.outbox_driver import settings
from workers.policy.rules import RULES
from workers.store.item_record import FieldRecord
from workers.store.item_schedule import ItemSchedule
from workers.store.pauses import HandPause
from workers.store.record_facts import RecordFacts
from workers.store.waits import Pause

NOW = 1_800_000_000_000.0
ERP = HandPause("a wrong feed", "alice", NOW - 60_000)
LANE = HandPause("a sale", "bob", NOW - 60_000, NOW + 3_600_000)
SETTINGS = settings()


def value(source="erp", lane=1, **more):
    return FieldRecord("1", "number", "t1", 1, "pending", source=source, lane=lane, **more)


def facts(pauses, *, make=None, **fields):
    own = SETTINGS.collections["products"]
    schedule = ItemSchedule(by="key", lane="live", make=make)
    return RecordFacts(
        NOW,
        own,
        SETTINGS.destinations["site"],
        "k1",
        "i1",
        fields,
        schedule,
        hand_pauses=pauses,
    )


def told(found):
    return [(each.cause, each.fields) for each in waits(found, workers=1, spooled=0)]


def test_without_a_pause_nothing_is_held():
    found = facts({}, stock=value())
    assert held_slugs(found) == {}
    assert told(found) == [("turn", ())]


def test_values_of_a_paused_source_wait_and_those_of_others_have_their_turn():
    found = facts({"source:erp": ERP}, stock=value(), price=value(), name=value("shop"))
    assert held_slugs(found) == {"price": "source:erp", "stock": "source:erp"}
    assert told(found) == [("turn", ()), ("pause", ("price", "stock"))]


def test_what_waits_for_nothing_else_says_who_paused_it_and_until_when():
    found = facts({"lane:replay": LANE}, stock=value(lane=2))
    (wait,) = waits(found, workers=1, spooled=0)
    assert wait.says == "replays, paused by bob since 2027-01-15T07:59:00Z: a sale"
    assert wait.next == ("it goes on by itself, or once it is resumed: `instep resume lane:replay`")
    assert wait.at == LANE.till
    found = facts({"source:erp": ERP}, stock=value())
    (wait,) = waits(found, workers=1, spooled=0)
    assert (wait.next, wait.at) == (
        "nothing until it is resumed: `instep resume source:erp`",
        None,
    )


def test_an_item_that_is_to_be_made_waits_for_all_that_is_held():
    found = facts({"source:erp": ERP}, make=NOW, stock=value(), name=value("shop"))
    assert held_slugs(found) == {"name": "source:erp", "stock": "source:erp"}
    assert held_slugs(facts({"source:erp": ERP}, make=NOW, name=value("shop"))) == {}


def test_a_retirement_that_another_source_has_taken_back_waits_for_its_lane_alone():
    back = value(undone=True)
    assert held_slugs(facts({"source:erp": ERP}, stock=back)) == {}
    assert held_slugs(facts({"lane:live": LANE}, stock=back)) == {"stock": "lane:live"}


def test_what_the_answer_of_the_cms_asks_for_comes_next():
    pause = Pause("410 gone: no; set its base_url, then run instep resume", "instep", NOW)
    (wait,) = destination_waits(replace(facts({}, stock=value()), pause=pause))
    assert wait.says.endswith(": 410 gone: no; set its base_url, then run instep resume")
    assert wait.next == "nothing until it is resumed: `instep resume destination:site`"
    known = f"410 gone: no; {next(rule.advice for rule in RULES if rule.advice)}"
    (wait,) = destination_waits(
        replace(facts({}, stock=value()), pause=replace(pause, reason=known))
    )
    assert wait.says.endswith(": 410 gone: no")
    assert wait.next == (
        "nothing by itself: set its base_url to where the CMS is, then resume it: "
        "`instep resume destination:site`"
    )


def test_what_an_undo_has_put_back_is_not_what_its_sources_gave():
    written = replace(value(), state="written")
    found = facts({}, stock=written, price=replace(written, undo="r7"))
    assert answer(found, "written", ()) == (
        "It is on the site: an undo (r7) has put back price; "
        "the CMS shows that, and else what sources gave."
    )
    assert "undo" not in answer(facts({}, stock=written), "written", ())
