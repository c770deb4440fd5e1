"""What single senders tell events apart by, and order them by."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from tests.support.signed_requests import event, events, paths, sender
from workers.errors import SignatureInvalid

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
WOO = {
    "x-wc-webhook-source": "https://shop.example/",
    "x-wc-webhook-id": "7",
    "x-wc-webhook-topic": "product.updated",
}


def test_woocommerce_tells_equal_bodies_of_two_hooks_apart():
    body = {"id": 5, "date_modified_gmt": "2026-05-12T09:28:58"}
    first = event("woocommerce", body, WOO)
    assert first.version == "t01778578138000000"  # UTC
    assert first.id.startswith("https://shop.example/ 7 ")
    assert event("woocommerce", body, WOO | {"x-wc-webhook-id": "8"}).id != first.id


@pytest.mark.parametrize("body", [{"id": 498}, {"action": "a", "arg": 1}])
def test_woocommerce_does_not_deduplicate_a_body_without_the_time_of_its_change(body):
    found = event("woocommerce", body, WOO)
    assert (found.id, found.version, found.problems) == (None, None, ())


@pytest.mark.parametrize("body", [b"webhook_id=7&a=1", b"webhook_id=", b"webhook_id=x", b"{}", b""])
def test_only_a_ping_of_woocommerce_needs_no_proof(body):
    found = sender("woocommerce")
    found.verify({}, b"webhook_id=7", now=None)
    with pytest.raises(SignatureInvalid):
        found.verify({}, body, now=None)
    with pytest.raises(SignatureInvalid):
        found.verify({"x-wc-webhook-topic": "product.deleted"}, b"webhook_id=7", now=None)


def test_the_secret_of_woocommerce_may_be_written_with_entities():
    for secret in ("a&amp;b", "a&b"):
        key = hmac.digest(b"a&b", b"{}", "sha256")
        headers = WOO | {"x-wc-webhook-signature": base64.b64encode(key).decode()}
        assert sender("woocommerce", secrets=(secret,)).verify(headers, b"{}", now=None) == 1


@pytest.mark.parametrize("name", ["supabase", "woocommerce"])
def test_a_body_that_tells_events_apart_is_remembered_for_minutes(name):
    assert sender(name).kind.dedupe_hours * 60 == pytest.approx(5)


ROW = {"type": "UPDATE", "schema": "public", "table": "products", "old_record": None}


def test_supabase_deduplicates_where_the_row_has_the_time_of_its_change():
    row = ROW | {"record": {"updated_at": "2026-05-12T09:29:57.120456"}}
    found = event("supabase", row)
    digest = hashlib.sha256(json.dumps(row).encode()).hexdigest()
    assert (found.id, found.version) == (f"public.products {digest}", "t01778578197120456")
    assert event("supabase", ROW | {"record": {"qty": 5}}).id is None


OLD = {"updated_at": "2026-05-12T09:29:57Z"}


@pytest.mark.parametrize("row", [{"type": "DELETE", "record": None}, {"record": {"qty": 5}}])
def test_what_has_no_time_of_its_own_stands_right_after_the_row_before(row):
    found = event("supabase", ROW | row | {"old_record": OLD})
    assert (found.id, found.version) == (None, "t01778578197000000z0000000001")


def test_a_time_that_the_write_has_not_moved_is_that_of_the_row_before():
    found = event("supabase", ROW | {"record": OLD | {"qty": 5}, "old_record": OLD})
    assert (found.id, found.placed) == (None, "after")  # 5, 4, 5 are three changes
    assert found.version == "t01778578197000000z0000000001"


def test_another_column_of_the_row_before_may_hold_the_time():
    deleted = ROW | {"record": None, "old_record": {"changed": "2026-05-12T09:29:57Z"}}
    found = event("supabase", deleted, occurred_at="record.changed")
    assert found.version == "t01778578197000000z0000000001"


@pytest.mark.parametrize("old", [None, {"qty": 4}, {"updated_at": None}, {"updated_at": "soon"}])
def test_a_row_of_which_no_time_is_known_stands_where_the_one_that_is_held_does(old):
    found = event("supabase", ROW | {"record": {"qty": 5}, "old_record": old})
    assert (found.version, found.placed, found.problems) == (None, "held", ())


def test_a_new_row_without_a_time_comes_first():
    found = event("supabase", ROW | {"type": "INSERT", "record": {"updated_at": None}})
    assert (found.version, found.placed) == (None, "first")


def test_another_column_of_supabase_may_hold_the_time():
    row = ROW | {"record": {"changed": "2026-05-12T09:29:57Z"}}
    assert event("supabase", row, occurred_at="record.changed").version == "t01778578197000000"


def test_a_row_of_supabase_without_its_table_is_a_problem():
    assert paths(event("supabase", {"type": "UPDATE"})) == ["schema, table and type"]


STOCK = {"type": "inventory.count.updated", "event_id": "e", "created_at": "2026-05-12T09:30:00Z"}


def square(kind, found):
    return event("square", STOCK | {"type": kind, "data": {"object": found}})


def test_the_latest_count_of_square_orders_its_event():
    times = ("2026-05-12T09:29:58Z", "2026-05-12T11:29:59+02:00")
    counts = [{"calculated_at": at} for at in times]
    found = square("inventory.count.updated", {"inventory_counts": counts})
    assert found.version == "t01778578199000000"


def test_an_order_of_square_is_ordered_by_its_version():
    found = square("order.updated", {"order_updated": {"version": 3, "updated_at": "soon"}})
    assert (found.version, found.problems) == ("s00000000000000000003", ())


def test_any_other_object_of_square_is_ordered_by_its_time_else_by_that_of_the_event():
    found = square("customer.updated", {"customer": {"version": 3, "updated_at": 1778578199}})
    assert found.version == "t01778578199000000"
    assert square("customer.deleted", {}).version == "t01778578200000000"


def test_pipedrive_tells_its_two_versions_apart():
    meta = {
        "webhook_id": "9",
        "id": 12,
        "timestamp": 1778578198,
        "timestamp_micro": 1778578198118220,
    }
    first = event("pipedrive", {"event": "updated.deal", "retry": 0, "meta": meta})
    again = event("pipedrive", {"event": "updated.deal", "retry": 1, "meta": meta})
    assert first.id == again.id == "9 updated.deal 12 1778578198118220"
    assert first.version == "t01778578198118220"
    meta = {
        "id": "u",
        "action": "delete",
        "entity": "deal",
        "timestamp": "2026-05-12T09:29:58.057Z",
    }
    found = event("pipedrive", {"data": None, "meta": meta})
    assert (found.id, found.topic, found.version) == ("u", "delete.deal", "t01778578198057000")


def test_a_notice_of_zoho_is_one_event_for_each_record_and_holds_no_token():
    notice = {
        "module": "Products",
        "operation": "update",
        "channel_id": "1",
        "token": "s3cret",
        "server_time": 1778578199200,
        "ids": ["7", 8, None],
        "affected_fields": [{"7": ["Qty"]}, {"8": ["Price"]}],
    }
    first, second, third = events("zoho", notice)
    assert (first.id, second.id) == (
        "1 Products update 7 1778578199200",
        "1 Products update 8 1778578199200",
    )
    assert first.payload["affected_fields"] == ["Qty"]
    assert "token" not in first.payload
    assert paths(third) == ["the notice's key"]


@pytest.mark.parametrize("channel", [{}, {"channel_id": None}, {"channel_id": "2"}], ids=repr)
def test_a_notice_of_zoho_that_does_not_name_the_channel_is_refused(channel):
    body = json.dumps({"token": "s3cret"} | channel).encode()
    with pytest.raises(SignatureInvalid, match="another channel"):
        sender("zoho", options={"channel_id": "1"}).verify({}, body, now=NOW)


DATE = "/Date(1778578196000)/"


def dataverse(attributes, **context):
    target = {"key": "Target", "value": {"Attributes": attributes}}
    return event(
        "dataverse",
        {
            "PrimaryEntityName": "product",
            "MessageName": "Update",
            "OperationId": "o",
            "OperationCreatedOn": "/Date(1778578197000+0200)/",
            "InputParameters": [target],
            **context,
        },
    )


def test_the_columns_of_dataverse_stand_by_their_names():
    found = dataverse([{"key": "name", "value": "Oak"}, {"key": "modifiedon", "value": DATE}])
    assert found.payload["attributes"] == {"name": "Oak", "modifiedon": DATE}
    assert found.version == "t01778578196000000"


def test_a_message_of_dataverse_that_was_too_large_is_ordered_by_its_operation():
    found = dataverse([], InputParameters=[])
    assert (found.version, found.payload["attributes"]) == ("t01778578197000000", {})


@pytest.mark.parametrize("at", ["/Date(soon)/", "/Date(-1)/", 7.5e30], ids=repr)
def test_a_date_that_is_none_is_a_problem(at):
    assert paths(dataverse([], OperationCreatedOn=at)) == ["OperationCreatedOn"]


def test_webflow_tells_events_apart_by_their_time():
    item = {"id": "i", "lastUpdated": "2026-05-12T09:29:59.640Z"}
    found = event("webflow", {"triggerType": "collection_item_changed", "payload": item})
    assert found.id == "i collection_item_changed 2026-05-12T09:29:59.640Z"
    assert found.version == "t01778578199640000"


STAMP = {"x-webflow-timestamp": "1778578200000"}
FORM = {"triggerType": "form_submission", "payload": {"submittedAt": "2026-05-12T09:29:59.640Z"}}
STOCK_OF_SITE = {"triggerType": "ecomm_inventory_changed", "payload": {"id": "i", "quantity": 5}}
UNPUBLISHED = {"triggerType": "collection_item_unpublished", "payload": {"id": "i"}}


@pytest.mark.parametrize("body", [FORM, STOCK_OF_SITE, UNPUBLISHED])
def test_the_same_bytes_of_webflow_twice_are_one_event(body):
    first, again = (event("webflow", body, STAMP) for _ in range(2))
    assert first.id == again.id is not None
    assert event("webflow", body | {"site": "other"}, STAMP).id != first.id


def test_items_of_one_body_of_webflow_are_different_events():
    body = {"triggerType": "published", "payload": {"items": [{"id": "a"}, {"id": "a"}]}}
    first, second = events("webflow", body, STAMP)
    assert first.id != second.id


def test_webflow_knows_a_deletion_by_its_item():
    deleted = event("webflow", {"triggerType": "collection_item_deleted", "payload": {"id": "i"}})
    assert deleted.id == "i collection_item_deleted "


@pytest.mark.parametrize(
    ("body", "version"),
    [(FORM, "t01778578199640000"), (STOCK_OF_SITE, "t01778578200000000")],
    ids=["submitted", "signed"],
)
def test_what_webflow_says_without_an_update_is_ordered_by_another_time(body, version):
    assert event("webflow", body, STAMP).version == version


def test_the_time_of_the_sending_is_not_that_of_what_an_item_shows():
    item = {"id": "i", "collectionId": "c", "fieldData": {}}
    found = event("webflow", {"triggerType": "collection_item_changed", "payload": item}, STAMP)
    assert (found.version, found.origin.at) == ("t01778578200000000", None)


def test_items_that_webflow_published_together_are_events_of_their_own():
    items = [{"id": "a"}, {"id": "b"}]
    found = events("webflow", {"triggerType": "published", "payload": {"items": items}})
    assert [each.payload["payload"]["id"] for each in found] == ["a", "b"]


def test_a_form_of_github_holds_the_json():
    headers = {"x-github-event": "issues", "x-github-delivery": "d"}
    at = '{"action":"opened","issue":{"updated_at":"2026-05-12T09:29:59Z"}}'
    form = event("github", urlencode({"payload": at}).encode(), headers)
    plain = event("github", at.encode(), headers)
    assert form == plain
    assert (plain.topic, plain.version) == ("issues.opened", "t01778578199000000")
    assert not plain.ping


def test_a_push_of_github_is_ordered_by_its_commit():
    push = {"head_commit": {"timestamp": "2026-05-12T11:29:59+02:00"}}
    assert event("github", push, {"x-github-event": "push"}).version == "t01778578199000000"


def test_a_ping_of_github_is_one():
    found = event("github", {"zen": "x"}, {"x-github-event": "ping", "x-github-delivery": "d"})
    assert (found.topic, found.ping) == ("ping", True)


def test_bigcommerce_without_a_signature_is_known_by_hash_and_second():
    body = {"scope": "store/sku/updated", "hash": "h", "created_at": 1778578197}
    assert event("bigcommerce", body, header="X-Token").id == "h 1778578197"


def test_the_newer_events_of_shopify_have_other_names():
    headers = {"shopify-webhook-id": "w", "shopify-topic": "product/update"}
    found = event("shopify", {"id": 1}, headers | {"shopify-triggered-at": "2026-05-12T09:29:59Z"})
    assert (found.id, found.topic, found.version) == ("w", "product/update", "t01778578199000000")
