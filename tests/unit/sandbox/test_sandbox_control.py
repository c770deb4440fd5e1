"""The control API: the store seen and changed from inside."""

import pytest

from service.sandbox.app import create_sandbox
from service.sandbox.seeds.samples import product_id
from service.sandbox.site.site import Site

ONE = product_id(1)


def test_the_items_are_shown_with_both_copies(v2):
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    items = v2.control("GET", "/items")["items"]
    assert len(items) == 120
    first = items[0]
    assert (first["id"], first["staged"]["fieldData"]["stock"]) == (ONE, 777)
    assert first["live"]["fieldData"]["stock"] != 777


def test_the_calls_are_counted_by_route_and_status(v2, clock):
    v2.patch(
        "/items/live",
        {"items": [{"id": product_id(n), "fieldData": {"stock": n}} for n in (1, 2, 3)]},
    )
    v2.get("/items/nonsense")
    calls = v2.control("GET", "/calls?recent=1")
    assert calls["routes"] == {
        "PATCH /v2/collections/:collection/items/live": 1,
        "GET /v2/collections/:collection/items/:item": 1,
    }
    assert calls["statuses"] == {"200": 1, "400": 1}
    assert (calls["total"], calls["items_written"], calls["rate_limited"]) == (2, 3, 0)
    assert calls["last"] == clock.at
    assert [one["status"] for one in calls["recent"]] == [400]
    assert v2.control("DELETE", "/calls")["total"] == 0


def test_a_collection_can_be_added_and_removed(v2):
    order = {"name": "Makers", "fields": [{"slug": "city", "type": "PlainText"}], "items": 3}
    made = v2.control("POST", "/collections", order)
    assert len(made["items"]) == 3
    base = f"{v2.root}/v2/collections/{made['id']}"
    assert v2.get(base).json()["displayName"] == "Makers"
    assert v2.get(f"{base}/items/{made['items'][0]}").json()["fieldData"]["city"] == "Text 1"
    v2.control("DELETE", f"/collections/{made['id']}")
    assert v2.get(base).status_code == 404


def test_items_of_a_new_collection_can_be_given_and_left_unpublished(v2):
    order = {"id": "ab" * 12, "items": [{"name": "One", "slug": "one"}], "live": False}
    made = v2.control("POST", "/collections", order)
    assert made["id"] == "ab" * 12
    (item,) = v2.control("GET", f"/items?collection={made['id']}")["items"]
    assert (item["live"], item["staged"]["isDraft"]) == (None, True)


@pytest.mark.parametrize("items", [True, "many", [1], -1, [{"name": "no slug"}]])
def test_items_that_cannot_be_made_leave_no_collection(v2, items):
    order = {"id": "ab" * 12, "items": items}
    assert v2.call("POST", f"{v2.root}/_sandbox/collections", order).status_code == 400
    assert v2.get(f"{v2.root}/v2/collections/{'ab' * 12}").status_code == 404


def test_an_item_can_be_changed_by_hand(v2):
    order = {"item": ONE, "fields": {"stock": 5}, "archived": True, "draft": True}
    staged = v2.control("POST", "/item", order)["staged"]
    assert (staged["fieldData"]["stock"], staged["isArchived"], staged["isDraft"]) == (
        5,
        True,
        True,
    )
    v2.control("POST", "/item", {"item": ONE, "archived": False, "publish": True})
    assert v2.field("stock", copy="live") == 5
    assert v2.control("POST", "/item", {"item": ONE, "unpublish": True})["live"] is None
    v2.control("POST", "/item", {"item": ONE, "delete": True})
    assert v2.get(f"/items/{ONE}").status_code == 404
    assert v2.control("GET", "/calls")["items_written"] == 0


def test_a_schema_can_change_under_its_writers(v2):
    order = {"add": [{"slug": "weight", "type": "Number"}], "remove": ["stock"]}
    v2.control("POST", "/schema", order)
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"weight": 5}}).status_code == 200
    answer = v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 5}})
    assert answer.json()["details"][0]["param"] == "stock"


def test_writes_can_be_blocked_as_after_a_change_of_schema(v2, v1):
    reason = "The collection structure changed since the last publish"
    v2.control("POST", "/schema", {"blocked": reason})
    answer = v2.patch(f"/items/{ONE}", {"fieldData": {"price": 5}})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert reason in answer.json()["message"]
    assert v1.patch(f"/items/{ONE}", {"fields": {"price": 5}}).json()["msg"] == reason
    v2.control("POST", "/schema", {"blocked": None})
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"price": 5}}).status_code == 200


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/item", {"item": "0" * 24}),
        ("/schema", {"collection": "0" * 24}),
        ("/budget", {"token": "nobody"}),
        ("/schema", {"remove": ["price", "colour"]}),
    ],
)
def test_what_is_not_there_cannot_be_changed(v2, path, order):
    answer = v2.call("POST", f"{v2.root}/_sandbox{path}", order)
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("unknown: ")
    assert v2.field("price") is not None


def test_a_fault_that_is_not_armed_cannot_be_disarmed(v2):
    v2.fault("slow", delay=0)
    answer = v2.call("DELETE", f"{v2.root}/_sandbox/faults?id=nonsense")
    assert (answer.status_code, answer.json()) == (404, {"error": "unknown: fault 'nonsense'"})
    assert len(v2.control("GET", "/faults")["faults"]) == 1


def test_an_order_that_is_no_json_is_told_so(v2):
    url = f"{v2.root}/_sandbox/faults"
    answer = v2.session.post(url, data="{bad", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["body"][0].startswith("found no JSON (Expecting property name")


def test_the_number_of_recent_calls_is_a_number(v2):
    answer = v2.call("GET", f"{v2.root}/_sandbox/calls?recent=x")
    assert answer.status_code == 400
    assert answer.json()["error"] == {"recent": ["found 'x', expected how many calls, as 5"]}


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/clock", {"offset": 1e300}),
        ("/clock", {"offset": -1e300}),
        ("/faults", {"fault": "slow", "delay": 1e300}),
        ("/faults", {"fault": "status", "status": 302, "location": "/a\r\nX: y"}),
        ("/webhooks", {"url": "http://127.0.0.1:9/", "retry_seconds": 1e300}),
        ("/token", {"valid": True, "token": ""}),
    ],
)
def test_an_order_that_nothing_could_carry_out_is_refused(v2, path, order):
    answer = v2.call("POST", f"{v2.root}/_sandbox{path}", order)
    assert (answer.status_code, list(answer.json()["error"])) == (400, [list(order)[-1]])
    assert v2.get().status_code == 200


def test_the_control_api_answers_only_this_machine(site):
    client = create_sandbox(site).test_client()
    assert client.get("/_sandbox/calls").status_code == 200
    far = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get("/_sandbox/calls", environ_base=far).status_code == 403


def test_every_route_has_its_view_and_each_site_of_a_process_its_own(site):
    app, other = create_sandbox(site), create_sandbox(Site(token="t", now=site.clock))
    assert {*app.view_functions} == {rule.endpoint for rule in app.url_map.iter_rules()}
    for each, collections in ((app, 1), (other, 0)):
        shown = each.test_client().get("/_sandbox/view")
        assert len(shown.json["collections"]) == collections
