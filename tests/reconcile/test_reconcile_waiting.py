"""What came of a difference, as far as the outbox tells."""

import pytest
from comparisons import held

from service.reconcile import causes
from service.reconcile.states import HeldItem
from service.reconcile.waiting import NOT_TAKEN, REPAIRED, STUCK, WAITING, outcome_of

PENDING = held(state="pending", answered=None)
PARKED = held(state="pending", answered=None, stuck=True)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ((PENDING,), WAITING),
        ((PARKED,), STUCK),
        ((PARKED, PENDING), WAITING),
        ((held(mending=True),), WAITING),
        ((held(state="dead"),), causes.LETTER),
        ((held(),), REPAIRED),
    ],
)
def test_an_item_is_waited_for_unless_it_waits_for_another(fields, outcome):
    item = HeldItem({f"field-{n}": each for n, each in enumerate(fields)})
    assert outcome_of(item, None, causes.CREATE) == outcome


def test_a_value_that_the_outbox_has_not_taken_is_not_called_repaired():
    assert outcome_of(HeldItem({"other": held()}), "stock", causes.ACCEPT) == NOT_TAKEN
    assert outcome_of(HeldItem({"stock": held()}), "stock", causes.ACCEPT) == REPAIRED
