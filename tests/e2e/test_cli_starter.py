"""What init writes works as it stands, and so do the commands of the first steps."""

import hashlib
import hmac
import json
import re
import shlex
import time
import urllib.request

from service.operate import documentation
from service.sandbox.seeds.samples import PRODUCTS, product_id
from tests.support import cookbook

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


def test_from_a_site_and_a_webhook_to_the_right_item_by_the_page(instep, tmp_path):
    text = documentation.pages()["first-steps"].text
    block = next(each for each in cookbook.blocks(text) if "init shop --site" in each.text)
    typed = (line for line in block.text.splitlines() if line.startswith("$ "))
    lines = [line.removeprefix("$ ") for line in typed]
    shop, environ, said = tmp_path / "shop", {}, {}
    for line in lines:
        if line.startswith("export "):
            environ |= dict([line.removeprefix("export ").split("=", 1)])
            continue
        if line == "cd shop":
            continue
        words = shlex.split(line.removesuffix(" &").partition(" > ")[0])
        name = words[1]
        # Free ports, and as few processes as will do.
        words = [word.replace("http://127.0.0.1:8900", said.get("sandbox", "")) for word in words]
        words += ["--bind", "127.0.0.1:0"] if line.endswith("&") else []
        words += {"up": ["--processes", "1"], "sandbox": ["--products", "3"]}.get(name, [])
        folder = tmp_path if name in ("sandbox", "init") else shop
        if name == "why":
            wait_until_written(said["sandbox"], environ["WEBFLOW_TOKEN"])
        process = instep(*words[1:], folder=folder, **environ)
        if line.endswith("&"):
            said[name] = process.stdout.readline().split()[1]
            continue
        said[name] = process.stdout.read()
        assert process.wait(PATIENCE) == 0, (line, said[name])
        if target := re.search(r" > (\S+)$", line):
            (folder / target[1]).write_text(said[name])
    assert "No problems found" in said["check"]
    assert f"{said['up']}/webhooks/shopify: 200" in said["trigger"]
    assert "It is on the site" in said["why"]
    # Each of the commands, and no file by hand.
    assert set(said) == {"sandbox", "init", "suggest", "check", "up", "trigger", "why"}


def wait_until_written(cms, token):
    """Wait until the first product has the price that the page sets."""
    item = f"{cms}/v2/collections/{PRODUCTS}/items/{product_id(1)}/live"
    ends = time.monotonic() + PATIENCE
    while (held := answer(item, Authorization=f"Bearer {token}")["fieldData"])[
        "price"
    ] != 19.9 or held["name"] != "Bergamot & Fig Candle":
        assert time.monotonic() < ends, held
        time.sleep(0.1)
