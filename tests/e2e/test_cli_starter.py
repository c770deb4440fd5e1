"""What init writes works as it stands: sandbox, up, and the sample payload, signed."""

import hashlib
import hmac
import json
import time
import urllib.request

from service.sandbox.seeds.samples import PRODUCTS, product_id

PATIENCE = 20.0  # s


def answer(url, *, data=None, **headers):
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        return json.load(response)


def test_the_sample_payload_reaches_the_sandbox(instep, tmp_path):
    assert instep("init", "shop").wait(PATIENCE) == 0
    shop = tmp_path / "shop"
    sandbox = instep("sandbox", "--bind", "127.0.0.1:0", "--products", "3")
    cms = sandbox.stdout.readline().split()[1]
    up = instep(*("up", "--bind", "127.0.0.1:0", "--processes", "1"), folder=shop, WEBFLOW_URL=cms)
    web = up.stdout.readline().split()[1]

    secrets = dict(
        line.split("=", 1) for line in (shop / ".env").read_text().split() if "=" in line
    )
    body = (shop / "stock.json").read_bytes()
    proof = hmac.new(secrets["ERP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    sent = answer(f"{web}/webhooks/erp", data=body, **{"X-Signature": proof})
    assert sent == {"status": "kept"}

    item = f"{cms}/v2/collections/{PRODUCTS}/items/{product_id(1)}/live"
    proof = f"Bearer {secrets['WEBFLOW_TOKEN']}"
    ends = time.monotonic() + PATIENCE
    while (stock := answer(item, Authorization=proof)["fieldData"]["stock"]) != 7:
        assert time.monotonic() < ends, f"stock is {stock}"
        time.sleep(0.1)
