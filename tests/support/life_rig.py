"""
A way out whose events come in through senders and a mapping, and what `why` says of a record.

Whatever `why` is asked, the API is asked as well, and tells the same.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from unittest.mock import patch

from flask import Flask

from service.api import record as record_api
from service.api import registration
from service.config.build import Configuration
from service.ingest.intake import Intake
from service.mapping.load import load
from service.operate.parts import Parts
from service.operate.record_life import UnknownLocale, UnknownRecord, life_of
from service.senders import build
from service.web import error_answers
from service.web.refusals import Reporter
from tests.support.delivery_rig import Way
from workers.config.settings import Source
from workers.errors import SignatureInvalid
from workers.store.refusals import Refusals

ADMIN = "admin-token-0000001"
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
            admin_token=ADMIN,
        )
        self.begin()
        self.senders = senders = {
            name: build(source, public_url=None) for name, source in sources.items()
        }
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
        asked = (source, proof, json.dumps(event).encode())
        try:
            receipt = self.intake.receive(*asked, now=moved)
        except SignatureInvalid as error:
            self._refused(source, str(error), partial(self.intake.checked, *asked, now=moved))
            return None
        assert receipt
        return event["id"]

    def _refused(self, source, message, checked):
        """Count and list a refusal, as the web process does."""
        refusals = Refusals(self.store)
        refusals._start = lambda: None  # written at once
        reporter = Reporter(self.settings.sources, refusals.count, refusals.list)
        reporter.count_refusal(source, "refused", 401, message, checked)
        refusals.flush()

    def why(self, key, collection="products", locale=None):
        """What the API tells: the whole life of the record, as `life_of` has it."""
        query = {"collection": collection, "key": key}
        if locale is not None:
            query["locale"] = locale
        found, told = self._asked(query)
        if isinstance(found, Exception):
            assert told.status_code == 404
            raise found
        assert told.status_code == 200
        assert told.json == json.loads(json.dumps(found))
        return told.json

    def unknown(self, key, collection="products"):
        """The error that an unknown key gets, of which the API tells all."""
        found, told = self._asked({"collection": collection, "key": key})
        assert isinstance(found, UnknownRecord), found
        assert told.status_code == 404
        whole = found.as_dict()
        assert {n: told.json[n] for n in ("item", "nearest", "deliveries")} == {
            n: whole[n] for n in ("item", "nearest", "deliveries")
        }
        return found

    def _asked(self, query):
        """
        What `life_of` returns or raises, and what the API makes of it.

        Of one call: what a second one says of the time that is left may differ.
        """
        found = []

        def ask(*args, **options):
            try:
                found.append(life_of(*args, **options))
            except (UnknownRecord, UnknownLocale, KeyError) as error:
                found.append(error)
                raise
            return found[-1]

        with patch.object(record_api, "life_of", ask):
            told = self.api("record", **query)
        if not found:  # refused before
            ask(self.context, query["collection"], query["key"], query.get("locale"))
        return found[0], told

    def api(self, path, **query):
        """The answer of the API to the operator, on the present context."""
        if getattr(self, "_served", None) is not self.context:
            self._served, app = self.context, Flask(__name__, static_folder=None)
            configuration = Configuration(self.settings, self.senders, self.mappings)
            registration.register(app, Parts(configuration, self.context))
            error_answers.register(app, Reporter(self.settings.sources, lambda *_: None))
            self._client = app.test_client()
        headers = {"Authorization": f"Bearer {ADMIN}"}
        return self._client.get(f"/api/{path}", query_string=query, headers=headers)

    def items(self, path, **query):
        """The items of a list of the API."""
        answer = self.api(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json["items"]

    def causes(self, key, **more):
        return [each["cause"] for each in self.why(key, **more)["waits"]]
