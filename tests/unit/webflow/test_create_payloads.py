"""What is sent to create an item, and what keeps it from being sent."""

from workers.config.settings import Collection
from workers.fields.slugify import slugs_for
from workers.model.attempts import Batch, ClaimedField, ClaimedItem, FieldFailure
from workers.webflow.create_payloads import completed
from workers.webflow.item_payloads import Prepared
from workers.webflow.schema import Schema

PRODUCTS = Collection("products", "site", "c1", key="sku", missing="create")
NAME = ClaimedField("name", '"Oak desk"', "plain", 1, since=5)
STOCK = ClaimedField("stock", "2", "number", 2, since=5)


def schema(required=()):
    """A schema that was read before the values came."""
    slugs = ("name", "slug", "sku", "stock", "teaser")
    return Schema(
        {
            slug: {
                "slug": slug,
                "type": "PlainText",
                "displayName": slug,
                "options": [],
                "required": slug in required,
            }
            for slug in slugs
        }
    )


def prepared(values, failures=None, known=None, **item):
    batch = Batch(
        "t", "site", "products", (ClaimedItem("k0", "", (NAME, STOCK), **item),), kind="create"
    )
    before = Prepared({"k0": values}, failures or {}, frozenset(), {})
    return completed(before, batch, PRODUCTS, known or schema())


def test_an_item_without_a_required_field_waits_for_a_schema_read_after_its_values():
    found = prepared({"name": "Oak desk"}, known=schema(required=["teaser"]))
    assert (found.values, found.failures, found.doubted) == ({}, {}, frozenset({"k0"}))


def test_once_the_slugs_are_used_up_the_last_one_is_sent_again():
    *_, last = slugs_for("Oak desk", "k0")
    assert prepared({"name": "Oak desk"}, passed=last).values["k0"]["slug"] == last


def test_another_key_in_a_field_is_added_to_the_failure_of_the_item():
    failure = FieldFailure("refused", ("stock",), "stock: expected a number")
    found = prepared({"name": "Oak desk", "sku": "k1"}, failures={"k0": failure}).failures["k0"]
    assert found.slugs == ("stock", "sku")
    assert found.message.startswith("stock: expected a number; sku: the field holds the key")
    assert [problem.path for problem in found.problems] == ["sku"]
