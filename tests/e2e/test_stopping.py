"""Stopping, whatever the CMS does: within 5 s, and nothing that was answered 200 is lost."""

import contextlib
import subprocess
import time

import pytest

from tests.support.depth import depth
from tests.support.real_processes import Instep, Load, eventually, say, wrong
from tests.support.standin import StandIn, item_id

# They take 12 s, longer than the stop.
ITEMS, EVENTS, RATE = 20, *depth((240, 20), (840, 70))


@pytest.fixture
def cms():
    cms = StandIn(ITEMS, limit=1_000)
    yield cms
    cms.close()


@pytest.fixture
def instep(tmp_path, cms):
    instep = Instep(tmp_path, cms, processes=depth(1, 2))
    yield instep
    instep.close()


def event(number):
    data = {"item_id": item_id(number % ITEMS), "qty": number}
    at = int(time.time() * 1000) - EVENTS + number
    return {"id": f"event-{number}", "type": "stock.changed", "at": at, "data": data}


def stop(process):
    """Stop it, which must take no longer than it may."""
    begun = time.monotonic()
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(30)
    took = time.monotonic() - begun
    assert process.returncode == 0
    # 5 s, and as much for a busy machine; the request would take 12 s.
    assert took < 10
    return took


def test_a_stop_under_load_cuts_off_a_request_without_an_answer_and_costs_nothing(cms, instep):
    cms.delay = 12.0
    process = instep.up()
    load = Load(instep, map(event, range(EVENTS)), rate=RATE)
    # A worker that a busy machine keeps from it is killed, and its claim ends after 30 s.
    for _ in range(3):
        calls = len(cms.calls("PATCH"))
        eventually(lambda n=calls: len(cms.calls("PATCH")) > n, within=60)
        took, answered = stop(process), len(load.acks)
        say(f"stopped in {took:.1f} s, {answered} of {EVENTS} answered")
        if "no whole answer before Instep was stopped" in instep.log():
            break
        process = instep.up(port=instep.address[1])
    else:
        pytest.fail(f"the request was never cut off: {instep.log()[-3000:]}")
    cms.delay = 0.0
    instep.up(port=instep.address[1])
    load.join()
    status = instep.settled()
    last = range(EVENTS - ITEMS, EVENTS)
    truth = {item_id(n % ITEMS): {"stock": n, "in-stock": True} for n in last}
    assert wrong(cms, truth) == {}
    assert status["dead_letters"] == 0
    # Some came after the stop.
    assert load.others
