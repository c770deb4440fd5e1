"""What an older snapshot finds after a later one of the same source, and of records under way."""

from dataclasses import replace

import pytest

from service.reconcile.plan import causes
from service.reconcile.plan.diff import compare
from service.reconcile.plan.model import ComparedRecord
from service.reconcile.plan.precedence import SUPERSEDED
from tests.support.comparisons import comparison, found, held, listed, wanted


@pytest.mark.parametrize("items", [(), (listed(),)], ids=["no item", "an item"])
def test_a_row_of_a_superseded_snapshot_without_a_version_is_old(items):
    settings = comparison()
    settings = replace(settings, order=replace(settings.order, superseded=True))
    one = ComparedRecord("k1", 1, False, (wanted(2, at=None),), items)
    (finding,) = compare(one, settings)
    assert (finding.cause, finding.act, finding.why) == (causes.LATER, causes.NONE, SUPERSEDED)


def test_an_item_whose_retirement_is_being_undone_is_on_its_way():
    told = found(wanted(1), held(1), listed(archived=True), item={"lifting": True})
    assert told == [(causes.ON_ITS_WAY, causes.NONE)]


@pytest.mark.parametrize("gone", [{"state": "pending"}, {"mending": True}])
def test_an_item_of_the_snapshot_that_is_being_retired_is_on_its_way(gone):
    told = found(wanted(1), held(1), listed(), item={"gone": held("archive", at=200, **gone)})
    assert told == [(causes.ON_ITS_WAY, causes.NONE)]
