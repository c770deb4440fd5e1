"""Signed nonsense, a store that is away, and a destination that hangs beside one that does not."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.real_processes import (
    BY_ITEM,
    Instep,
    Line,
    Load,
    eventually,
    request,
    say,
    signed,
    wrong,
)
from tests.support.standin import COLLECTION, Fault, StandIn, item_id

TWO = """
mappings = ["mappings.py"]

[destinations.good]
api = "v2"
token = "${WEBFLOW_TOKEN}"
base_url = "GOOD"

[destinations.bad]
api = "v2"
token = "another"
base_url = "BAD"

[collections.products]
destination = "good"
id = "ID"
key = "sku"

[collections.others]
destination = "bad"
id = "ID"
key = "sku"

[sources.erp]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"
id = "id"
topic = "type"
occurred_at = "at"

[store]
spool_mb = 0
"""
BOTH = (
    BY_ITEM.replace('("stock.changed",)', '("stock.changed", "both.changed")')
    + """
class Other(Stock):
    class Meta:
        source = "erp"
        topics = ("both.changed",)
        collection = "others"
        item = "data.item_id"
"""
)


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(60)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def bad():
    bad = StandIn(60)
    bad.fault = lambda _: Fault()
    yield bad
    bad.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms, bad):
    """One installation without a spool, of two workers, one of which may hang."""
    text = TWO.replace("GOOD", cms.url).replace("BAD", bad.url).replace("ID", COLLECTION)
    folder = tmp_path_factory.mktemp("letters")
    instep = Instep(folder, cms, configuration=text, mappings=BOTH, processes=2)
    instep.up()
    yield instep
    bad.close()  # who hangs is let go
    instep.close()


def event(number, place, quantity, kind="stock.changed"):
    data = {"item_id": item_id(place), "qty": quantity}
    at = int(time.time() * 1000)
    return {"id": f"e{number}", "type": kind, "at": at, "data": data}


def post(instep, whole, seconds=30):
    line = Line(instep.address, seconds)
    try:
        return line.ask(whole)
    finally:
        line.close()


def test_what_cannot_be_mapped_is_kept_and_goes_out_once_the_mapping_is_right(cms, instep):
    unmapped = signed(event("unmapped", 4, "12"))
    assert [post(instep, unmapped), post(instep, unmapped)] == [200, 200]  # one letter
    assert post(instep, signed({"type": "stock.changed", "data": {"qty": 1}})) == 200
    nonsense = signed({}).replace(b"\r\n\r\n{}", b"\r\n\r\n{]")
    assert post(instep, nonsense) == 401  # the proof is that of another body
    letters = instep.asked("dead", "list")
    assert {letter["kind"] for letter in letters} == {"unmapped"}
    assert len(letters) == 2
    (dozen,) = [each for each in letters if "qty" in each["problems"][0]["field"]]
    assert instep.status()["fields"]["accepted"] == 1  # the stock; the text is no number to ">"
    assert instep.command("dead", "replay", dozen["id"])[0] == 1  # no better than before
    assert not cms.live[item_id(4)].get("in-stock")
    path = instep.folder / "mappings.py"
    path.write_text(path.read_text().replace('"data.qty', '"to_number(data.qty)'))
    code, said, complaint = instep.command("dead", "replay", dozen["id"])
    assert code == 0, said + complaint
    instep.settled()
    assert cms.live[item_id(4)]["stock"] == 12
    assert cms.live[item_id(4)]["in-stock"] is True
    assert len(instep.asked("dead", "list")) == 1


def test_what_cannot_be_kept_is_503_and_accepted_when_sent_again(cms, instep):
    (store,) = instep.pids()["store"]
    unkept = signed(event("unkept", 5, 8))
    os.kill(store, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        ready = request("/readyz", b"", {}, method="GET")
        # Both at once: a store that hangs is started anew before long.
        with ThreadPoolExecutor() as threads:
            kept = threads.submit(post, instep, unkept)
            # Not the first answer: what was seen half a second ago still serves.
            eventually(lambda: post(instep, ready) == 503)
            assert kept.result() == 503
        say(f"503 after {time.monotonic() - begun:.1f} s")
        assert post(instep, request("/healthz", b"", {}, method="GET")) == 200
    finally:
        with contextlib.suppress(ProcessLookupError):  # one that hangs is started anew
            os.kill(store, signal.SIGCONT)
    assert eventually(lambda: post(instep, unkept) == 200)
    instep.settled()
    assert wrong(cms, {item_id(5): {"stock": 8, "in-stock": True}}) == {}


def test_a_destination_that_hangs_holds_up_no_other(cms, bad, instep):
    arrived, waits, letters = {}, [], instep.status()["dead_letters"]
    for number in range(10, 34):
        sent = time.monotonic()
        # As any sender does, until it is taken: the store may be started anew just now.
        Load(instep, [event(number, number, number + 1, "both.changed")], threads=1).join()
        arrived[item_id(number)] = sent
        time.sleep(max(0.0, sent + 0.8 - time.monotonic()))

    def all_there():
        return all("stock" in cms.live[item] for item in arrived)

    eventually(all_there, within=30, told=instep.log)
    for call in cms.calls("PATCH"):
        waits += [call.at - arrived.pop(item) for item in call.items if item in arrived]
    found = instep.status()
    say(f"slowest {max(waits):.1f} s; {len(bad.calls())} calls hang")
    assert max(waits) < 20
    assert len(bad.calls()) >= 2
    assert found["collections"]["others"]["pending_items"] == 24
    assert found["dead_letters"] == letters
