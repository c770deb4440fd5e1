"""Records whose delete waits for approval, or was dropped: as a reconcile finds them."""

import pytest

from service.reconcile.apply.settlement import NOT_TAKEN, REPAIRED, outcome_of
from service.reconcile.plan import causes
from service.reconcile.plan.causes import Finding
from tests.support.comparisons import found, held, listed, wanted
from workers.store.item_record import ItemRecord

GONE = held("archive", at=300, state="pending", answered=None, kind="gone")
LATER = held("archive", at=950, state="pending", answered=None, kind="gone", came=2_000_000_000_000)
WAITS, DROPPED = {"held": GONE}, {"dropped": GONE}


def missing(item, *, orphans="archive", at=100, **options):
    """What is found of an item whose record the snapshot lacks; *at*: of its value, in seconds."""
    came = 1_750_000_000_000 + at * 1000
    value = held(1, at=at, came=came, since=came)
    return found(None, value, listed(), item=item, orphans=orphans, **options)


def present(item, **options):
    return found(wanted(at=None), held(1), listed(), item=item, **options)


def test_an_orphan_whose_delete_waits_is_asked_for_once():
    assert missing(WAITS, asks=True) == [(causes.ORPHAN, causes.HELD)]
    assert missing({}, asks=True) == [(causes.ORPHAN, causes.RETIRE)]


def test_one_that_waits_for_its_delay_alone_is_on_its_way():
    assert missing(WAITS) == [(causes.ON_ITS_WAY, causes.NONE)]
    assert present({"held": LATER}) == [(causes.ON_ITS_WAY, causes.NONE)]


def test_an_orphan_whose_delete_was_dropped_is_only_told():
    assert missing(DROPPED) == [(causes.DROPPED, causes.NONE)]
    assert missing(DROPPED, asks=True) == [(causes.DROPPED, causes.NONE)]


@pytest.mark.parametrize("at", [890, 950])
def test_events_right_before_the_snapshot_or_after_it_make_no_difference(at):
    assert missing({}, at=at) != [(causes.ORPHAN, causes.RETIRE)]
    assert missing(WAITS, at=at, asks=True) == [(causes.ORPHAN, causes.HELD)]
    assert missing(DROPPED, at=at) == [(causes.DROPPED, causes.NONE)]


@pytest.mark.parametrize("item", [WAITS, DROPPED])
def test_a_policy_that_only_reports_orphans_is_left_alone(item):
    assert missing(item, orphans="report", asks=True) == [(causes.ORPHAN, causes.REPORT)]


@pytest.mark.parametrize("item", [WAITS, DROPPED])
@pytest.mark.parametrize("asks", [True, False])
def test_a_newer_snapshot_with_the_record_ends_either(item, asks):
    assert present(item, asks=asks) == [(causes.RETURNED, causes.BACK)]


@pytest.mark.parametrize("name", ["held", "dropped"])
def test_one_that_an_older_snapshot_of_its_source_lacked_comes_back(name):
    inferred = {"state": "pending", "kind": "gone", "as_of": 1_750_000_800_000}
    lacked = held("archive", at=950, **inferred)
    assert present({name: lacked}, asks=True) == [(causes.RETURNED, causes.BACK)]
    of_others = held("archive", at=950, source="crm", **inferred)
    assert (causes.RETURNED, causes.BACK) not in present({name: of_others}, asks=True)


def test_a_delete_after_the_snapshot_stands():
    assert present({"held": LATER}, asks=True) == [(causes.AWAITING, causes.NONE)]
    assert present({"dropped": LATER}, asks=True) == []


def test_other_differences_of_the_record_are_found_beside_it():
    shown = found(
        wanted(2, at=None), held(1), listed(shows={"stock": 1}), item={"held": LATER}, asks=True
    )
    assert (causes.AWAITING, causes.NONE) in shown
    assert (causes.MISSED, causes.ACCEPT) in shown


def retirement(act):
    return Finding(causes.ORPHAN, "k1", "i1", act=act)


def test_what_the_store_holds_is_no_repair():
    assert outcome_of(ItemRecord(held=GONE), retirement(causes.RETIRE)) == causes.HELD
    assert outcome_of(ItemRecord(held=GONE), retirement(causes.APPROVE)) == causes.HELD
    assert outcome_of(ItemRecord(), retirement(causes.APPROVE)) == causes.KEEP
    assert outcome_of(ItemRecord(dropped=GONE), retirement(causes.RETIRE)) == causes.DISCARDED


def test_one_is_back_once_it_neither_waits_nor_was_dropped():
    assert outcome_of(ItemRecord(), retirement(causes.BACK)) == REPAIRED
    assert outcome_of(ItemRecord(held=GONE), retirement(causes.BACK)) == NOT_TAKEN
    assert outcome_of(ItemRecord(dropped=GONE), retirement(causes.BACK)) == NOT_TAKEN
