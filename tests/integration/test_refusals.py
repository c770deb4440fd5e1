"""
Refused requests are counted, and no answer waits for that.

The source has a name of its own: what a process of an earlier test counts may come late.
"""

import pytest

from tests.support.store_clients import Away, Hanging, Unheard, eventually
from workers.errors import StoreUnavailable
from workers.store.refusal_list import Refused
from workers.store.refusals import UNKNOWN, Refusals, by_reason


def test_what_is_counted_comes_to_the_store(store):
    refusals = Refusals(store)
    for source, reason in (
        ("gate", "refused"),
        ("gate", "late"),
        ("gate", "late"),
        (UNKNOWN, "late"),
    ):
        refusals.count(source, reason)
    eventually(lambda: store.hget(f"instep:source:{UNKNOWN}", "refused:late") == "1")
    held = store.hgetall("instep:source:gate")
    assert held == {"refused": "1", "refused:refused": "1", "refused:late": "2"}
    assert by_reason(held) == {"refused": 1, "late": 2}


def test_counting_does_not_wait_for_a_store_that_hangs(store):
    client = Hanging(store)
    refusals = Refusals(client)
    for _ in range(100):
        refusals.count("gate", "method")
    assert store.hgetall("instep:source:gate") == {}
    client.answers.set()
    eventually(lambda: store.hget("instep:source:gate", "refused:method") == "100")


def test_what_could_not_be_written_is_written_once_the_store_is_back(store):
    client = Away(store)
    refusals = Refusals(client)
    refusals.count("gate", "method")
    assert client.asked.wait(10)
    client.answers.set()
    refusals.count("gate", "method")
    eventually(lambda: store.hget("instep:source:gate", "refused:method") == "2")


def test_what_was_written_without_an_answer_is_neither_counted_nor_listed_twice(store):
    client = Unheard(store)
    refusals = Refusals(client)
    refusals.list("gate", Refused("refused", 401))
    refusals.count("gate", "refused")
    eventually(lambda: store.hget("instep:source:gate", "refused") == "1")
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            refusals.flush()
    refusals.count("gate", "refused")
    client.answers.set()
    refusals.flush()
    assert store.hgetall("instep:source:gate") == {"refused": "2", "refused:refused": "2"}
    assert store.xlen("instep:refused:gate") == 1
