"""Webflow's own Python client, unchanged: sites, their publication, collections and fields."""

import pytest
import webflow

from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.site import SITE_ID
from tests.support.official_client import ONCE, field_data, new_item


def test_the_site_is_listed_and_read(official):
    (listed,) = official.sites.list().sites
    found = official.sites.get(SITE_ID)
    assert (listed.id, found.id, found.display_name) == (SITE_ID, SITE_ID, listed.display_name)
    assert found.locales.primary.cms_locale_id


def test_the_domains_of_the_site_are_read(official):
    found = official.sites.get_custom_domain(SITE_ID).custom_domains
    assert all(one.id and one.url for one in found)


def test_a_site_is_published_once_a_minute(official, clock):
    assert official.sites.publish(SITE_ID, publish_to_webflow_subdomain=True)
    with pytest.raises(webflow.TooManyRequestsError):
        official.sites.publish(SITE_ID, publish_to_webflow_subdomain=True, request_options=ONCE)
    clock.at += 61
    assert official.sites.publish(SITE_ID, publish_to_webflow_subdomain=True)


def test_a_site_is_published_to_its_domains(official):
    domains = [one.id for one in official.sites.get(SITE_ID).custom_domains]
    answer = official.sites.publish(SITE_ID, custom_domains=domains)
    assert [one.id for one in answer.custom_domains] == domains


def test_what_needs_an_enterprise_plan_is_forbidden(official):
    with pytest.raises(webflow.ForbiddenError):
        official.sites.update(SITE_ID, name="Another", request_options=ONCE)
    with pytest.raises(webflow.ForbiddenError):
        official.sites.delete(SITE_ID, request_options=ONCE)


def test_collections_are_listed_and_read(official):
    (listed,) = official.collections.list(SITE_ID).collections
    found = official.collections.get(PRODUCTS)
    assert (listed.id, found.display_name, found.slug) == (PRODUCTS, "Products", "products")
    assert {"name": "PlainText", "price": "Number", "category": "Option"}.items() <= {
        one.slug: one.type for one in found.fields
    }.items()


def test_a_collection_is_created_with_fields_of_every_kind_and_deleted(official):
    made = official.collections.create(
        SITE_ID,
        display_name="Blog Posts",
        singular_name="Blog Post",
        slug="posts",
        fields=[
            webflow.StaticField(type="RichText", display_name="Post Body", is_required=True),
            webflow.OptionField(
                display_name="Mood",
                metadata=webflow.Metadata(options=[webflow.MetadataOptionsItem(name="Glad")]),
            ),
            webflow.ReferenceField(
                type="Reference",
                display_name="Product",
                metadata=webflow.ReferenceFieldMetadata(collection_id=PRODUCTS),
            ),
        ],
    )
    types = {one.slug: one.type for one in official.collections.get(made.id).fields}
    assert types == {
        "name": "PlainText",
        "slug": "PlainText",
        "post-body": "RichText",
        "mood": "Option",
        "product": "Reference",
    }
    official.collections.delete(made.id)
    with pytest.raises(webflow.NotFoundError):
        official.collections.get(made.id)


def test_a_field_is_added_renamed_used_and_removed(official):
    fields, items = official.collections.fields, official.collections.items
    request = webflow.StaticField(type="PlainText", display_name="Wood", is_required=False)
    made = fields.create(PRODUCTS, request=request)
    renamed = fields.update(PRODUCTS, made.id, display_name="Kind of wood", help_text="As sold")
    assert (renamed.id, renamed.display_name) == (made.id, "Kind of wood")
    item = items.create_item(PRODUCTS, request=new_item("Oak desk", wood="Oak"))
    assert field_data(item)["wood"] == "Oak"
    fields.delete(PRODUCTS, made.id)
    assert "wood" not in {one.slug for one in official.collections.get(PRODUCTS).fields}


def test_a_webhook_is_registered_listed_read_and_removed(official):
    webhooks, url = official.webhooks, "https://hooks.example.com/a"
    made = webhooks.create(SITE_ID, trigger_type="site_publish", url=url)
    assert made.model_extra["secretKey"]
    assert [one.id for one in webhooks.list(SITE_ID).webhooks] == [made.id]
    assert webhooks.get(made.id).url == url
    webhooks.delete(made.id)
    assert webhooks.list(SITE_ID).webhooks == []


def test_a_value_that_does_not_fit_is_a_bad_request_that_names_the_field(official):
    data = webflow.CollectionItemPatchSingleFieldData(price="much", colour="red")
    with pytest.raises(webflow.BadRequestError) as caught:
        official.collections.items.update_item(PRODUCTS, product_id(1), field_data=data)
    assert caught.value.body["code"] == "validation_error"
    assert {one["param"] for one in caught.value.body["details"]} == {"price", "colour"}


def test_a_token_that_is_not_valid_is_unauthorized(official_with):
    with pytest.raises(webflow.UnauthorizedError) as caught:
        official_with("another-token").sites.list()
    assert caught.value.body.code == "not_authorized"


def test_what_does_not_exist_is_not_found(official):
    with pytest.raises(webflow.NotFoundError) as caught:
        official.collections.items.get_item(PRODUCTS, "65f0" + "9" * 20)
    assert caught.value.body.code == "resource_not_found"


def test_a_live_update_of_what_was_never_published_is_a_conflict(official):
    items = official.collections.items
    made = items.create_item(PRODUCTS, request=new_item("Oak desk"))
    data = webflow.CollectionItemPatchSingleFieldData(price=1)
    with pytest.raises(webflow.ConflictError) as caught:
        items.update_item_live(PRODUCTS, made.id, field_data=data, request_options=ONCE)
    assert "never been published" in str(caught.value.body)


def test_a_window_that_is_used_up_is_too_many_requests(official, v2):
    v2.control("POST", "/budget", {"used": 60})
    with pytest.raises(webflow.TooManyRequestsError) as caught:
        official.sites.list(request_options=ONCE)
    assert caught.value.headers["retry-after"] == "60"


def test_a_server_error_is_an_internal_server_error(official, v2):
    v2.fault("status", status=500)
    with pytest.raises(webflow.InternalServerError) as caught:
        official.collections.get(PRODUCTS, request_options=ONCE)
    assert caught.value.body.code == "internal_error"
