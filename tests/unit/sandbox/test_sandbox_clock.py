"""The stand-in's own clock: item times, windows and the Date of its answers go by it."""

from email.utils import parsedate_to_datetime

import pytest

from service.sandbox.seeds.samples import product_id

BODY = {"fieldData": {"stock": 5}}


def test_item_times_and_the_date_of_answers_go_by_the_offset(v2, clock):
    v2.control("POST", "/clock", {"offset": -3600})
    answer = v2.patch(f"/items/{product_id(1)}", BODY)
    assert answer.json()["lastUpdated"].startswith("2026-11-18T10:06:40")
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == clock.at - 3600


def test_a_jump_of_the_clock_opens_a_new_window(v2):
    for _ in range(3):
        answer = v2.get()
    assert answer.headers["X-RateLimit-Remaining"] == "57"
    v2.control("POST", "/clock", {"offset": 61})
    assert v2.get().headers["X-RateLimit-Remaining"] == "59"


def test_a_jump_of_the_clock_ends_no_fault(v2):
    v2.fault("status", status=503, seconds=30)
    v2.control("POST", "/clock", {"offset": 3600})
    assert v2.get().status_code == 503


def test_the_clock_needs_an_offset(v2):
    assert v2.call("POST", f"{v2.root}/_sandbox/clock", {}).status_code == 400


@pytest.mark.parametrize(("percent", "left"), [(0, 58), (50, 43), (100, 28)])
def test_a_second_consumer_takes_its_share_of_the_budget(v2, clock, percent, left):
    v2.control("POST", "/budget", {"second_consumer_percent": percent})
    v2.get()
    clock.at += 30
    assert v2.get().headers["X-RateLimit-Remaining"] == str(left)
