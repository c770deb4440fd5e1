"""The configuration and the mappings of the world that is attacked."""

from tests.attack.cms import NUMBERS

CONFIGURATION = """
mappings = ["mappings.py"]
[destinations.site]
api = "v2"
token = "t"
base_url = "http://cms.invalid"
requests_per_minute = 600
linger = 0.0
"""
COLLECTION = """
[collections.{name}]
destination = "site"
id = "{id}"
key = "sku"
missing = "{missing}"
"""
SOURCE = """
[sources.{name}]
sender = "bearer"
secrets = ["s3cret"]
topic = "type"
events = "events || [@]"
{more}
"""
MISSING = {
    "products": "create", "prices": "dead-letter", "notes": "create", "looks": "dead-letter",
}  # fmt: skip
SOURCES = {
    "erp": 'id = "id"',
    "shop": 'id = "id"\noccurred_at = "at"',
    "till": 'id = "id"',
    "bare": "",
    "thin": 'id = "id"',
}
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping, Reference
from tests.attack import world

def look(notice):
    return world.looked(notice)

class Stock(Mapping):
    class Meta:
        source, topics, collection, key, version = "erp", ("changed",), "products", "sku", "rev"
    name = fields.String()
    stock = fields.Integer()
    price = fields.Integer()

class StockGone(Mapping):
    class Meta:
        source, topics, collection, key, version = "erp", ("gone",), "products", "sku", "rev"
        on_delete = "archive"

class StockDeleted(Mapping):
    class Meta:
        source, topics, collection, key, version = "erp", ("deleted",), "products", "sku", "rev"
        on_delete = "delete"

class Price(Mapping):
    class Meta:
        source, topics, collection, key = "shop", ("changed",), "prices", "sku"
    price = fields.Integer()
    stock = fields.Integer()

class TillPrice(Mapping):
    class Meta:
        source, topics, collection, key = "till", ("changed",), "prices", "sku"
    price = fields.Integer()

class Note(Mapping):
    class Meta:
        source, topics, collection, key = "bare", ("changed",), "notes", "sku"
    name = fields.String()
    note = fields.String()
    of = Reference(to="products")

class NoteGone(Mapping):
    class Meta:
        source, topics, collection, key = "bare", ("gone",), "notes", "sku"
        on_delete = "unpublish"

class Look(Mapping):
    class Meta:
        source, topics, collection, key = "thin", ("changed",), "looks", "sku"
        fetch = look
        object = "object"
    note = fields.String()
"""


def written(folder, durability="always"):
    """Write both files into *folder*; returns the environment that names them."""
    text = CONFIGURATION + f'[store]\ndurability = "{durability}"\n'
    for name, id in NUMBERS.items():
        text += COLLECTION.format(name=name, id=id, missing=MISSING[name])
    for name, more in SOURCES.items():
        text += SOURCE.format(name=name, more=more)
    (folder / "instep.toml").write_text(text)
    (folder / "mappings.py").write_text(MAPPINGS)
    return {"INSTEP_CONFIG": str(folder / "instep.toml"), "INSTEP_DATA": str(folder / "d")}
