"""
Write-backs of real processes that are killed while they tell.

Whatever is killed, in the end the shop's rows and a receiver hold what the CMS shows. Each row that
changes comes back as a webhook with the same values, as a trigger would send it: it ends.
"""

import contextlib
import json
import signal
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.depth import depth
from tests.support.real_processes import (
    BY_KEY,
    CONFIGURATION,
    SECRET,
    Instep,
    Line,
    Load,
    eventually,
    signed,
)
from tests.support.standin import COLLECTION, StandIn

KEYS, KILLS = depth((8, 1), (60, 12))
CLAIM = 20  # s that a killed process's claim lasts
MAPPINGS = BY_KEY + '    name = fields.String(data_key="data.name")\n'
TABLES = """
[writeback.shop]
collection = "products"
sql = "sqlite:///{path}"
statement = "UPDATE products SET item = :item, slug = :slug, writes = writes + 1 WHERE sku = :key"

[writeback.erp]
collection = "products"
url = "{url}/items/{{key}}"
"""


class Receiver:
    """Takes a tenth of a second for each message."""

    def __init__(self):
        self.messages = messages = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messages.append(json.loads(body))
                time.sleep(0.1)
                with contextlib.suppress(OSError):
                    self.send_response(204)
                    self.end_headers()

            def log_message(self, *_):
                """Messages are kept, not printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://{}:{}".format(*self.server.server_address)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def newest(self):
        """Return the item id that the newest message about each key told."""
        found = {}
        for each in sorted(self.messages, key=lambda message: message["sequence"]):
            found[each["key"]] = each["item"]
        return found

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Shop:
    """A database whose rows come back as webhooks whenever they change."""

    def __init__(self, path, instep):
        self.path, self.instep, self.echoes, self.stop = path, instep, 0, threading.Event()
        with self.open() as db:
            db.execute(
                "CREATE TABLE products (sku TEXT PRIMARY KEY, qty INT, item TEXT, slug TEXT, "
                "writes INT DEFAULT 0)"
            )
            rows = [(f"K-{n}", n) for n in range(KEYS)]
            db.executemany("INSERT INTO products (sku, qty) VALUES (?, ?)", rows)
        self.thread = threading.Thread(target=self._echo, daemon=True)

    @contextlib.contextmanager
    def open(self):
        db = sqlite3.connect(self.path, timeout=20)
        with db:
            yield db
        db.close()

    def rows(self):
        with self.open() as db:
            return db.execute("SELECT sku, qty, item, slug, writes FROM products").fetchall()

    def _echo(self):
        seen, line = {}, Line(self.instep.address)
        while not self.stop.wait(0.1):
            for sku, qty, _, _, writes in self.rows():
                if seen.setdefault(sku, 0) == writes:
                    continue
                line.address = self.instep.address
                with contextlib.suppress(OSError):
                    if line.ask(signed(payload(sku, qty, f"echo-{sku}-{writes}"))) == 200:
                        seen[sku], self.echoes = writes, self.echoes + 1
        line.close()

    def close(self):
        self.stop.set()
        self.thread.join(20)


def payload(sku, qty, id):
    data = {"sku": sku, "qty": qty, "name": f"Desk {sku}"}
    return {"id": id, "type": "stock.changed", "at": int(time.time() * 1000), "data": data}


@pytest.fixture
def installed(tmp_path):
    cms, receiver = StandIn(1), Receiver()
    text = CONFIGURATION.format(
        api="v2", url=cms.url, more="", collection=COLLECTION, secret=SECRET
    ).replace('key = "sku"', 'key = "sku"\nmissing = "create"')
    text += TABLES.format(path=tmp_path / "shop.db", url=receiver.url)
    instep = Instep(tmp_path, cms, mappings=MAPPINGS, configuration=text)
    shop = Shop(tmp_path / "shop.db", instep)
    yield instep, cms, receiver, shop
    shop.close()
    instep.close()
    receiver.close()
    cms.close()


def test_whatever_is_killed_the_shop_holds_what_the_cms_shows_in_the_end(installed):
    instep, cms, receiver, shop = installed
    process = instep.up()
    shop.thread.start()
    Load(instep, [payload(f"K-{n}", n, f"first-{n}") for n in range(KEYS)]).join()
    for _ in range(KILLS):
        before = len(receiver.messages)
        eventually(lambda before=before: len(receiver.messages) > before, within=2 * CLAIM)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = instep.up(port=instep.address[1])
        if KILLS > 1:
            with shop.open() as db:
                db.execute("UPDATE products SET qty = qty + 1, writes = writes + 1")

    def quiet():
        told = (instep.status() or {}).get("writebacks")
        return told and not any(each["waiting"] for each in told.values()) and told

    def settled():
        items = {f["sku"]: (id, f["slug"]) for id, f in cms.live.items() if f["sku"][0] == "K"}
        rows = {sku: (item, slug) for sku, _, item, slug, _ in shop.rows()}
        heard = {key: (item, items[key][1]) for key, item in receiver.newest().items()}
        return len(items) == KEYS and items == rows == heard

    told = eventually(quiet, within=3 * CLAIM, pause=0.5, told=instep.log)
    eventually(settled, within=2 * CLAIM, pause=0.5, told=lambda: f"{shop.rows()} {cms.live}")
    eventually(lambda: shop.echoes >= KEYS, told=instep.log)
    instep.settled()
    before = len(receiver.messages), [row[-1] for row in shop.rows()], len(cms.calls("PATCH"))
    time.sleep(2.0)  # several rounds of a loop
    assert (len(receiver.messages), [r[-1] for r in shop.rows()], len(cms.calls("PATCH"))) == before
    assert {each["state"] for each in told.values()} == {"flowing"}
    assert instep.status()["dead_letters"] == 0
    # Each message once, and once more for those that were under way as it was killed.
    ids = [each["id"] for each in receiver.messages]
    assert len(ids) - len(set(ids)) <= 20 * KILLS
    if KILLS == 1:
        assert len(set(ids)) == KEYS
