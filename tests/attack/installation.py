"""The configurations and the mappings of the worlds that are attacked."""

import json
import random
from dataclasses import dataclass

from tests.attack.holdings import NUMBERS

CONFIGURATION = """
mappings = ["mappings.py"]
[destinations.site]
api = "{api}"
live = {live}
publish = "{publish}"
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
locales = {locales}

[collections.{name}.reconcile]
orphans = "{orphans}"

[collections.{name}.guard]
at_most = {most}
percent = 0
half_from = 1000000
window = "10m"
delay = {delay}
"""
SOURCE = """
[sources.{name}]
sender = "bearer"
secrets = ["s3cret"]
topic = "type"
events = "events || [@]"
{more}
"""
FEED = """
[pulls.feed]
url = "http://feed.invalid/products"
items = "data"
requests_per_minute = 600
page = "{page}"
{more}
"""
WRITE_BACK = """
[writeback.{collection}]
collection = "{collection}"
url = "http://{collection}.invalid/{{key}}"
"""


@dataclass(frozen=True)
class Installation:
    """
    How Instep is set up before a CMS.

    Args:
        locales: Those that are written: "primary", "all" or tags.
        tags: Of the site; its items have variants where others than the first are written.
        share: Of the seeds, of so many in a hundred.
        width: The most histories side by side: v1 takes one item a call.
        holds: A mass of deletes, and the first of one, are held.
        publish: What is staged is published: "never", "items" or "site".
        feed: How a source is paged that is pulled; "": there is none.
        told: The collections of which a write-back tells.
    """

    name: str
    api: str = "v2"
    live: bool = True
    locales: object = "primary"
    tags: tuple = ("en", "de")
    share: int = 0
    width: int = 1000
    holds: bool = False
    publish: str = "never"
    feed: str = ""
    told: tuple = ()

    @property
    def written(self):
        """The tags of the locales that are written."""
        if self.locales == "primary":
            return self.tags[:1]
        return self.tags if self.locales == "all" else tuple(self.locales)

    @property
    def localized(self):
        return len(self.written) > 1

    @property
    def publishes(self):
        return self.publish != "never"

    @property
    def collections(self):
        return [name for name in NUMBERS if name != "goods" or self.feed]


INSTALLATIONS = {
    one.name: one
    for one in (
        Installation("live", share=36),
        Installation("staged", live=False, share=16),
        Installation("v1", api="v1", share=6, width=25),
        Installation("v1-staged", api="v1", live=False, share=6, width=25),
        Installation("locales", locales="all", share=12),
        Installation("two-locales", locales=["en", "de"], tags=("en", "de", "fr"), share=8),
        Installation("steered", holds=True, share=10, width=25),
        Installation("steered-staged", live=False, holds=True, share=3, width=25),
        Installation("steered-v1", api="v1", holds=True, share=2, width=6),
        Installation("steered-locales", locales="all", holds=True, share=3, width=6),
        Installation("pulled", feed="number", told=("products", "goods"), share=5, width=25),
        Installation(
            "published",
            live=False,
            publish="items",
            feed="cursor",
            told=("products", "goods"),
            share=5,
            width=25,
        ),
        Installation(
            "published-site", live=False, publish="site", told=("products",), share=3, width=25
        ),
        Installation(
            "published-locales", live=False, publish="items", locales="all", share=2, width=6
        ),
    )
}
LIVE = INSTALLATIONS["live"]


def chosen(seed):
    """The installation of the histories of *seed*."""
    chance = random.Random(f"installed 59 {seed}")  # noqa: S311  # no secret
    shares = [one.share for one in INSTALLATIONS.values()]
    return chance.choices(list(INSTALLATIONS.values()), shares)[0]


MISSING = {
    "products": "create", "prices": "dead-letter", "notes": "create", "looks": "dead-letter",
    "goods": "create",
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
GOODS = """
class Goods(Mapping):
    class Meta:
        source, collection, key = "feed", "goods", "sku"
    name = fields.String()
    stock = fields.Integer(data_key="qty")
"""
PAGES = {
    "number": 'parameter = "number"\nsize = 4',
    "offset": 'parameter = "offset"\nsize = 4',
    "cursor": 'parameter = "cursor"\ncursor = "next"',
    "link": "",
}


def written(folder, installation=LIVE, durability="always"):
    """Write both files into *folder*; returns the environment that names them."""
    live = json.dumps(installation.live)
    text = CONFIGURATION.format(api=installation.api, live=live, publish=installation.publish)
    text += f'[store]\ndurability = "{durability}"\n'
    locales = json.dumps(installation.locales)
    most, delay = (2, 60) if installation.holds else (10**6, 0)
    for name in installation.collections:
        text += COLLECTION.format(
            name=name, id=NUMBERS[name], missing=MISSING[name], locales=locales, most=most,
            delay=delay, orphans="archive" if name == "goods" else "report",
        )  # fmt: skip
    for name, more in SOURCES.items():
        text += SOURCE.format(name=name, more=more)
    if installation.feed:
        text += FEED.format(page=installation.feed, more=PAGES[installation.feed])
    for name in installation.told:
        text += WRITE_BACK.format(collection=name)
    (folder / "instep.toml").write_text(text)
    (folder / "mappings.py").write_text(MAPPINGS + (GOODS if installation.feed else ""))
    return {"INSTEP_CONFIG": str(folder / "instep.toml"), "INSTEP_DATA": str(folder / "d")}
