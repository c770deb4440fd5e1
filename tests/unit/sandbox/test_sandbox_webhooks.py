"""The site's own webhooks: what they say, how they are signed, what becomes of those that fail."""

import hashlib
import hmac
import json
import queue
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service.sandbox.control.orders import register
from service.sandbox.seeds.samples import PRODUCTS, product_id
from service.sandbox.site.site import SITE_ID, WORKSPACE_ID
from service.sandbox.webhooks.events import Event
from service.sandbox.webhooks.payloads import body_of, written
from service.sandbox.webhooks.queue import QUEUED, Hooks
from service.sandbox.webhooks.registrations import Registration

ONE = product_id(1)
SECRET = "a secret"
IDS = {"siteId": SITE_ID, "workspaceId": WORKSPACE_ID}


@contextmanager
def receiver(*statuses):
    """Serve one answer after the other, the last one for ever; yields the URL and what came."""
    came, left = queue.Queue(), list(statuses or (200,))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = left.pop(0) if len(left) > 1 else left[0]
            came.put((dict(self.headers), body))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):  # what a redirect would lead to
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", came
    finally:
        server.shutdown()
        server.server_close()


def listen(v2, url, *triggers, **more):
    order = {"url": url, "secret": SECRET, **({"triggers": list(triggers)} if triggers else {})}
    return v2.control("POST", "/webhooks", order | more)["webhooks"]


def hooks(v2, wanted):
    """Return the registrations once *wanted* holds of the first."""
    for _ in range(500):
        found = v2.control("GET", "/webhooks")["webhooks"]
        if wanted(found[0]):
            return found
        threading.Event().wait(0.01)
    raise AssertionError(found)


def test_a_change_is_told_with_the_item_and_signed(v2, clock):
    with receiver() as (url, came):
        listen(v2, url, "collection_item_changed")
        v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
        headers, body = came.get(timeout=10)
    stamp = headers["x-webflow-timestamp"]
    signed = hmac.new(SECRET.encode(), f"{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-webflow-signature"] == signed
    assert stamp == str(int(clock.at * 1000))
    data = json.loads(body)
    item = v2.get(f"/items/{ONE}").json()
    assert data["triggerType"] == "collection_item_changed"
    assert data["payload"] == item | {
        **IDS,
        "collectionId": PRODUCTS,
    }


def test_the_clock_of_the_sandbox_signs(v2, clock):
    v2.control("POST", "/clock", {"offset": -600})
    with receiver() as (url, came):
        listen(v2, url, "collection_item_changed")
        v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
        headers, _ = came.get(timeout=10)
    assert headers["x-webflow-timestamp"] == str(int((clock.at - 600) * 1000))


def test_every_change_has_its_trigger(v2):
    with receiver() as (url, came):
        listen(v2, url)
        made = v2.call("POST", "/items", {"fieldData": {"name": "New"}}).json()
        v2.call("POST", "/items/publish", {"itemIds": [made["id"]]})
        v2.call("DELETE", f"/items/{made['id']}/live")
        v2.call("DELETE", f"/items/{made['id']}")
        told = [json.loads(came.get(timeout=10)[1]) for _ in range(4)]
    assert [one["triggerType"] for one in told] == [
        "collection_item_created",
        "collection_item_published",
        "collection_item_unpublished",
        "collection_item_deleted",
    ]
    assert {one["payload"]["id"] for one in told} == {made["id"]}
    assert told[1]["payload"]["fieldData"]["_noSearch"] is False
    assert "_locale" not in told[0]["payload"]["fieldData"]


def test_a_body_is_written_as_a_script_writes_it(site):
    site.collection(PRODUCTS).item(ONE).staged.fields["price"] = 5.0
    collection = site.collection(PRODUCTS)
    event = Event("collection_item_changed", site.now(), collection, collection.item(ONE), "x")
    body = body_of(event, IDS)
    assert b'"price":5,' in body
    assert b": " not in body.replace(b'": ', b"")


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (
            {"customDomains": ["65e0000000000000000000d1"]},
            {"domains": ["www.example.com"], "publishScope": "site"},
        ),
        (
            {"publishToWebflowSubdomain": True},
            {"domains": ["sandbox.webflow.io"], "publishScope": "site"},
        ),
        (
            {
                "customDomains": ["65e0000000000000000000d1"],
                "publishToWebflowSubdomain": True,
                "pageId": "a" * 24,
            },
            {
                "domains": ["www.example.com", "sandbox.webflow.io"],
                "publishScope": "page",
                "pageId": "a" * 24,
            },
        ),
    ],
)
def test_a_publish_of_the_site_names_what_was_published_where(v2, order, said):
    with receiver(200) as (url, came):
        listen(v2, url, "site_publish")
        path = f"{v2.root}/v2/sites/{SITE_ID}/publish"
        assert v2.call("POST", path, order).status_code == 202
        _, body = came.get(timeout=10)
    assert json.loads(body)["payload"] == {
        "siteId": SITE_ID,
        "publishedOn": "2026-11-18T11:06:40.000Z",
        "publishedBy": {"displayName": "Sandbox"},
        **said,
    }


def test_a_publish_by_v1_names_its_domains_as_well(v1):
    with receiver(200) as (url, came):
        listen(v1, url, "site_publish")
        body = {"domains": ["www.example.com"]}
        assert v1.call("POST", f"{v1.root}/sites/{SITE_ID}/publish", body).ok
        _, body = came.get(timeout=10)
    assert json.loads(body)["payload"]["domains"] == ["www.example.com"]


@pytest.mark.parametrize("status", [500, 204, 302, 400])
def test_only_200_is_success_and_a_failure_is_tried_again(v2, status):
    with receiver(status, 200) as (url, came):
        listen(v2, url, "collection_item_changed", retry_seconds=0)
        v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
        first, second = came.get(timeout=10), came.get(timeout=10)
        (hook,) = hooks(v2, lambda one: one["delivered"])
    assert first[1] == second[1]
    assert (hook["delivered"], hook["failed"], hook["active"], hook["waiting"]) == (1, 1, True, 0)


def test_after_three_retries_a_webhook_is_deactivated(v2):
    with receiver(500) as (url, came):
        listen(v2, url, "collection_item_changed", retry_seconds=0)
        v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
        (hook,) = hooks(v2, lambda one: not one["active"])
        v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 778}})
        assert came.qsize() == 4
    assert (hook["failed"], hook["waiting"], hook["status"]) == (4, 0, 500)


def test_a_receiver_that_is_not_there_holds_no_request_up(v2):
    listen(v2, "http://127.0.0.1:9/x", "collection_item_changed")
    assert v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}}).status_code == 200
    (hook,) = hooks(v2, lambda one: one["failed"])
    assert (hook["status"], hook["waiting"], hook["active"]) == (0, 1, True)


def test_a_webhook_that_is_removed_is_told_nothing_more(v2):
    (made,) = listen(v2, "http://127.0.0.1:9/x", "collection_item_changed")
    v2.control("DELETE", f"/webhooks/{made['id']}")
    assert v2.control("GET", "/webhooks") == {"webhooks": []}
    gone = v2.call("DELETE", f"{v2.root}/_sandbox/webhooks/{made['id']}")
    assert gone.status_code == 404


def test_the_secret_is_told_once_and_never_listed(v2):
    order = {"url": "http://127.0.0.1:9/x"}
    made = v2.control("POST", "/webhooks", order)["webhooks"]
    assert len({one["secretKey"] for one in made}) == 1
    assert made[0]["secretKey"] not in v2.call("GET", f"{v2.root}/_sandbox/webhooks").text


def test_the_same_address_is_registered_once(v2):
    for _ in range(2):
        listen(v2, "http://127.0.0.1:9/x")
    assert len(v2.control("GET", "/webhooks")["webhooks"]) == 6


@pytest.mark.parametrize(
    "order", [{}, {"url": "ftp://x"}, {"url": "http://127.0.0.1:9", "triggers": ["nonsense"]}]
)
def test_a_webhook_that_cannot_be_is_refused(v2, order):
    assert v2.call("POST", f"{v2.root}/_sandbox/webhooks", order).status_code == 400


def test_the_queue_is_bounded_and_counts_what_it_drops(clock):
    queued = Hooks(IDS, lambda _: None)
    at = datetime.fromtimestamp(clock.at, UTC)
    queued.put(Registration("a", "site_publish", "http://127.0.0.1:9/x", at))
    for _ in range(QUEUED + 5):
        queued.listen(Event("site_publish", at))
    (hook,) = queued.as_list()
    assert (hook["waiting"], hook["dropped"]) == (QUEUED, 5)


def test_no_listener_is_called_before_there_is_a_webhook(site):
    assert site.lock.listeners == ()
    for number in range(2):
        register(site, f"http://127.0.0.1:9/{number}", triggers=["site_publish"])
    assert len(site.lock.listeners) == 1


def test_what_v2_registers_is_told_and_signed_with_its_key(v2, site):
    with receiver() as (url, came):
        body = {"triggerType": "site_publish", "url": url}
        made = v2.call("POST", f"{v2.root}/v2/sites/{SITE_ID}/webhooks", body).json()
        publish = {"publishToWebflowSubdomain": True}
        v2.call("POST", f"{v2.root}/v2/sites/{SITE_ID}/publish", publish)
        headers, sent = came.get(timeout=10)
        hooks(v2, lambda one: one["delivered"])
    text = headers["x-webflow-timestamp"].encode() + b":" + sent
    assert (
        hmac.new(made["secretKey"].encode(), text, hashlib.sha256).hexdigest()
        == (headers["x-webflow-signature"])
    )
    assert json.loads(sent)["payload"]["siteId"] == SITE_ID
    found = v2.call("GET", f"{v2.root}/v2/webhooks/{made['id']}").json()
    assert found["lastTriggered"]
    v2.call("DELETE", f"{v2.root}/v2/webhooks/{made['id']}")
    assert list(site.hooks) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (-0.0, "0"),
        (12.5, "12.5"),
        (0.00001, "0.00001"),
        (1.5e-6, "0.0000015"),
        (1e-7, "1e-7"),
        (-1.25e-10, "-1.25e-10"),
        (2**53, "9007199254740992"),
        (123456789012345683968, "123456789012345680000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        ({"a": [True, None, "\u00e9\n\u2028"]}, '{"a":[true,null,"\u00e9\\n\u2028"]}'),
    ],
)
def test_a_body_is_written_as_a_script_would(value, text):
    assert written(value) == text
