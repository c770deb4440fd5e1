"""Pauses of a source and a lane, by real processes: what waits, what goes on, and kill -9."""

import json
import re
import time

import pytest

from tests.support.real_processes import Instep, Load, eventually, signed, wrong
from tests.support.standin import COLLECTION, StandIn, item_id

ITEMS = 60  # of a test, and those of shorter ones
LANE, SHORT = range(ITEMS, ITEMS + 10), range(ITEMS + 10, ITEMS + 15)
CONFIGURATION = f"""
mappings = ["mappings.py"]
[destinations.site]
token = "${{{{WEBFLOW_TOKEN}}}}"
base_url = "{{url}}"
requests_per_minute = 600
[collections.products]
destination = "site"
id = "{COLLECTION}"
key = "sku"
[sources.erp]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"
id = "id"
topic = "type"
occurred_at = "at"
[sources.shop]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"
id = "id"
topic = "type"
occurred_at = "at"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        item = "data.item"

    stock = fields.Integer(data_key="data.qty")
    title = fields.String(data_key="data.title")

class Sale(Mapping):
    class Meta:
        source = "shop"
        collection = "products"
        item = "data.item"

    stock = fields.Integer(data_key="data.qty")
"""
BEGAN = time.time_ns() // 1_000_000 - 3_600_000


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(ITEMS + 20, limit=600)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms):
    """One installation; each test has items of its own."""
    text = CONFIGURATION.format(url=cms.url)
    folder = tmp_path_factory.mktemp("pauses")
    instep = Instep(folder, cms, configuration=text, mappings=MAPPINGS)
    instep.up()
    yield instep
    instep.close()


def event(source, n, at, **data):
    """A signed delivery: of the item *n*, changed *at* s after the beginning."""
    payload = {"id": f"{source}-{n}-{at}", "type": "t", "at": BEGAN + 1000 * at}
    payload["data"] = {"item": item_id(n), **data}
    return signed(payload, path=f"/webhooks/{source}")


def sent(instep, events):
    Load(instep, events, threads=4).join()


def done(instep, *words):
    code, said, wrong = instep.command(*words)
    assert code == 0, wrong
    return said


def pending(instep, values):
    """Wait until as many values are pending, and no more are on their way."""

    def look():
        found = instep.status()
        return found and found["fields"]["pending"] == values and found["balanced"]

    eventually(look, within=30, pause=0.2, told=lambda: f"{instep.status()}{instep.log()[-2000:]}")


def test_a_paused_lane_waits_and_goes_on(instep, cms):
    calls = len(cms.calls("PATCH"))
    done(instep, "pause", "lane:live")
    sent(instep, [event("erp", n, 1, qty=n) for n in LANE])
    pending(instep, 10)
    assert len(cms.calls("PATCH")) == calls
    said = done(instep, "resume", "lane:live")
    assert "products: 10 items wait" in said
    instep.settled()
    assert wrong(cms, {item_id(n): {"stock": n} for n in LANE}) == {}


def check_ended(instep):
    """The audit list says who did what."""
    with instep.store() as store:
        told = [each for _, each in store.xrange("instep:audit")]
    ended = {each[b"target"].decode() for each in told if each[b"by"] == b"instep"}
    assert ended == {"source:shop", "collection:products"}
    by_hand = {each[b"target"]: each for each in told if each[b"by"] != b"instep"}
    assert json.loads(by_hand[b"source:shop"][b"figures"])["until"].endswith("Z")


def test_a_paused_source_waits_and_others_go_on_and_pauses_end_though_all_are_killed(instep, cms):
    fields = instep.status()["fields"]
    before = {item_id(n): dict(cms.live[item_id(n)]) for n in range(ITEMS)}
    done(instep, "pause", "source:erp", "--reason", "a wrong feed")
    sent(instep, [event("erp", n, 1, qty=100 + n, title=f"of erp {n}") for n in range(ITEMS)])
    later = range(0, ITEMS, 2)  # the shop's stock is newer
    sent(instep, [event("shop", n, 2, qty=200 + n) for n in later])
    newest = range(0, ITEMS, 4)  # and erp's newer still
    sent(instep, [event("erp", n, 3, qty=300 + n) for n in newest])
    # Titles, erp's stock of the odd ones, and its newest of every fourth.
    held = ITEMS + ITEMS // 2 + len(newest)
    # The shop's value of every fourth may be overtaken before it is sent.
    pending(instep, held)
    shops = {item_id(n): {"stock": 200 + n} for n in later if n not in newest}
    assert wrong(cms, shops) == {}
    odd = {item_id(n): before[item_id(n)] for n in range(1, ITEMS, 2)}
    assert wrong(cms, odd) == {}
    assert not any("of erp" in str(call.body) for call in cms.calls("PATCH"))

    # Two pauses that end by themselves meanwhile.
    said = done(instep, "pause", "source:shop", "--for", "8s")
    assert re.fullmatch(r"Paused: source:shop until [-\d]+ [:\d]+ UTC\n", said)
    done(instep, "pause", "products", "--for", "6s")
    sent(instep, [event("shop", n, 1, qty=n) for n in SHORT])
    instep.started[-1].kill()
    instep.started[-1].wait()
    instep.up(port=instep.address[1])
    eventually(lambda: instep.log().count("pause over") == 2, within=30, told=instep.log)
    pending(instep, held)
    check_ended(instep)
    assert wrong(cms, {item_id(n): {"stock": n} for n in SHORT}) == {}
    status = instep.status()
    assert status["collections"]["products"]["state"] == "flowing"
    assert status["sources"]["shop"]["state"] == "flowing"
    assert status["sources"]["erp"]["state"] == "paused"
    assert status["sources"]["erp"]["resting"]["products"]["items"] == ITEMS
    assert "source erp: paused" in {each["name"] for each in status["reasons"]}
    assert wrong(cms, odd) == {}

    said = done(instep, "resume", "source:erp")
    assert f"products: {ITEMS} items wait, the oldest since" in said
    status = instep.settled()
    truth = {item_id(n): {"stock": 100 + n, "title": f"of erp {n}"} for n in range(ITEMS)}
    for n in later:
        truth[item_id(n)]["stock"] = 200 + n
    for n in newest:
        truth[item_id(n)]["stock"] = 300 + n
    assert wrong(cms, truth) == {}
    counts = {name: n - fields[name] for name, n in status["fields"].items()}
    assert counts["accepted"] == 2 * ITEMS + len(later) + len(newest) + len(SHORT)
    # Stale is what a busy machine has spooled until a newer one had come.
    fates = ("written", "superseded", "unchanged", "stale")
    assert sum(counts[fate] for fate in fates) == counts["accepted"]
    assert status["sources"]["erp"]["resting"] == {}
    warnings = [line for line in instep.log().splitlines() if '"message":"paused by hand"' in line]
    (warning,) = [line for line in warnings if "source:erp" in line]
    assert "a wrong feed" in warning
