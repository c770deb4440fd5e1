"""A reconcile whose source, or lane, is paused: it says so, and what it handed over waits."""

import pytest

from workers.store.pauses import Pauses


@pytest.mark.parametrize("name", ["source:erp", "lane:reconcile"])
def test_waiting_ends_and_what_was_handed_over_goes_out_once_it_is_resumed(reconciling, name):
    way = reconciling(items=3)
    pauses = Pauses(way.context.steps, way.context.settings)
    pauses.pause(name, "a wrong feed", by="alice")
    told = way.reconcile({way.record(1): ({"stock": 7}, 1)}, partial=True)
    assert told.done.waited.why == f"{name} is paused: a wrong feed"
    assert told.done.waited.left == 1
    way.run()
    assert way.shown("stock", [1]) != [7]
    assert way.patches() == []
    for destination in pauses.resume(name):
        way.context.wakes.wake(destination)
    way.context.outbox.sweep()
    way.run()
    assert way.shown("stock", [1]) == [7]
