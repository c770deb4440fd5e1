"""Refused requests are counted, and no answer waits for that."""

from tests.support.store_clients import Away, Hanging, eventually
from workers.store.refusals import UNKNOWN, Refusals, by_reason


def test_what_is_counted_comes_to_the_store(store):
    refusals = Refusals(store)
    for source, reason in (("erp", "refused"), ("erp", "late"), ("erp", "late"), (UNKNOWN, "late")):
        refusals.count(source, reason)
    eventually(lambda: store.hget(f"instep:source:{UNKNOWN}", "refused:late") == "1")
    held = store.hgetall("instep:source:erp")
    assert held == {"refused": "1", "refused:refused": "1", "refused:late": "2"}
    assert by_reason(held) == {"refused": 1, "late": 2}


def test_counting_does_not_wait_for_a_store_that_hangs(store):
    client = Hanging(store)
    refusals = Refusals(client)
    for _ in range(100):
        refusals.count("erp", "method")
    assert store.hgetall("instep:source:erp") == {}
    client.answers.set()
    eventually(lambda: store.hget("instep:source:erp", "refused:method") == "100")


def test_what_could_not_be_written_is_written_once_the_store_is_back(store):
    client = Away(store)
    refusals = Refusals(client)
    refusals.count("erp", "method")
    assert client.asked.wait(10)
    client.answers.set()
    refusals.count("erp", "method")
    eventually(lambda: store.hget("instep:source:erp", "refused:method") == "2")
