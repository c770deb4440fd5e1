"""
What is kept, and run again: an intake on a real store, whose mappings are corrected.

Time is moved through the offset of the steps, never by sleeping.
"""

import json
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from service.ingest.event_mapper import Reader
from service.ingest.intake import Intake
from service.ingest.remap import Remap
from service.mapping.load import load
from service.senders import build
from tests.support.outbox_driver import Bench, sent
from workers.config.settings import Source
from workers.store.delivery_log import Kept
from workers.store.outbox import Outbox, balanced

PROOF = {"authorization": "Bearer s3cret", "content-type": "application/json"}
HEAD = """
from marshmallow import fields
from service.mapping import Mapping

class Stock(Mapping):
    class Meta:
        source = "erp"
        collection = "products"
        item = "sku"
        %s
"""
OPTIONS = {"id": "id", "topic": "type", "occurred_at": "at", "events": "events || [@]"}


class Shop(Bench):
    """
    A source and a mapping that is wrong at first.

    Args:
        fields: Lines of the mapping, as it is at first.
        meta: A line of its Meta.
        sender: Of the source.
        options: Of the sender.
        source: Further settings of the source.
    """

    def __init__(
        self, client, folder, fields, *, meta="", sender="bearer", options=OPTIONS, **source
    ):
        super().__init__(client)
        self.folder = folder
        self.versions = 0
        self.settings = replace(
            self.settings,
            path=folder / "instep.toml",
            sources={"erp": Source("erp", sender, ("s3cret",), options=options, **source)},
        )
        self.outbox = Outbox(self.steps, self.settings)
        self.kept = Kept(self.outbox)
        self.correct(fields, meta=meta)

    def correct(self, fields, *, meta=""):
        """From now on map by *fields*: what comes in, too."""
        self.versions += 1
        name = f"mappings{self.versions}.py"
        lines = textwrap.indent(textwrap.dedent(fields), "    ")
        (self.folder / name).write_text(HEAD % (meta or "pass") + lines)
        self.settings = replace(self.settings, mappings=(name,))
        self.mappings = load(self.settings, {})
        self.senders = {"erp": build(self.settings.sources["erp"], public_url=None)}
        self.intake = Intake(self.senders, self.mappings, self.outbox, str)

    def receive(self, *payloads, **one):
        """Take one delivery of *payloads*, or of the one event that the keywords are."""
        body = {"events": payloads} if payloads else one
        text = json.dumps(body).encode()
        receipt = self.intake.receive("erp", PROOF, text, now=datetime.now(UTC))
        self.finish()
        return receipt.outcome

    def finish(self):
        """Accept the rest of what is accepted in slices."""
        while self.outbox.slice().more:
            assert balanced(self.counts())

    def deliveries(self):
        """What is kept, oldest first."""
        window = self.kept.window("erp")
        since = window.now - timedelta(days=365)
        return list(self.kept.read("erp", since=since, last=window.last))

    def remap(self, *, dry=False, hours=24):
        """Run what was kept of the last *hours* again, and return the run."""
        window = self.kept.window("erp")
        reader = Reader(self.senders, self.mappings)
        made = Remap(self.kept, reader, "erp", dry=dry, wake=str)
        made.run(window.now - timedelta(hours=hours), window.last, lambda *_: None)
        assert balanced(self.counts())
        return made

    def stored(self):
        """All that the store holds, but for what a step leaves behind in any case."""
        passing = ("instep:call:",)
        names = [n for n in self.client.keys("*") if not n.startswith(passing)]
        return {name: self.client.dump(name) for name in sorted(names)}

    def deliver(self):
        """Let the CMS take all that waits, and return what was sent to it."""
        batch = self.batch()
        self.write(batch)
        return sent(batch)
