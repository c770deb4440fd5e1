"""A way out whose events come in through senders and a mapping, and what `why` says of a record."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from service.ingest.intake import Intake
from service.mapping.load import load
from service.operate.record_life import UnknownRecord, life_of
from service.senders import build
from tests.support.delivery_rig import Way
from workers.config.settings import Source
from workers.errors import SignatureInvalid

MAPPINGS = """
from marshmallow import fields
from service.mapping import Image, Mapping, Option, Reference

class Stock(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"
        topics = ("stock",)

    name = fields.String()
    stock = fields.Integer(data_key="qty", strict=True)
    category = Option()
    image = Image()

class Quiet(Stock):
    class Meta:
        source, collection, key = "erp", "products", "sku"
        topics = ("quiet",)
        when = "loud"

class Price(Stock):
    class Meta:
        source, collection, key = "shop", "products", "sku"
        topics = ("stock",)
"""
OPTIONS = {"id": "id", "topic": "type", "occurred_at": "at"}


class Planted(Way):
    """
    Args:
        folder: Of the mappings.
        collection: Options of the collection "products".
    """

    def __init__(self, store, folder, **options):
        super().__init__(store, by="key", **options)
        (folder / "mappings.py").write_text(MAPPINGS)
        sources = {
            name: Source(name, "bearer", (f"s3cret-{name}",), options=OPTIONS)
            for name in ("erp", "shop")
        }
        self.settings = replace(
            self.settings,
            path=folder / "instep.toml",
            sources=sources,
            mappings=("mappings.py",),
            store=replace(self.settings.store, data=folder),
        )
        self.begin()
        senders = {name: build(source, public_url=None) for name, source in sources.items()}
        self.mappings = load(self.settings, {})
        outbox, collections = self.context.outbox, self.settings.collections
        self.intake = Intake(senders, self.mappings, outbox, str, collections)
        self.events = 0

    def receive(self, sku, *, ahead=0.0, topic="stock", source="erp", secret=None, **fields):
        """Take one event of the record *sku* that happened some seconds *ahead*; its id."""
        self.events += 1
        at = datetime.fromtimestamp(self.now() + ahead, UTC)
        event = {"id": f"e{self.events}", "type": topic, "at": at.isoformat(), "sku": sku, **fields}
        proof = {"authorization": f"Bearer {secret or f's3cret-{source}'}"}
        proof["content-type"] = "application/json"
        moved = datetime.now(UTC) + timedelta(seconds=self.moved())
        try:
            receipt = self.intake.receive(source, proof, json.dumps(event).encode(), now=moved)
        except SignatureInvalid:
            return None
        assert receipt
        return event["id"]

    def why(self, key, collection="products", locale=None):
        return life_of(self.context, collection, key, locale)

    def unknown(self, key, collection="products"):
        """The error that an unknown key gets."""
        try:
            found = self.why(key, collection)
        except UnknownRecord as error:
            return error
        raise AssertionError(found)

    def causes(self, key, **more):
        return [each["cause"] for each in self.why(key, **more)["waits"]]
