"""Which field looks like the key of another system."""

import pytest

from service.onboarding.key_choice import candidates, proposed, unique


def field(slug, type="PlainText", name=None):
    return {"slug": slug, "type": type, "displayName": name or slug, "options": []}


NAME = [field("name"), field("slug")]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ([field("title"), field("sku")], "sku"),
        ([field("external-id"), field("sku")], "sku"),
        ([field("external-id"), field("barcode")], "external-id"),
        ([field("number-2", name="Article number")], "number-2"),
        ([field("ref", "Number")], "ref"),
        ([field("ean"), field("code")], "ean"),
        ([field("sku", "RichText"), field("color")], None),
        ([field("summary")], None),
    ],
)
def test_the_name_tells_most(fields, key):
    assert proposed(NAME + fields, []) == key


def test_two_equal_values_are_no_key():
    items = [{"sku": "A", "external-id": "1"}, {"sku": "A", "external-id": "2"}]
    assert proposed([field("sku"), field("external-id")], items) == "external-id"
    assert not unique("sku", items)


def test_empty_values_are_not_equal_ones_but_a_filled_field_is_likelier():
    items = [{"id": "", "uid": "1"}, {"id": None, "uid": "2"}, {"uid": "3"}]
    assert unique("id", items)
    assert proposed([field("id"), field("uid")], items) == "uid"


def test_a_person_may_choose_any_plain_field_without_repeats():
    fields = [*NAME, field("sku"), field("price", "Number"), field("image", "Image"), field("twin")]
    items = [{"price": 1, "twin": "x"}, {"price": 2, "twin": "x"}]
    assert candidates(fields, items) == ["slug", "sku", "price"]


def test_a_field_named_after_the_sender_comes_before_the_sku():
    fields = [field("sku"), field("hubspot-id")]
    items = [{"sku": "A"}, {"sku": "B"}]
    assert proposed(fields, items, "hubspot") == "hubspot-id"
    assert proposed(fields, items, "shopify") == "sku"
    assert proposed(fields, items) == "sku"
