"""What became of values that nothing is to be sent of, in words that need no other page."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.operate.record_rests import rests
from tests.support.outbox_driver import settings
from workers.store.item_record import FieldRecord, LeftOut
from workers.store.item_schedule import ItemSchedule
from workers.store.letter import Letter
from workers.store.record_facts import RecordFacts

SETTINGS = settings()
LETTER = Letter("d1", "refused", datetime(2026, 5, 12, tzinfo=UTC), message="Validation Error")
STOCK = {"field": "stock", "message": "Too long"}
NAME = {"field": "name", "message": "Too short"}


def facts(letters, fields=(), left=()):
    schedule = ItemSchedule(by="key", lane="live", left=dict(left))
    own, site = SETTINGS.collections["products"], SETTINGS.destinations["site"]
    return RecordFacts(0.0, own, site, "k1", "i1", dict(fields), schedule, letters=letters)


@pytest.mark.parametrize(
    ("letters", "says"),
    [
        ({"d1": LETTER}, "refused by the CMS: Validation Error"),
        ({"d1": replace(LETTER, status=400)}, "refused by the CMS (400): Validation Error"),
        (
            {"d1": replace(LETTER, kind="not-applied", problems=(NAME, STOCK))},
            "accepted by the CMS, but not shown: stock: Too long",
        ),
        (
            {"d1": replace(LETTER, kind="missing", problems=(NAME,))},
            "no item for it: name: Too short",
        ),
        ({}, "stock in a problem that is closed"),
    ],
)
def test_a_dead_value_says_what_became_of_it_and_how_it_is_sent_again(letters, says):
    dead = FieldRecord("1", "number", "t1", 1, "dead", letter="d1")
    (wait,) = rests(facts(letters, {"stock": dead}))
    assert wait.says == says
    assert wait.next == (
        "nothing until a newer value comes, or it is sent again: `instep dead replay d1`"
    )


@pytest.mark.parametrize(
    ("letters", "says"),
    [
        (
            {"u1": replace(LETTER, kind="unmapped", source="erp", problems=(STOCK,))},
            "stock of an event of erp could not be read and was left out: stock: Too long",
        ),
        ({}, "stock of an event could not be read and was left out: its problem is closed"),
    ],
)
def test_a_value_that_was_left_out_says_what_could_not_be_read(letters, says):
    (wait,) = rests(facts(letters, left={"stock": LeftOut("u1", "t1", 1)}))
    assert wait.says == says
    assert wait.next.endswith("or this one is mapped again: `instep dead replay u1`")
