"""What came of a difference, as far as the outbox tells."""

import pytest

from service.reconcile.apply.settlement import (
    NOT_TAKEN,
    OVERTAKEN,
    REPAIRED,
    STUCK,
    UNCONFIRMED,
    WAITING,
    outcome_of,
)
from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from tests.support.comparisons import held
from workers.store.item_record import ItemRecord

PENDING = held(state="pending", answered=None)
PARKED = held(state="pending", answered=None, stuck=True)
DONE = held(confirmed=True)


def finding(act, slug=None, **more):
    return Finding(causes.MISSED, "k1", slug=slug, act=act, source="1", **more)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ((PENDING,), WAITING),
        ((PARKED,), STUCK),
        ((PARKED, PENDING), WAITING),
        ((held(mending=True),), WAITING),
        ((held(state="dead"),), causes.LETTER),
        ((DONE,), REPAIRED),
        ((DONE, held()), UNCONFIRMED),
    ],
)
def test_an_item_is_waited_for_unless_it_waits_for_another(fields, outcome):
    item = ItemRecord({f"field-{n}": each for n, each in enumerate(fields)}, id="i1")
    assert outcome_of(item, finding(causes.CREATE)) == outcome


def test_a_value_that_the_outbox_has_not_taken_is_not_called_repaired():
    accepted = finding(causes.ACCEPT, "stock")
    assert outcome_of(ItemRecord({"other": DONE}), accepted) == NOT_TAKEN
    assert outcome_of(ItemRecord({"stock": DONE}), accepted) == REPAIRED
    assert outcome_of(ItemRecord({"stock": held(2, confirmed=True)}), accepted) == OVERTAKEN


def test_a_write_without_an_answer_is_not_called_repaired():
    repair = finding(causes.REPAIR, "stock", arrival=DONE.arrival)
    assert outcome_of(ItemRecord({"stock": DONE}), repair) == REPAIRED
    assert outcome_of(ItemRecord({"stock": held()}), repair) == UNCONFIRMED


@pytest.mark.parametrize(
    ("id", "outcome"), [("i1", UNCONFIRMED), (None, UNCONFIRMED), ("i2", REPAIRED)]
)
def test_an_item_that_is_made_anew_has_another_id(id, outcome):
    again = finding(causes.AGAIN, item="i1")
    assert outcome_of(ItemRecord({"stock": DONE}, id=id), again) == outcome


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        (ItemRecord(lifting=True), WAITING),
        (ItemRecord(gone=held("archive")), NOT_TAKEN),
        (ItemRecord(), REPAIRED),
    ],
)
def test_a_record_is_back_once_nothing_of_its_retirement_is_left(item, outcome):
    assert outcome_of(item, finding(causes.BACK)) == outcome
