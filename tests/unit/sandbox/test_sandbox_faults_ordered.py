"""Faults in a few words, and those that stand for something that happens to the site."""

import pytest
from marshmallow import ValidationError

from service.sandbox.control.orders import arm, order_of
from service.sandbox.faults.faults import NONE
from service.sandbox.seeds.samples import product_id

ONE = product_id(1)
PICTURE = {"url": "https://shop.example.com/a.png"}


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("status=503,seconds=30", {"fault": "status", "status": "503", "seconds": "30"}),
        ("slow, delay=5, times=3", {"fault": "slow", "delay": "5", "times": "3"}),
        ("fault=reset-before,times=always", {"fault": "reset-before", "times": None}),
        ('{"fault": "late", "match": {"method": "PATCH"}}', {"fault": "late"}),
    ],
)
def test_words_are_the_keys_of_the_control_api(words, order):
    assert {key: value for key, value in order_of(words).items() if key != "match"} == order


def test_the_keys_of_match_stand_beside_the_others():
    order = order_of("status=413,method=PATCH,more_than=25")
    assert order["match"] == {"method": "PATCH", "more_than": "25"}


@pytest.mark.parametrize(
    "words", ["", "nonsense", "slow,5", "status=503,=30", "{", "status=99", "slow,dealy=3"]
)
def test_words_that_say_nothing_are_refused(words, site):
    with pytest.raises(ValidationError):
        arm(site.faults, order_of(words))


def test_a_lost_image_is_200_and_the_field_is_missing(v2):
    v2.patch(f"/items/{ONE}", {"fieldData": {"image": PICTURE}})
    assert v2.field("image")["fileId"]
    v2.fault("lost-image")
    assert v2.get(f"/items/{ONE}").status_code == 200  # a read does not use it up
    answer = v2.patch(f"/items/{ONE}", {"fieldData": {"image": PICTURE, "stock": 777}})
    assert (answer.status_code, answer.json()["fieldData"]["stock"]) == (200, 777)
    assert "image" not in answer.json()["fieldData"]
    assert v2.field("image") is None
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"image": PICTURE}}).json()["fieldData"]["image"]


def test_a_lost_image_may_be_named(v2):
    v2.fault("lost-image", slug="color")
    fields = {"image": PICTURE, "color": "#fff"}
    kept = v2.patch(f"/items/{ONE}", {"fieldData": fields}).json()["fieldData"]
    assert "image" in kept
    assert "color" not in kept


def test_a_required_image_is_lost_as_well(v2):
    order = {
        "id": "ab" * 12,
        "fields": [{"slug": "photo", "type": "Image", "isRequired": True}],
    }
    v2.control("POST", "/collections", order)
    v2.fault("lost-image")
    body = {"fieldData": {"name": "One", "photo": PICTURE}}
    answer = v2.call("POST", f"{v2.root}/v2/collections/{'ab' * 12}/items", body)
    assert (answer.status_code, "photo" in answer.json()["fieldData"]) == (202, False)


def test_a_revoked_token_is_refused_in_the_words_of_each_version(v2, v1):
    v2.fault("revoked-token", times=2)
    assert v2.get().json()["code"] == "not_authorized"
    assert v1.get().json()["name"] == "Unauthorized"
    assert v2.get().status_code == 200


def test_a_changed_schema_refuses_writes_until_it_is_over(v2, clock):
    v2.fault("schema-changed", seconds=30)
    assert v2.get(f"/items/{ONE}").status_code == 200
    answer = v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "structure changed" in answer.json()["message"]
    assert v2.field("stock") != 777
    clock.at += 31
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}}).status_code == 200


def test_no_fault_has_no_words():
    assert NONE.words == ""
