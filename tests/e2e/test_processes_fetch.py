"""Thin notices with real processes: the notice comes in, the object is read, the CMS shows it."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.support.depth import depth
from tests.support.real_processes import Instep, Line, eventually, request, signed
from tests.support.standin import StandIn, item_id
from tests.support.webhook_listener import listen

MAPPINGS = """
import requests
from marshmallow import fields
from service.mapping import Mapping

def product(event):
    answer = requests.get("SHOP_URL/products/" + event.object, timeout=30)
    answer.raise_for_status()
    return answer.json()

class Product(Mapping):
    class Meta:
        source = "erp"
        topics = ("product.updated",)
        collection = "products"
        item = "item_id"
        fetch = product
        object = "data.id"

    stock = fields.Integer(data_key="qty")
    title = fields.String(data_key="name")
"""


class Shop:
    """
    An API with the products p0, p1, …: it looks, waits for *slow* seconds, and answers *status*.
    """

    def __init__(self):
        self.products = {}
        self.status, self.slow = 200, 0.0
        self.delay = 0.0  # of `listening`
        self.requests = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()  # of `listen`
        self.released = threading.Event()
        self.server = listen(self)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def put(self, number, qty):
        self.products[f"p{number}"] = {
            "item_id": item_id(number),
            "qty": qty,
            "name": f"Product {number}",
        }

    def answer(self, request):
        status, found = self.status, self.products[request.path.rpartition("/")[2]]
        self.released.wait(self.slow)
        return status, {}, found if status == 200 else {"error": "down"}

    def restore(self):
        """Answer what waits, and be as at the beginning."""
        self.status, self.slow = 200, 0.0
        self.released.set()
        self.released = threading.Event()
        self.requests.clear()

    def close(self):
        self.stopping.set()
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(40)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory, cms):
    """One installation, and its shop: each test has products of its own."""
    shop = Shop()
    mappings = MAPPINGS.replace("SHOP_URL", shop.url)
    instep = Instep(tmp_path_factory.mktemp("fetch"), cms, mappings=mappings)
    instep.up()
    yield instep, shop
    instep.close()
    shop.close()


@pytest.fixture
def shop(running):
    """The shop, whose fetches have all ended before the next test."""
    instep, shop = running
    yield shop
    shop.restore()
    eventually(lambda: counted(instep)["waiting"] == 0, within=30.0, told=instep.log)
    shop.requests.clear()


@pytest.fixture
def instep(running):
    return running[0]


def counted(instep):
    """Return what the status says of the fetcher."""
    found = instep.status()["fetchers"].get("product")
    return found or dict.fromkeys(("asked", "merged", "done", "waiting"), 0)


def since(instep, before, *names):
    """Return how much was counted by each name since *before*."""
    found = counted(instep)
    return tuple(found[name] - before[name] for name in names)


def notify(instep, number):
    """Send one notice; return its status and the seconds that the answer took."""
    payload = {"id": f"e{time.monotonic_ns()}", "type": "product.updated"}
    line = Line(instep.address)
    begun = time.monotonic()
    status = line.ask(signed({**payload, "data": {"id": f"p{number}"}}))
    taken = time.monotonic() - begun
    line.close()
    return status, taken


def shows(cms, number, qty):
    return cms.live[item_id(number)].get("stock") == qty


def fetch_process(instep):
    """Return the pid of the process of the fetch queue."""
    # RQ gives its processes a title, with the queue in it, once it is there.
    found = [
        pid
        for pid in instep.pids()["worker"]
        if Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").endswith(b" fetch")
    ]
    return found[0] if len(found) == 1 else None


def test_a_thin_notice_brings_the_fetched_fields_into_the_cms(instep, cms, shop):
    before = counted(instep)
    shop.put(1, 7)
    assert notify(instep, 1)[0] == 200
    eventually(lambda: shows(cms, 1, 7), told=instep.log)
    assert cms.live[item_id(1)]["title"] == "Product 1"
    assert since(instep, before, "asked", "done") == (1, 1)
    assert counted(instep)["waiting"] == 0
    assert len(shop.requests) == 1


def test_the_fetch_process_is_listed_as_a_worker_and_replaced_when_killed(instep):
    eventually(lambda: len(instep.pids()["worker"]) == 2)
    line = Line(instep.address)
    assert json.loads(line.asked(request("/readyz", b"", {}, method="GET"))[1])["workers"] == 1
    line.close()
    first = eventually(lambda: fetch_process(instep))
    os.kill(first, signal.SIGKILL)
    eventually(lambda: fetch_process(instep) not in (None, first), within=5.0)


def test_the_answer_to_the_notice_does_not_wait_for_the_fetch(instep, cms, shop):
    shop.put(2, 7)
    shop.slow = 5.0
    status, taken = notify(instep, 2)
    assert status == 200
    assert taken < 2.0
    assert not shows(cms, 2, 7)


def test_a_fetch_whose_process_is_killed_still_arrives(instep, cms, shop):
    shop.put(3, 7)
    shop.slow = 60.0
    notify(instep, 3)
    eventually(lambda: shop.requests, told=instep.log)
    os.kill(eventually(lambda: fetch_process(instep)), signal.SIGKILL)
    shop.slow = 0.0
    assert not shows(cms, 3, 7)
    with instep.store() as store:
        # The claim of the dead process holds for 90 s, which a test does not wait for.
        assert store.zadd("instep:fetches:product", {"erp:p3": 0}, xx=True, ch=True) == 1
    eventually(lambda: shows(cms, 3, 7), told=instep.log)


def test_a_notice_during_the_fetch_brings_what_is_newer(instep, cms, shop):
    before = counted(instep)
    shop.put(4, 7)
    shop.slow = 1.0
    notify(instep, 4)
    eventually(lambda: shop.requests, told=instep.log)
    shop.put(4, 8)
    notify(instep, 4)
    eventually(lambda: shows(cms, 4, 8), told=instep.log)
    eventually(lambda: counted(instep)["waiting"] == 0)
    assert since(instep, before, "asked", "merged", "done") == (2, 1, 1)


def test_many_notices_of_ten_objects_are_a_few_fetches(instep, cms, shop):
    for number in range(20, 30):
        shop.put(number, 50 + number)
    shop.slow = 0.2
    rounds = depth(10, 30)
    for _ in range(rounds):
        for number in range(20, 30):
            assert notify(instep, number)[0] == 200
    eventually(lambda: counted(instep)["waiting"] == 0, within=30.0)
    eventually(lambda: all(shows(cms, number, 50 + number) for number in range(20, 30)))
    assert len(shop.requests) < 10 * rounds / 2


def test_notices_in_an_outage_of_the_system_all_arrive_after_it(instep, cms, shop):
    shop.status = 503
    for number in range(10, 15):
        shop.put(number, 40 + number)
        assert notify(instep, number)[0] == 200
    eventually(lambda: len(shop.requests) >= 2, told=instep.log)
    found = counted(instep)
    assert (found["state"], found["reason"]) == ("outage", "the answer 503")
    shop.status = 200
    eventually(
        lambda: all(shows(cms, number, 40 + number) for number in range(10, 15)),
        within=30.0,
        told=instep.log,
    )
    assert instep.status()["dead_letters"] == 0
