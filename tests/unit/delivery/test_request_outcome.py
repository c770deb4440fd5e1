"""What a batch settles with: each item's outcome, and what was not sent of it."""

import pytest

from workers.delivery.request_outcome import completed
from workers.model.attempts import (
    Batch,
    BatchOutcome,
    ClaimedField,
    ClaimedItem,
    FieldFailure,
    ItemOutcome,
)
from workers.webflow.item_payloads import Prepared

ITEMS = tuple(
    ClaimedItem(name, name, (ClaimedField("stock", "31", "number", 1),)) for name in ("i1", "i2")
)
BATCH = Batch("t", "site", "products", ITEMS)
SENT = {"i1": {"stock": 31}, "i2": {"stock": 31}}
WRITTEN = BatchOutcome(
    tuple(ItemOutcome(item.record, written=("stock",), wait=2.0) for item in ITEMS), "success"
)
FAILURE = FieldFailure("refused", ("stock",), "not sent")


def outcome_of_first(values=SENT, failures=None, doubted=(), wait=0.0):
    prepared = Prepared(values, failures or {}, frozenset(doubted), {})
    first, second = completed(WRITTEN, BATCH, prepared, wait).item_outcomes
    assert second is WRITTEN.item_outcomes[1]
    return first


def test_an_outcome_to_which_nothing_is_added_is_not_copied():
    assert outcome_of_first() is WRITTEN.item_outcomes[0]


@pytest.mark.parametrize(
    ("more", "name", "value"),
    [
        pytest.param({"failures": {"i1": FAILURE}}, "failures", (FAILURE,), id="invalid"),
        pytest.param({"doubted": {"i1"}, "wait": 5.0}, "wait", 5.0, id="doubted"),
        pytest.param({"doubted": {"i1"}, "wait": 1.0}, "wait", 2.0, id="doubted for less"),
        pytest.param({"values": SENT | {"i1": {}}}, "unsent", ("stock",), id="not sent"),
    ],
)
def test_what_was_not_sent_is_added(more, name, value):
    assert getattr(outcome_of_first(**more), name) == value


def test_only_a_batch_of_one_item_is_looked_at_for_its_entries():
    assert not Batch("t", "site", "products", (object(), object())).alone
    assert Batch("t", "site", "products", ITEMS[:1]).alone
    assert not Batch("t", "site", "products", ()).alone
