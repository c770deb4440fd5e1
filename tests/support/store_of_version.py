"""
Writes a small store, as the code beside it does, as a list of commands that make it again.

    python -m tests.support.store_of_version SOCKET > tests/integration/stores/vN.json

Run it once, with the last commit of a version of the store, or with a release whose stored form is
to be held, as vN-NAME.json: a store that has landed is kept as it was, and never made anew by later
code. SOCKET is a store of its own, which is emptied first.
"""

import base64
import json
import sys
import tempfile
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import redis

from tests.support.outbox_driver import change
from tests.support.remap_rig import PROOF, Shop
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Lookup
from workers.model.changes import Delivery, Incoming
from workers.store.outbox import Outbox
from workers.store.search_index import SearchIndex
from workers.store.upgrade import Upgrade

MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping, Reference

class Stock(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"

    stock = fields.Integer(data_key="qty")
    name = fields.String(data_key="title")
    store = Reference(to="stores", data_key="shop")
"""
COMMANDS = {
    "string": (b"SET", lambda client, key: [client.get(key)]),
    "hash": (b"HSET", lambda client, key: _flat(sorted(client.hgetall(key).items()))),
    "set": (b"SADD", lambda client, key: sorted(client.smembers(key))),
    "list": (b"RPUSH", lambda client, key: client.lrange(key, 0, -1)),
}
LISTED = ("A-1", "A-2", "A-3", "A-4", "P-1", "P-3", "P-4", "R-1")  # the keys that the CMS shows
PASSING = ("instep:call:", "instep:wake", "instep:nudge", "instep:flight:", "instep:budget:")


class Keyed(Shop):
    """A source whose mapping finds its items by their keys, one of them in another collection."""

    def __init__(self, client, folder, **source):
        self.mapping = MAPPINGS
        super().__init__(client, folder, "", **source)

    def correct(self, fields, *, meta=""):
        from service.ingest.intake import Intake
        from service.mapping.load import load
        from service.senders import build

        self.versions += 1
        name = f"keyed{self.versions}.py"
        (self.folder / name).write_text(self.mapping)
        self.settings = replace(self.settings, mappings=(name,))
        self.outbox = Outbox(self.steps, self.settings)
        self.mappings = load(self.settings, {})
        self.senders = {"erp": build(self.settings.sources["erp"], public_url=None)}
        self.intake = Intake(self.senders, self.mappings, self.outbox, str)

    def send(self, sku, at, **values):
        """Take one delivery about *sku*, changed *at* so many seconds into an hour."""
        told = {"id": f"{sku}/{at}", "type": "stock", "at": _time(at), "sku": sku, **values}
        body = json.dumps(told).encode()
        return self.intake.receive("erp", PROOF, body, now=datetime.now(UTC)).outcome

    def work(self, *, refused=(), till=None):
        """Do what is to be done: list, write, and refuse what is written to *refused*."""
        while not isinstance(step := self.claim(), till or type(None)):
            if isinstance(step, Lookup):
                self._list(step)
            elif isinstance(step, Batch):
                self.settle(step, *(self._verdict(item, refused) for item in step.items))
            else:
                return step
        return step

    def _list(self, step):
        keys = LISTED if step.collection == "products" else ("S-1",)
        self.page(step, [(key, f"id-{key}") for key in keys])

    def _verdict(self, item, refused):
        slugs = tuple(field.slug for field in item.fields)
        if item.record in refused:
            return ItemOutcome(
                item.record, failures=(FieldFailure("refused", slugs, "no", 400, "invalid"),)
            )
        return ItemOutcome(item.record, written=slugs)


def _time(at):
    return f"2026-11-01T12:{at // 60:02}:{at % 60:02}Z"


def fill(shop):
    """Bring the store of *shop* into every state that one can be found in."""
    shop.send("A-1", 10, qty=5, title="Oak desk")
    shop.send("A-2", 10, qty=-7)
    shop.send("P-1", 10, qty=4)
    shop.send("P-3", 30, qty=8)
    shop.send("P-4", 10, qty=1)
    shop.send("R-1", 10, qty=1)
    shop.send("M-1", 10, qty=6)  # no item has that key
    shop.send("P-2  ", 20, qty=2)  # nor that one
    shop.work(refused=("A-2",))
    _retire(shop, "R-1", 60)
    shop.work()
    shop.send("A-9", 10, qty="many")
    shop.send("A-3", 20, qty=3)
    shop.send("A-4", 20, qty=2, shop="S-1 ")
    shop.send("P-1   ", 40, qty=9)
    shop.send("P-3 ", 20, qty=2, title="Pine desk")
    shop.send("\u00a0E\u0301-1", 20, qty=1)
    shop.send("\u00c9-1", 10, qty=3)
    _retire(shop, "P-4 ", 60)
    shop.pack()
    SearchIndex(shop.steps, shop.settings).advance(20.0)


def _retire(shop, record, at):
    version = f"t{int(datetime.fromisoformat(_time(at)).timestamp()) * 1_000_000:017d}"
    gone = replace(change(record, {}, by="key", version=version), retire="archive")
    event = Incoming(f"gone/{record}", "stock.gone", 0, (gone,))
    shop.outbox.accept(Delivery("erp", uuid.uuid4().hex, (event,)))


def commands(client):
    """Yield what makes the store again, key by key, in order."""
    for key in sorted(client.keys("instep:*")):
        if key.decode().startswith(PASSING):
            continue
        yield from _made(client, key)
        if (left := client.pttl(key)) > 0:
            yield [b"PEXPIRE", key, str(left).encode()]


def _made(client, key):
    kind = client.type(key).decode()
    if kind == "zset":
        for member, score in client.zrange(key, 0, -1, withscores=True):
            yield [b"ZADD", key, repr(score).encode(), member]
    elif kind == "stream":
        for id, pairs in client.xrange(key):
            yield [b"XADD", key, id, *_flat(pairs.items())]
    else:
        word, read = COMMANDS[kind]
        yield [word, key, *read(client, key)]


def _flat(pairs):
    return (part for pair in pairs for part in pair)


def text_of(part):
    """Return *part* as JSON holds it; what is no text in base64."""
    try:
        return part.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(part).decode()}


def main(socket):
    with redis.Redis(unix_socket_path=socket, decode_responses=True) as client:
        client.flushall()
        with tempfile.TemporaryDirectory() as folder:
            shop = Keyed(client, Path(folder))
            Upgrade(shop.steps, shop.settings).complete()  # as every process does as it starts
            fill(shop)
            at = shop.now_ms()
    with redis.Redis(unix_socket_path=socket) as client:
        told = [[text_of(part) for part in command] for command in commands(client)]
    lines = ",\n".join(json.dumps(command, ensure_ascii=True) for command in told)
    sys.stdout.write(f'{{"at_ms": {at}, "commands": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main(*sys.argv[1:])
