"""Faults on request, seen by a client over HTTP."""

import time

import pytest
import requests

from service.sandbox.control.schemas import FaultOrder
from service.sandbox.faults.faults import STEPS
from service.sandbox.seeds.samples import product_id

ONE, TWO = product_id(1), product_id(2)
BODY = {"fieldData": {"stock": 777}}


def patch(v2, item=ONE, **more):
    return v2.call("PATCH", f"/items/{item}", BODY, **more)


def until(question):
    """Ask until the answer is yes, for 5 s at most."""
    end = time.monotonic() + 5
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.01)
    return answer


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "validation_error"),
        (401, "not_authorized"),
        (403, "missing_scopes"),
        (404, "resource_not_found"),
        (409, "conflict"),
        (429, "too_many_requests"),
        (500, "internal_error"),
        (502, "internal_error"),
        (503, "service_unavailable"),
        (504, "internal_error"),
    ],
)
def test_a_status_is_answered_once_and_nothing_is_written(v2, status, code):
    v2.fault("status", status=status)
    answer = patch(v2)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "Retry-After" in answer.headers
    assert v2.field("stock") != 777
    assert patch(v2).status_code == 200


def test_a_status_says_what_it_is_told(v2):
    details = [{"param": "stock", "description": "Out of range: 777"}]
    v2.fault("status", status=400, message="No", code="bad", details=details)
    assert patch(v2).json() == {
        "message": "No",
        "code": "bad",
        "externalReference": None,
        "details": details,
    }
    v2.fault("status", status=429, retry_after=3)
    answer = patch(v2)
    assert answer.headers["Retry-After"] == "3"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    v2.fault("status", status=502, body="<html>Bad gateway</html>")
    assert patch(v2).text == "<html>Bad gateway</html>"
    v2.fault("status", status=301, location="https://elsewhere.example.com/")
    assert patch(v2).headers["Location"] == "https://elsewhere.example.com/"


def test_v1_fails_in_its_own_words(v1):
    details = [{"param": "stock", "description": "Out of range"}]
    v1.fault("status", status=400, details=details)
    answer = v1.patch(f"/items/{ONE}", {"fields": {"stock": 1}}).json()
    assert (answer["name"], answer["problems"]) == (
        "ValidationError",
        ["Field 'stock': Out of range"],
    )
    v1.fault("status", status=400, code="RateLimit", message="Rate limit hit")
    assert v1.get().json()["err"] == "RateLimit: Rate limit hit"
    v1.fault("status", status=500)
    assert v1.get().json()["code"] == 500


def test_a_timeout_before_the_write_writes_nothing(v2):
    v2.fault("timeout-before", delay=30)
    with pytest.raises(requests.Timeout):
        patch(v2, timeout=0.2)
    assert v2.field("stock") != 777


def test_a_hang_ends_with_a_closed_connection(v2):
    v2.fault("timeout-before", delay=0)
    with pytest.raises(requests.ConnectionError):
        patch(v2)
    assert v2.control("GET", "/calls")["statuses"] == {"0": 1}


def test_a_timeout_after_the_write_leaves_it_written(v2):
    v2.fault("timeout-after", delay=30)
    with pytest.raises(requests.Timeout):
        patch(v2, timeout=0.2)
    assert v2.field("stock") == 777


def test_a_late_request_lands_after_its_client_has_gone(v2, site):
    v2.fault("late", delay=60)
    with pytest.raises(requests.Timeout):
        patch(v2, timeout=0.1)
    # It has arrived: else the next one would be the late one.
    assert until(lambda: not v2.control("GET", "/faults")["faults"])
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 5}})
    assert v2.field("stock") == 5
    site.stopping.set()  # ends its delay
    assert until(lambda: v2.field("stock") == 777)


@pytest.mark.parametrize(("fault", "written"), [("reset-before", False), ("reset-after", True)])
def test_a_connection_is_reset_before_or_after_the_write(v2, fault, written):
    v2.fault(fault)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        patch(v2)
    assert (v2.field("stock") == 777) is written
    assert patch(v2).status_code == 200


@pytest.mark.parametrize("fault", ["slow", "slow-after", "trickle"])
def test_a_slow_answer_comes_all_the_same(v2, fault):
    v2.fault(fault, delay=0.3)
    begun = time.monotonic()
    assert patch(v2).json()["fieldData"]["stock"] == 777
    assert time.monotonic() - begun >= 0.3


def test_a_trickle_outlives_a_timeout_per_read(v2):
    v2.fault("trickle", delay=1.6)
    begun = time.monotonic()
    assert patch(v2, timeout=0.8).status_code == 200
    assert time.monotonic() - begun >= 1.6


def test_a_dropped_field_is_answered_200_without_effect(v2, v1):
    v2.fault("drop-field", slug="stock", times=2)
    answer = v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777, "supplier": "Acme"}})
    assert answer.status_code == 200
    assert answer.json()["fieldData"]["stock"] != 777
    assert answer.json()["fieldData"]["supplier"] == "Acme"
    answer = v1.patch(f"/items/{ONE}", {"fields": {"stock": 777}})
    assert (answer.status_code, v1.field("stock") == 777) == (200, False)


def test_a_field_can_be_dropped_from_one_item_of_a_batch(v2):
    v2.fault("drop-field", slug="stock", match={"item": TWO})
    entries = [{"id": id, "fieldData": {"stock": 777}} for id in (ONE, TWO)]
    first, second = v2.patch("/items", {"items": entries}).json()["items"]
    assert first["fieldData"]["stock"] == 777
    assert second["fieldData"]["stock"] != 777


def test_an_item_can_be_missing_in_the_answer(v2):
    v2.fault("omit-item", match={"item": TWO})
    entries = [{"id": id, "fieldData": {"stock": 777}} for id in (ONE, TWO)]
    answer = v2.patch("/items", {"items": entries})
    assert [one["id"] for one in answer.json()["items"]] == [ONE]
    assert b'{"items":[{"id":' in answer.content  # as compact as any other
    v2.fault("omit-item")
    assert patch(v2).json() == {}


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"method": "PATCH"}, True),
        ({"method": "GET"}, False),
        ({"path": "/v2/*/items/*"}, True),
        ({"path": "/collections/*"}, False),
        ({"item": ONE}, True),
        ({"item": TWO}, False),
        ({"field": "stock"}, True),
        ({"field": "price"}, False),
        ({"more_than": 0}, True),
        ({"more_than": 1}, False),
        ({"fewer_than": 2}, True),
        ({"fewer_than": 1}, False),
    ],
)
def test_a_fault_meets_only_the_calls_that_it_names(v2, match, hit):
    v2.fault("status", match=match)
    assert (patch(v2).status_code == 500) is hit


def test_a_fault_can_be_kept_for_large_batches(v2):
    v2.fault("status", status=413, times=None, match={"more_than": 1})
    entries = [{"id": id, "fieldData": {"stock": 1}} for id in (ONE, TWO)]
    assert v2.patch("/items", {"items": entries}).status_code == 413
    assert v2.patch("/items", {"items": entries[:1]}).status_code == 200


def test_a_fault_lasts_as_many_times_as_it_says(v2):
    v2.fault("status", times=2)
    assert [v2.get().status_code for _ in range(3)] == [500, 500, 200]


def test_a_fault_lasts_as_long_as_it_says(v2, clock):
    v2.fault("status", seconds=30)
    assert [v2.get().status_code for _ in range(3)] == [500, 500, 500]
    clock.at += 30
    assert v2.get().status_code == 200


def test_faults_can_be_listed_and_taken_back(v2):
    v2.fault("status", times=None)
    v2.fault("slow")
    armed = v2.control("GET", "/faults")["faults"]
    assert [(one["fault"], one["times"]) for one in armed] == [("status", None), ("slow", 1)]
    v2.control("DELETE", f"/faults?id={armed[1]['id']}")
    assert v2.get().status_code == 500
    v2.control("DELETE", "/faults")
    assert v2.get().status_code == 200


@pytest.mark.parametrize("fault", STEPS)
def test_every_fault_can_be_ordered(fault):
    assert FaultOrder().load({"fault": fault, "slug": "stock"})["kind"] == fault


@pytest.mark.parametrize(
    "order",
    [{"fault": "gremlin"}, {"fault": "status", "often": 1}, {"fault": "drop-field"}, {}],
)
def test_an_order_that_cannot_be_read_is_refused(v2, order):
    answer = v2.call("POST", f"{v2.root}/_sandbox/faults", order)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert v2.get().status_code == 200
