"""Topics that a sender sends, and such as it never does."""

import pytest

from service.senders import SENDERS
from tests.support.more_vectors import MORE
from tests.support.recorded_vectors import VALID

KNOWING = {name: kind for name, kind in SENDERS.items() if kind.topics}
MADE_UP = {"bigcommerce s", "debezium public.stock.zz", "square x", "github rel%65ase.published"}
SENT = {(v.sender, e["topic"]) for v in VALID for e in v.events} | {
    (v.sender, e["topic"]) for v in MORE for e in v.events if not e.get("ping")
}


@pytest.mark.parametrize("name", sorted(KNOWING))
def test_what_was_recorded_of_a_sender_is_known(name):
    kind = KNOWING[name]
    topics = {topic for sender, topic in SENT if sender == name and topic and topic != "ping"}
    for topic in topics - {each.partition(" ")[2] for each in MADE_UP}:
        assert kind.topics.has(topic), topic


@pytest.mark.parametrize("name", sorted(SENDERS))
def test_the_topics_that_are_hinted_at_are_known(name):
    kind = SENDERS[name]
    assert kind.topics is None or all(map(kind.topics.has, kind.topics.examples))


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("shopify", "products/update"),
        ("shopify", "variants/out_of_stock"),
        ("shopify", "orders/partially_fulfilled"),
        ("shopify", "customers/data_request"),
        ("shopify", "bulk_operations/finish"),
        ("shopify", "Product"),
        ("woocommerce", "product.restored"),
        ("shopify", "orders/updated"),
        ("shopify", "order_transactions/create"),
        ("shopify", "customer.tags_added"),
        ("woocommerce", "subscription.switched"),
        ("woocommerce", "order.shipped"),
        ("woocommerce", "action.woocommerce_add_to_cart"),
        ("bigcommerce", "store/product/inventory/order/updated"),
        ("bigcommerce", "store/channel/7/inventory/product/stock_changed"),
        ("bigcommerce", "store/order/statusUpdated"),
        ("square", "order.fulfillment.updated"),
        ("square", "oauth.authorization.revoked"),
        ("stripe", "checkout.session.completed"),
        ("stripe", "customer.subscription.trial_will_end"),
        ("stripe", "v2.core.account[requirements].updated"),
        ("hubspot", "contact.privacyDeletion"),
        ("hubspot", "conversation.newMessage"),
        ("hubspot", "object.propertyChange"),
        ("github", "push"),
        ("github", "pull_request.ready_for_review"),
        ("webflow", "ecomm_inventory_changed"),
        ("debezium", "public.stock.u"),
        ("debezium", "shop.Order Lines.d"),
        ("supabase", "public.products.DELETE"),
        ("dataverse", "cr5f_article.Update"),
        ("dataverse", "product.new_Recount"),
        ("pipedrive", "change.product"),
        ("pipedrive", "merged.organization"),
        ("salesforce", "Product2"),
        ("salesforce", "Stock_Level__c"),
        ("lightspeed", "register_closure.create"),
    ],
)
def test_a_topic_that_is_sent_is_known(name, topic):
    assert KNOWING[name].topics.has(topic)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("shopify", "products.update"),
        ("shopify", "products/updated"),
        ("shopify", "PRODUCTS_UPDATE"),
        ("shopify", "inventory_levels/updated"),
        ("shopify", "order/created"),
        ("shopify", "orders/created"),
        ("shopify", "orders/update"),
        ("shopify", "product/update"),
        ("woocommerce", "product.update"),
        ("woocommerce", "product/updated"),
        ("woocommerce", "updated"),
        ("bigcommerce", "product/updated"),
        ("bigcommerce", "store/product/update"),
        ("bigcommerce", "store.product.updated"),
        ("square", "inventory.count.update"),
        ("square", "inventory.count.changed"),
        ("square", "inventory/count/updated"),
        ("stripe", "product.update"),
        ("stripe", "product"),
        ("hubspot", "product.propertyChanged"),
        ("hubspot", "product.updated"),
        ("hubspot", "propertyChange"),
        ("github", "release/published"),
        ("github", "Release"),
        ("webflow", "collection_item_updated"),
        ("webflow", "collection-item-changed"),
        ("debezium", "public.stock"),
        ("debezium", "public.stock.update"),
        ("debezium", "u"),
        ("supabase", "products.UPDATE"),
        ("supabase", "public.products.update"),
        ("supabase", "UPDATE"),
        ("dataverse", "Update"),
        ("dataverse", "product.update"),
        ("pipedrive", "deal.updated"),
        ("pipedrive", "change"),
        ("salesforce", "Product2.updated"),
        ("lightspeed", "inventory.updated"),
        ("lightspeed", "inventory"),
        *((name, "") for name in ("shopify", "stripe", "debezium", "salesforce")),
        *((name, "products/update\n") for name in ("shopify", "bigcommerce")),
    ],
)
def test_a_topic_that_is_never_sent_is_told(name, topic):
    assert not KNOWING[name].topics.has(topic)


def test_the_topics_of_a_system_of_ones_own_are_not_known():
    own = ("hmac", "bearer", "basic", "header", "query", "body-token", "standard-webhooks", "svix")
    assert not set(own) & set(KNOWING)
    assert SENDERS["hasura"].topics is None  # a trigger has whatever name it was given
