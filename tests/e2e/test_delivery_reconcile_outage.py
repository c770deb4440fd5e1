"""A CMS that is out, and a run whose lock was taken: both end, and say so."""

import pytest

from service.reconcile.lock import run_lock
from workers.errors import ReconcileFailed
from workers.store.lease import Lease

KEY = "instep:reconciling:products"


def test_in_an_outage_waiting_ends_and_what_was_handed_over_goes_out_later(reconciling):
    way = reconciling(items=3)

    def out():
        way.down(503)
        way.down(503, match={"method": "GET"})

    def sleep(_):
        way.run(30)
        way.pass_time(60)

    way.sleep = sleep
    told = way.reconcile({way.record(1): ({"stock": 7}, None)}, partial=True, before=out)
    assert "nothing was written for 5 minutes: site is in outage" in told.done.waited.why
    assert told.done.waited.left == 1
    way.mend()
    way.run()
    assert way.shown("stock", [1]) == [7]


def test_a_listing_of_a_cms_that_is_out_is_told_after_six_tries(reconciling):
    way = reconciling(items=3)
    way.down(503, match={"method": "GET"})
    began = way.now()
    with pytest.raises(ReconcileFailed, match=r"products: its items from 0 on could not.*503"):
        way.reconcile({way.record(1): ({"stock": 7}, None)})
    assert way.now() - began < 300
    way.mend()


@pytest.mark.parametrize("edited", [False, True])
def test_a_run_that_lost_its_lock_hands_over_nothing_more(reconciling, store, edited):
    """Also where it stands still right behind the look at its lock."""
    way = reconciling(items=3)
    if edited:
        way.change(1, stock=7)
        way.run()
        way.edit(1, stock=3)
    before, shown, looks = way.counts("accepted"), way.shown("stock", [1]), []
    with run_lock(store, "products") as lock:

        def stands_still():
            lease = lock.check()
            if looks:
                store.delete(KEY)
                Lease(store, KEY, "a scheduled reconcile").take()
            looks.append(lease)
            return lease

        records = {way.record(1): ({"stock": 7}, None)}
        with pytest.raises(ReconcileFailed, match="the lock of products was lost: a scheduled"):
            way.reconcile(records, partial=True, portion=stands_still)
    way.run()
    assert (way.counts("accepted"), way.shown("stock", [1])) == (before, shown)
