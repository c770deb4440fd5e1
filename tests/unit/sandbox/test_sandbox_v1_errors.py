"""Every error of v1: its name, its status, its five keys, its headers."""

from uuid import UUID

import pytest

from service.sandbox.api.v1_errors import KINDS, MESSAGES
from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.conflicts import CHANGED, UNEVEN
from service.sandbox.site.site import SITE_ID

ONE = product_id(1)
EDIT = {"fields": {"stock": 7}}


def refused(answer, status, name, message):
    """Check the keys that every error has."""
    told = answer.json()
    assert answer.status_code == status
    assert told["code"] == status
    assert (told["name"], told["msg"]) == (name, message)
    assert told["err"] == f"{name}: {message}"
    assert "Retry-After" not in answer.headers
    return told


def test_every_error_has_a_message():
    assert {name for _, name, _ in KINDS.values()} <= set(MESSAGES)


@pytest.mark.parametrize(
    ("version", "name", "message"),
    [
        ("2.0.0", "UnsupportedVersion", "Unsupported version: 2.0.0"),
        ("1.0", "InvalidAPIVersion", "Invalid API version: 1.0"),
        ("", "InvalidAPIVersion", "Invalid API version: "),
    ],
)
def test_another_version_is_refused(v1, version, name, message):
    answer = v1.call("GET", "", headers=v1.headers | {"Accept-Version": version})
    refused(answer, 400, name, message)
    assert "X-RateLimit-Limit" not in answer.headers


def test_no_version_is_taken_for_the_only_one(v1):
    headers = {"Authorization": v1.headers["Authorization"]}
    assert v1.call("GET", "", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["webhooks", "webhooks/1", "orders", "users"])
def test_what_is_not_imitated_says_so(v1, path):
    answer = v1.call("GET", f"{v1.root}/sites/{SITE_ID}/{path}")
    refused(answer, 400, "NotImplemented", "This feature is not currently implemented")


def test_the_path_of_an_error_has_no_query(v1):
    answer = v1.patch(f"/items/{ONE}", {"fields": {"colour": 1}}, live="true")
    told = refused(answer, 400, "ValidationError", "Validation Failure")
    assert told["path"] == f"/collections/{PRODUCTS}/items/{ONE}"
    assert answer.headers["X-RateLimit-Limit"] == "60"  # the item was looked at


@pytest.mark.parametrize("body", [b"", b" ", b"[]", b"{}", b"5", b"null"])
def test_a_body_without_fields_is_refused_by_its_shape(v1, body):
    answer = v1.call("PATCH", f"/items/{ONE}", data=body)
    refused(answer, 400, "ValidationError", "'fields' is required")
    assert "X-RateLimit-Limit" not in answer.headers


def test_the_shape_is_looked_at_before_the_fields(v1):
    answer = v1.call("POST", "/items", {"fields": {"unknown": 1}})
    refused(answer, 400, "ValidationError", "'fields.name' is required")


@pytest.mark.parametrize(
    ("blocked", "name"),
    [
        (CHANGED, "CollectionSchemaChangedError"),
        (UNEVEN, "InconsistentPublicationsError"),
        ("This item is still being used by: 1 item", "Conflict"),
    ],
)
def test_a_conflict_goes_by_its_own_name(v1, blocked, name):
    v1.control("POST", "/schema", {"blocked": blocked})
    refused(v1.patch(f"/items/{ONE}", EDIT), 400, name, blocked)


def test_a_collection_that_was_never_published_has_no_live_one(v1, site):
    site.published = None
    answer = v1.patch(f"/items/{ONE}", EDIT, live="true")
    refused(answer, 404, "NotFound", "Collection not found: null")
    assert v1.patch(f"/items/{ONE}", EDIT).status_code == 200


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_fault_may_be_any_error(v1, name):
    v1.fault("status", status=400, code=name)
    refused(v1.patch(f"/items/{ONE}", EDIT), 400, name, MESSAGES[name])


@pytest.mark.parametrize(
    ("status", "name"), [(401, "Unauthorized"), (429, "RateLimit"), (500, "ServerError")]
)
def test_a_fault_takes_the_name_of_its_status(v1, status, name):
    v1.fault("status", status=status)
    refused(v1.patch(f"/items/{ONE}", EDIT), status, name, MESSAGES[name])


def test_the_details_of_a_fault_are_problems(v1):
    details = [{"param": "stock", "description": "Is too large"}]
    v1.fault("status", status=400, details=details)
    told = v1.patch(f"/items/{ONE}", EDIT).json()
    assert told["problems"] == ["Field 'stock': Is too large"]
    assert told["problem_data"] == [{"slug": "stock", "msg": "Is too large"}]


def test_a_token_that_is_refused_has_no_access(v1):
    v1.control("POST", "/token", {"valid": False})
    refused(v1.get(), 401, "Unauthorized", "Cannot access resource")


def test_the_limit_of_calls_names_no_time(v1):
    v1.control("POST", "/budget", {"used": 60})
    answer = v1.get()
    refused(answer, 429, "RateLimit", "Rate limit hit")
    assert answer.headers["X-RateLimit-Remaining"] == "0"


def test_every_answer_says_how_long_it_took(v1):
    for answer in (v1.get(), v1.patch(f"/items/{ONE}", {})):
        assert UUID(answer.headers["X-Wf-Rid"])
        assert answer.headers["X-Response-Time"].endswith("ms")
        assert answer.headers["ETag"].startswith('W/"')
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"fields": ', "Unexpected end of JSON input"),
        (b'{"fields": "a', "Unexpected end of JSON input"),
        (b"{fields}", "Unexpected token f in JSON at position 1"),
        (b"<p>", "Unexpected token < in JSON at position 0"),
        (b'{"fields": NaN}', "Unexpected token N in JSON"),
        (b'{"fields": "\xff"}', "Unexpected token \ufffd in JSON at position 12"),
        (b"[" * 100_000, "Maximum call stack size exceeded"),
    ],
)
def test_what_is_no_json_is_told_in_the_words_of_javascript(v1, body, message):
    answer = v1.call("PATCH", f"/items/{ONE}", data=body)
    refused(answer, 400, "SyntaxError", message)


def test_details_of_a_fault_become_problems_whatever_they_are(v1):
    details = [{"param": "slug", "description": "Is taken"}, {"description": "Bad"}, "Worse"]
    v1.fault("status", status=400, details=details)
    told = v1.patch(f"/items/{ONE}", EDIT).json()
    assert told["problems"] == ["Field 'slug': Is taken", "Bad", "Worse"]
