"""A shop with dead letters of several causes, and the command line on its store."""

import json
import uuid

from click.testing import CliRunner

from service.cli import main
from service.config.build import build
from workers.model.attempts import Batch, BatchOutcome, Call, FieldFailure, ItemOutcome
from workers.model.changes import Change, Delivery, FieldProblem, FieldValue, Incoming
from workers.runtime import jobs
from workers.store.outbox import balanced

TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "t0ken"
linger = 0.0
requests_per_minute = 60000
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
preflight = false
[sources.erp]
sender = "bearer"
secrets = ["s3cret"]
id = "id"
[sources.crm]
sender = "bearer"
secrets = ["s3cret"]
id = "id"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping


class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        key = "sku"

    stock = fields.Integer(data_key="qty", strict=True)


class Price(Mapping):
    class Meta:
        source = "crm"
        collection = "products"
        key = "sku"

    price = fields.Integer(data_key="price")
"""


class Shop:
    def __init__(self, folder, address):
        self.folder = folder
        (folder / "instep.toml").write_text(TOML)
        (folder / "mappings.py").write_text(MAPPINGS)
        self.environ = {"INSTEP_CONFIG": str(folder / "instep.toml"), "REDIS_URL": address}
        self.configuration = build(self.environ)
        self.context = jobs.build(self.configuration.settings)

    def close(self):
        self.context.steps.client.close()
        self.context.wakes.close()

    def configured(self):
        return self.configuration

    def refuse(self, *records, slug="stock", words="Is too long", source="erp"):
        """Let the CMS refuse a value of each of *records*; returns the ids of the letters."""
        known = {letter.id for letter in self.context.letters.list()}
        events = tuple(_event(record, slug, place) for place, record in enumerate(records))
        self.context.outbox.accept(Delivery(source, uuid.uuid4().hex, events))
        while self.context.outbox.slice().more:
            pass
        left = set(records)
        while left:
            self.context.steps.client.delete("instep:wake:site")
            self.context.steps.clock_offset_ms += 2  # the budget's pace
            batch = self.context.outbox.claim(self.context.settings.destinations["site"])
            assert isinstance(batch, Batch), batch
            outcomes = []
            for item in batch.items:
                problem = FieldProblem(slug, f"{words}: '{item.record}'")
                failure = FieldFailure(
                    "refused", (slug,), "Validation Error", 400, "validation_error", (problem,)
                )
                outcomes.append(ItemOutcome(item.record, failures=(failure,), attempt=True))
            outcome = BatchOutcome(tuple(outcomes), "refusal")
            self.context.outbox.settle(batch, outcome, call=Call(400))
            left -= {item.record for item in batch.items}
        return [each.id for each in self.context.letters.list() if each.id not in known]

    def leave_out(self, payload, *, path="qty", message='Not a valid integer; found "x"'):
        """Leave a dead letter of an event that could not be mapped; returns its id."""
        known = {letter.id for letter in self.context.letters.list()}
        self.context.steps.clock_offset_ms += 1  # those of one millisecond are listed in any order
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        event = Incoming(None, None, 0, problems=(FieldProblem(path, message),))
        headers = {"content-type": "application/json"}
        token = uuid.uuid4().hex
        self.context.outbox.accept(Delivery("erp", token, (event,), body=body, headers=headers))
        (id,) = {letter.id for letter in self.context.letters.list()} - known
        return id

    def run(self, *arguments, **options):
        found = CliRunner().invoke(main, arguments, env=self.environ, **options)
        assert balanced(self.context.outbox.counts())
        return found

    def shown(self, *arguments):
        """Run a command with --json and return what it printed."""
        found = self.run(*arguments, "--json")
        assert found.exit_code == 0, found.output
        return json.loads(found.stdout)

    def group(self, title):
        """The id of the problem with this *title*."""
        self.context.problems.group(10_000)
        (found,) = [each.id for each in self.context.problems.read() if each.title == title]
        return found


def _event(record, slug, place):
    value = FieldValue(slug, '"x"', "text")
    return Incoming(
        None, None, place, (Change("Stock", "products", record, "item", (value,), None),)
    )
