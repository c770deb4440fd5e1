"""Who waits for a look at the store, and for how long."""

import threading

import pytest
import redis

from workers.config.settings import StoreSettings
from workers.errors import StoreUnavailable
from workers.store.durability import StoreCheck


class Away:
    """A client whose store does not answer."""

    def __init__(self):
        self.asked = 0

    def pipeline(self, transaction):
        self.asked += 1
        raise redis.TimeoutError("no answer")


class Slow(Away):
    """A client that waits for its store until it is released."""

    def __init__(self):
        super().__init__()
        self.inside, self.released = threading.Event(), threading.Event()

    def pipeline(self, transaction):
        self.inside.set()
        self.released.wait(20)
        return super().pipeline(transaction)


@pytest.fixture
def store(tmp_path):
    return StoreSettings(data=tmp_path)


def refused(check):
    with pytest.raises(StoreUnavailable):
        check()


def test_a_patient_look_is_by_its_own_client_and_counts_for_all(store):
    soon, patient = Away(), Away()
    store_check = StoreCheck(soon, store, patient=patient)
    refused(store_check.check_patiently)
    refused(store_check.check)
    assert (soon.asked, patient.asked) == (0, 1)


def test_what_was_bad_is_looked_at_again_by_who_is_patient(store):
    soon, patient = Away(), Away()
    store_check = StoreCheck(soon, store, patient=patient)
    store_check.failed(StoreUnavailable("a call had no answer"))
    with pytest.raises(StoreUnavailable, match="a call had no answer"):
        store_check.check()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="TimeoutError"):
            store_check.check_patiently()
    assert (soon.asked, patient.asked) == (0, 2)


def test_nobody_waits_for_a_patient_look(store):
    slow = Slow()
    store_check = StoreCheck(Away(), store, patient=slow)
    thread = threading.Thread(target=refused, args=(store_check.check_patiently,))
    thread.start()
    assert slow.inside.wait(20)
    refused(store_check.check)
    assert thread.is_alive()
    slow.released.set()
    thread.join(20)
