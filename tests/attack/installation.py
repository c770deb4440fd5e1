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
    """

    name: str
    api: str = "v2"
    live: bool = True
    locales: object = "primary"
    tags: tuple = ("en", "de")
    share: int = 0
    width: int = 1000
    holds: bool = False

    @property
    def written(self):
        """The tags of the locales that are written."""
        if self.locales == "primary":
            return self.tags[:1]
        return self.tags if self.locales == "all" else tuple(self.locales)

    @property
    def localized(self):
        return len(self.written) > 1


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


def written(folder, installation=LIVE, durability="always"):
    """Write both files into *folder*; returns the environment that names them."""
    live = json.dumps(installation.live)
    text = CONFIGURATION.format(api=installation.api, live=live)
    text += f'[store]\ndurability = "{durability}"\n'
    locales = json.dumps(installation.locales)
    most, delay = (2, 60) if installation.holds else (10**6, 0)
    for name, id in NUMBERS.items():
        text += COLLECTION.format(
            name=name, id=id, missing=MISSING[name], locales=locales, most=most, delay=delay
        )
    for name, more in SOURCES.items():
        text += SOURCE.format(name=name, more=more)
    (folder / "instep.toml").write_text(text)
    (folder / "mappings.py").write_text(MAPPINGS)
    return {"INSTEP_CONFIG": str(folder / "instep.toml"), "INSTEP_DATA": str(folder / "d")}
