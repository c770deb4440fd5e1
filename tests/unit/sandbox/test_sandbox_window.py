"""The rate limit and the token."""

import pytest

from service.sandbox.seeds.samples import product_id

TOKEN = "a-token"

ONE = product_id(1)
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After")


def rates(answer):
    return tuple(int(answer.headers[name]) for name in NAMES)


def test_the_first_request_opens_a_window_of_60_seconds(v2, clock):
    assert rates(v2.get()) == (60, 59, 60)
    clock.at += 13.2
    assert rates(v2.get()) == (60, 58, 47)
    clock.at += 46.8
    assert rates(v2.get()) == (60, 59, 60)


def test_a_used_up_window_refuses_until_it_ends(v2, clock):
    v2.get()
    v2.control("POST", "/budget", {"used": 59})
    clock.at += 59.5
    answer = v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    assert answer.status_code == 429
    assert answer.json() == {
        "message": "Too Many Requests",
        "code": "too_many_requests",
        "externalReference": None,
        "details": [],
    }
    assert rates(answer) == (60, 0, 1)
    assert v2.field("stock") != 777
    clock.at += 0.5
    assert v2.get().status_code == 200


def test_v1_refuses_by_name_and_never_says_when_to_come_back(v1):
    answer = v1.get()
    assert answer.headers["X-RateLimit-Remaining"] == "59"
    assert "Retry-After" not in answer.headers
    v1.control("POST", "/budget", {"used": 59})
    answer = v1.get()
    assert (answer.status_code, answer.json()["name"]) == (429, "RateLimit")
    assert answer.json()["err"] == "RateLimit: Rate limit hit"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answer.headers


def test_both_versions_share_one_window(v1, v2):
    v1.get()
    assert rates(v2.get())[1] == 58


def test_a_refused_body_counts_as_well(v2):
    assert rates(v2.patch(f"/items/{ONE}", {"fieldData": {"colour": 1}}))[1] == 59
    assert rates(v2.patch(f"/items/{ONE}", {}))[1] == 58


def test_a_second_consumer_takes_its_share_unseen(v2, clock):
    v2.get()
    v2.control("POST", "/budget", {"second_consumer_per_minute": 30})
    clock.at += 20
    assert rates(v2.get())[1] == 48
    v2.control("POST", "/budget", {"second_consumer_per_minute": 0})
    clock.at += 20
    assert rates(v2.get())[1] == 47
    assert v2.control("GET", "/calls")["total"] == 3


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Bearer other", "Bearer é", TOKEN, f"Token {TOKEN}"]
)
def test_a_wrong_token_is_refused(v2, v1, header):
    headers = {"Authorization": header.encode()}
    answer = v2.call("GET", "", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authorized")
    assert rates(answer) == (60, 59, 60)
    answer = v1.call("GET", "", headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (401, "Unauthorized")


def test_the_scheme_of_a_token_may_be_in_any_case(v2):
    assert v2.call("GET", "", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_a_revoked_token_is_refused_until_it_is_good_again(v2):
    v2.control("POST", "/token", {"valid": False})
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}}).status_code == 401
    assert v2.field("stock") != 777
    v2.control("POST", "/token", {"valid": True})
    assert v2.get().status_code == 200


def test_another_token_has_a_window_of_its_own(v2):
    v2.control("POST", "/token", {"valid": True, "token": "second"})
    v2.control("POST", "/budget", {"used": 60})
    assert v2.get().status_code == 429
    assert v2.call("GET", "", headers={"Authorization": "Bearer second"}).status_code == 200


def test_limit_and_window_can_be_set(v2, clock):
    v2.control("POST", "/budget", {"limit": 120, "window_seconds": 2, "reset": True})
    assert rates(v2.get()) == (120, 119, 2)
    clock.at += 2
    assert rates(v2.get()) == (120, 119, 2)
