"""Events that no mapping wants, beside others in one delivery."""

from tests.support.outbox_driver import event
from workers.model.changes import Incoming


def test_a_repeat_is_one_even_with_events_in_it_that_nothing_wants(bench):
    events = event("i1", {"stock": 1}, id="e1"), Incoming("e2", "order.paid", 1)
    assert bench.accept(*events).outcome == "kept"
    assert bench.accept(*events).outcome == "duplicate"
    held = bench.client.hgetall("instep:source:erp")
    assert (held["deliveries"], held["duplicates"]) == ("2", "1")


def test_what_nothing_wants_is_no_duplicate_of_itself(bench):
    unwanted = Incoming("e2", "order.paid", 0)
    assert [bench.accept(unwanted).outcome for _ in range(2)] == ["kept", "kept"]
