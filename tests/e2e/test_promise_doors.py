"""Every way in, over real HTTP: proofs, statuses, and what happens to signed nonsense."""

import base64
import hmac
import json
import socket
import time
from urllib.parse import urlencode

import pytest

from tests.support.real_processes import BY_ITEM, Instep, Line, eventually, request, signed
from tests.support.standin import COLLECTION, StandIn, item_id

KEY = b"0123456789abcdef"
STANDARD = base64.b64encode(b"a standard webhooks secret").decode()
READING = """
id = "id"
topic = "type"
occurred_at = "at"
"""
SOURCES = f"""
mappings = ["mappings.py"]

[destinations.site]
api = "v2"
token = "${{WEBFLOW_TOKEN}}"
base_url = "CMS"

[collections.products]
destination = "site"
id = "{COLLECTION}"
key = "sku"

[sources.erp]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"
max_body = 4096
{READING}
[sources.every]
sender = "hmac"
secrets = ["{KEY.hex()}", "{b"an older one".hex()}"]
header = "X-Proof"
algorithm = "sha512"
encoding = "base64"
prefix = "v7="
key_encoding = "hex"
signed = "{{id}}|{{timestamp}}|{{body}}"
id_header = "X-Id"
timestamp_header = "X-Time"
timestamp_unit = "ms"
tolerance = 60
events = "events"
path_token = "secret-path"
{READING}
[sources.bearer]
sender = "bearer"
secrets = ["one", "two"]
{READING}
[sources.basic]
sender = "basic"
secrets = ["anna:pass:word"]
{READING}
[sources.header]
sender = "header"
secrets = ["sesame"]
header = "X-Key"
{READING}
[sources.standard]
sender = "standard-webhooks"
secrets = ["whsec_{STANDARD}"]

[sources.shop]
sender = "shopify"
secrets = ["shop-secret"]
"""
NAMES = ("erp", "every", "bearer", "basic", "header", "standard", "shop")
MAPPINGS = BY_ITEM + "".join(
    f"""
class {name.title()}(Stock):
    class Meta:
        source = "{name}"
        collection = "products"
        item = "data.item_id"
"""
    for name in NAMES[1:]
)


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(60, limit=1_000)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms):
    instep = Instep(
        tmp_path_factory.mktemp("doors"),
        cms,
        mappings=MAPPINGS,
        configuration=SOURCES.replace("CMS", cms.url),
    )
    instep.up()
    yield instep
    instep.close()


def ask(instep, *request_of, **options):
    line = Line(instep.address, seconds=30)
    try:
        return line.ask(request(*request_of, **options))
    finally:
        line.close()


def mac(key, text, algorithm="sha256"):
    return hmac.new(key, text, algorithm).digest()


def encoded(raw):
    return base64.b64encode(raw).decode()


def every(body, *, key=KEY, age=0.0):
    stamp = str(int((time.time() - age) * 1000))
    text = b"|".join([b"an-id", stamp.encode(), body])
    return {"X-Id": "an-id", "X-Time": stamp, "X-Proof": f"v7={encoded(mac(key, text, 'sha512'))}"}


def standard(body, *, age=0.0, key=None):
    stamp = str(int(time.time() - age))
    key = key or base64.b64decode(STANDARD)
    proof = encoded(mac(key, b".".join([b"msg_1", stamp.encode(), body])))
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": stamp,
        "Webhook-Signature": f"v1,AAAA v1,{proof} v2,BBBB",
    }


def shopify(body, key=b"shop-secret"):
    return {
        "X-Shopify-Hmac-Sha256": encoded(mac(key, body)),
        "X-Shopify-Topic": "products/update",
        "X-Shopify-Webhook-Id": "w1",
    }


# name → path, whether the payload is wrapped, good proofs, bad proofs
WAYS = {
    "erp": (
        "erp",
        False,
        [lambda b: {"X-Signature": mac(b"erp-secret", b).hex()}],
        [lambda b: {"X-Signature": mac(b"erp-secret", b + b" ").hex()}, lambda _: {}],
    ),
    "every": (
        "every/secret-path",
        True,
        [every, lambda b: every(b, key=b"an older one")],
        [
            lambda b: every(b, age=90),
            lambda b: every(b, key=b"none"),
            lambda b: every(b) | {"X-Id": "other"},
        ],
    ),
    "bearer": (
        "bearer",
        False,
        [lambda _: {"Authorization": "Bearer two"}],
        [lambda _: {"Authorization": "Bearer three"}],
    ),
    "basic": (
        "basic",
        False,
        [lambda _: {"Authorization": f"Basic {encoded(b'anna:pass:word')}"}],
        [
            lambda _: {"Authorization": f"Basic {encoded(b'anna:pass')}"},
            lambda _: {"Authorization": "Basic %%%"},
        ],
    ),
    "header": ("header", False, [lambda _: {"x-key": "sesame"}], [lambda _: {"X-Key": "Sesame"}]),
    "standard": (
        "standard",
        False,
        [standard],
        [
            lambda b: standard(b, age=400),
            lambda b: standard(b, age=-400),
            lambda b: standard(b, key=b"other"),
        ],
    ),
    "shop": ("shop", False, [shopify], [lambda b: shopify(b, b"other")]),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_proven_delivery_arrives_and_another_is_refused(cms, instep, name):
    path, wrapped, good, bad = WAYS[name]
    item, truth = item_id(NAMES.index(name)), None
    for number, proof in enumerate(good):
        truth = 10 + number
        at = f"2026-01-01T00:00:0{number}Z"
        event = {
            "id": f"{name}-{number}",
            "type": "stock.changed",
            "at": at,
            "timestamp": at,
            "updated_at": at,
            "data": {"item_id": item, "qty": truth},
        }
        body = json.dumps({"events": [event]} if wrapped else event).encode()
        refused = body.replace(str(truth).encode(), b"99")
        for forged in bad:
            assert ask(instep, f"/webhooks/{path}", refused, forged(refused)) == 401
        assert ask(instep, f"/webhooks/{path}", body, proof(body)) == 200
    eventually(lambda: cms.live[item].get("stock") == truth, told=instep.log)


def test_a_form_is_read_too(instep):
    body = urlencode({"id": "f1", "type": "stock.changed", "data": "x"}).encode()
    headers = {"X-Key": "sesame", "Content-Type": "application/x-www-form-urlencoded"}
    assert ask(instep, "/webhooks/header", body, headers) == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/webhooks/nobody", 404),
        ("POST", "/webhooks/every", 404),
        ("POST", "/webhooks/every/wrong", 404),
        ("POST", "/webhooks/erp/more", 404),
        ("GET", "/webhooks/erp", 405),
        ("PUT", "/webhooks/erp", 405),
        ("OPTIONS", "/webhooks/erp", 405),
        ("POST", "/webhooks/erp", 401),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/", 403),
    ],
)
def test_the_statuses(instep, method, path, status):
    assert ask(instep, path, b"{}", {}, method=method) == status


def test_a_body_over_the_limit_is_413_and_one_at_it_is_not(instep):
    whole = json.dumps({"id": "big", "type": "other", "pad": ""}).encode()
    fits = whole.replace(b'""', b'"%s"' % (b"x" * (4096 - len(whole))))
    for body, status in ((fits, 200), (fits + b" ", 413)):
        proof = {"X-Signature": mac(b"erp-secret", body).hex()}
        assert ask(instep, "/webhooks/erp", body, proof) == status


def test_a_chunked_body_over_the_limit_is_413_and_a_smaller_one_is_whole(instep):
    for body, status in ((b'{"type": "other"}' + b" " * 3000, 200), (b" " * 9000, 413)):
        chunks = [body[at : at + 1000] for at in range(0, len(body), 1000)]
        head = (
            f"POST /webhooks/erp HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
            f"X-Signature: {mac(b'erp-secret', body).hex()}\r\n\r\n"
        ).encode()
        text = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        line = Line(instep.address)
        assert line.ask(head + text + b"0\r\n\r\n") == status
        line.close()


def test_half_a_body_is_not_taken_for_a_whole_one(instep):
    before = instep.status()["sources"]["erp"]["deliveries"]
    whole = signed({"id": "half", "type": "stock.changed", "data": {"item_id": item_id(50)}})
    with socket.create_connection(instep.address, 5) as line:
        line.sendall(whole[:-5])
        line.shutdown(socket.SHUT_WR)
        assert b" 200 " not in line.recv(100)
    assert instep.status()["sources"]["erp"]["deliveries"] == before
