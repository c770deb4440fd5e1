"""
A store of many records in 100 collections, six fields each, all written and indexed.

One record goes through accept, claim and settle; the others are copies of what that left, made in
the store, and one more that goes the same way must be alike. There are no lives, undo and kept
deliveries but of these.
"""

import time
import uuid

from tests.support.api_rig import Rig
from tests.support.outbox_driver import REST_MS
from workers.model.attempts import Batch, BatchOutcome, Call, ItemOutcome
from workers.model.changes import (
    Change,
    Delivery,
    FieldValue,
    Incoming,
    canonical,
    sequence_version,
)
from workers.store import keys, search_keys
from workers.store.search_row import SearchRow
from workers.store.search_rows import SearchRows

COLLECTIONS = 100
PART = 2_000  # records that one command copies; a multiple of a part's
FORM = "grown:form"
LIVE = "|2025-01-01T00:00:00.000Z|"  # status of an item that is published
TOML = """
mappings = ["mappings.py"]
[store]
durability = "unverified"
[destinations.site]
token = "t0ken-of-the-site"
base_url = "http://127.0.0.1:1"
requests_per_minute = 60000
linger = 0
[sources.erp]
sender = "bearer"
secrets = ["s3cret-of-the-erp"]
id = "id"
topic = "topic"
"""
COLLECTION = """
[collections.{name}]
destination = "site"
id = "65f0{number:020d}"
key = "sku"
preflight = false
"""
MAPPING = """
class M{number}(Mapping):
    class Meta:
        source, collection, key, topics = "erp", "{name}", "sku", ("{name}",)

    stock = fields.Integer()
"""
# Copies the hash KEYS[1] to ARGV[2] records, from the number ARGV[1] on, and indexes their items.
COPY = r"""
local from, prefix, ids, names, born, status, texts, order, rows = unpack(KEYS)
local held = redis.call('HGETALL', from)
local firsts = {}
-- As many as a part has on average (search_parts.lua); *kind*: whose members stand together.
local function put(key, kind, n, member)
  if n % 80 == 0 then
    firsts[kind] = member
    redis.call('ZADD', key .. ':parts', 0, member)
  end
  redis.call('ZADD', key .. ':=' .. firsts[kind], 0, member)
end
for n = tonumber(ARGV[1]), tonumber(ARGV[1]) + tonumber(ARGV[2]) - 1 do
  local key, id = string.format('SKU-%07d', n), string.format('%024x', n + 1)
  local item = {}
  for i, text in ipairs(held) do
    item[i] = string.gsub(text, 'Shoe number %d+', string.format('Shoe number %07d', n))
  end
  redis.call('HSET', prefix .. key, unpack(item))
  redis.call('HSET', ids, key, id)
  redis.call('HSET', names, id, key)
  redis.call('HSET', born, id, ARGV[3])
  redis.call('HSET', status, id, ARGV[4])
  local shoe = string.format('Shoe number %07d', n)
  local words = {id .. '\31i', string.lower(shoe) .. '\31n', string.lower(key) .. '\31k'}
  for kind, word in ipairs(words) do put(texts, kind, n, word .. key) end
  put(order, 'key', n, string.lower(key) .. '\31k' .. key)
  redis.call('HSET', rows, key, cjson.encode({id, shoe}))
end
"""


def name_of(number):
    return f"c{number:02d}"


def key_of(number):
    return f"SKU-{number:07d}"


def id_of(number):
    return f"{number + 1:024x}"


def others(collection, copy):
    """The keys of when the CMS has made each item, of its last status, and of the search index."""
    steps = (keys.of_steps(kind, collection, copy) for kind in ("born", "status"))
    place = f"{collection}:{copy}"
    return *steps, search_keys.texts(place), search_keys.by_key(place), search_keys.rows(place)


def alike(one, other):
    """Whether two stored records differ only in their numbers, of which one may be longer."""
    near = (abs(len(text) - len(other.get(name, ""))) <= 2 for name, text in one.items())
    return one.keys() == other.keys() and all(near)


class GrownStore:
    """A store with *records*, spread over the collections, and the objects that work on it."""

    def __init__(self, folder, socket, records):
        self.records = records
        self.each = records // COLLECTIONS
        names = [(n, name_of(n)) for n in range(COLLECTIONS)]
        toml = TOML + "".join(COLLECTION.format(number=n, name=name) for n, name in names)
        heads = "from marshmallow import fields\n\nfrom service.mapping import Mapping\n\n"
        mappings = heads + "\n".join(MAPPING.format(number=n, name=name) for n, name in names)
        self.rig = Rig(folder, socket, toml=toml, mappings=mappings)
        self.context = self.rig.context
        self.client = self.context.steps.client
        self.settings = self.context.settings
        self.site = self.settings.destinations["site"]
        self.version = 0

    def place(self, name):
        return name, self.settings.copy_of(self.settings.collections[name])

    def fill(self):
        """
        Let one record go all the way, and copy it to all others, with their search rows.

        Returns:
            The bytes of a record.
        """
        name, last = name_of(0), key_of(self.each - 1)
        self.copy(name, 0, 1, {"by": "key"})  # its item is known, as after a listing
        self.client.delete(keys.item(name, key_of(0)))
        self.through(name, 0)
        self.rest(name, 0)
        held = self.client.hgetall(keys.item(name, key_of(0)))
        begin = self.used()
        for n in range(COLLECTIONS):
            for number in range(0, self.each, PART):
                self.copy(name_of(n), number, min(PART, self.each - number), held)
            place = ":".join(self.place(name_of(n)))
            self.client.hset(search_keys.STATE, search_keys.parted(place), self.each)
        size = (self.used() - begin) / self.records
        copied = self.stored(name, last)
        self.client.delete(keys.item(name, last))
        self.through(name, self.each - 1)
        self.rest(name, self.each - 1)
        assert alike(self.stored(name, last), copied), (self.stored(name, last), copied)
        return size

    def rest(self, name, number):
        """Let one record come to rest, and be indexed."""
        self.context.steps.clock_offset_ms += REST_MS
        self.context.steps.run("pack", {"records": [[name, key_of(number)]]})
        self.index()

    def index(self):
        """Bring the search index up to date."""
        while not self.context.search.advance(60.0):
            pass

    def stored(self, name, key):
        """All that is stored of one record, by field."""
        place = ":".join(self.place(name))
        row = self.client.hget(search_keys.rows(place), key)
        texts = SearchRow.parse(row).members(key)
        held = SearchRows(self.context.steps).held(search_keys.texts(place), texts)
        mine = {text.partition("\x1f")[0]: "" for text in held}
        return {**self.client.hgetall(keys.item(name, key)), "row": row, **mine}

    def copy(self, name, first, number, held):
        """Make *number* records like *held*, from the number *first* on, and index them."""
        copy = self.place(name)
        own = (keys.item_ids(*copy), keys.item_keys(*copy), *others(*copy))
        self.client.hset(FORM, mapping=held)
        arguments = (first, number, "2025-01-01T00:00:00.000Z", LIVE)
        self.client.eval(COPY, 9, FORM, keys.item(name, ""), *own, *arguments)
        self.client.delete(FORM)

    def used(self):
        return self.client.info("memory")["used_memory"]

    def through(self, name, number):
        """Accept a change of one record, and write it."""
        self.accept(self.event(name, number))
        while not isinstance(batch := self.claim(), Batch):
            time.sleep(0.01)
        self.settle(batch)

    def event(self, name, number):
        self.version += 1
        values = {
            "name": f"Shoe number {number:07d}",
            "price": 19.5 + self.version % 100,
            "stock": self.version % 1000,
            "in-stock": True,
            "colour": "dark red",
            "made-of": "leather, cotton",
        }
        held = tuple(FieldValue(slug, canonical(v), "text") for slug, v in values.items())
        change = Change("stock", name, key_of(number), "key", held, sequence_version(self.version))
        return Incoming(f"evt_{self.version:020d}", "stock", 0, (change,))

    def accept(self, event):
        self.context.outbox.accept(Delivery("erp", uuid.uuid4().hex, (event,), b"{}", {}, "live"))

    def claim(self):
        self.client.delete(keys.wake("site"))
        return self.context.outbox.claim(self.site)

    def settle(self, batch):
        outcomes = [
            ItemOutcome(item.record, written=tuple(f.slug for f in item.fields), status=LIVE)
            for item in batch.items
        ]
        self.context.outbox.settle(batch, BatchOutcome(outcomes, "success"), call=Call(200))
