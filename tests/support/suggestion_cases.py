"""
The payloads of tests/vectors/suggestions, with the pairs that a person chose.

They were chosen before there was anything that suggests. Those whose names begin with ``held`` were
tried once all of the ten others were right: 14 of their 17 pairs were found then. What that showed
was mended since, so now they only keep what is reached.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.onboarding.sample_events import Occasion
from service.onboarding.suggest import Sample, Wanted
from service.onboarding.trigger import delivery
from service.senders import build
from tests.support.signed_requests import LEAST
from workers.config.settings import Source
from workers.webflow.item_answers import read

FOLDER = Path(__file__).parents[1] / "vectors" / "suggestions"
NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
OCCASION = Occasion("0f6e1c5263a84f0e9d2c0a4a1f7e9c11", NOW)
SENDERS = {"own": "hmac"}
OWN = {"id": "id", "topic": "type", "occurred_at": "at"}


@dataclass(frozen=True)
class Case:
    name: str
    held: dict[str, object]

    def __str__(self):
        return self.name

    @property
    def sender(self):
        return SENDERS.get(self.held["sender"], self.held["sender"])

    @property
    def source(self):
        least = LEAST.get(self.sender, {})
        options = least.get("options", {}) | self.held["options"]
        options |= OWN if self.held["sender"] == "own" else {}
        values = {"name": "shop", "sender": self.sender, "secrets": ("s3cret",)} | least
        return Source(**values | {"url": "https://a.example/x", "options": options})

    @property
    def fields(self):
        body = json.dumps({"id": "c", "slug": "c", "fields": self.held["fields"]}).encode()
        return read(200, {}, body).schema

    @property
    def deliveries(self):
        source = self.source
        sender = build(source, public_url=None)
        sent = (delivery(source, sender, topic, [], OCCASION) for topic in self.held["topics"])
        return [(each.headers, each.body) for each in sent]

    @property
    def samples(self):
        sender = build(self.source, public_url=None)
        found = [event for each in self.deliveries for event in sender.split(*each).events]
        return [Sample(event.topic, event.payload) for event in found]

    @property
    def wanted(self):
        held = self.held
        keys = (held["key"],)
        return Wanted("shop", self.sender, held["collection"], keys, self.fields, {})

    @property
    def pairs(self):
        """Slug → the paths that a person may have chosen."""
        return self.held["pairs"]

    def found(self, suggestion):
        """Return slug → path of what a person chose, too; and what nobody chose."""
        every = [*(pair for each in suggestion.classes for pair in each.paths.items())]
        right = {slug: path for slug, path in every if path in self.pairs.get(slug, ())}
        return right, [(slug, path) for slug, path in every if slug not in right]


def cases():
    files = sorted(FOLDER.glob("*.json"))
    return [Case(file.stem, json.loads(file.read_text("utf-8"))) for file in files]


TEN = [case for case in cases() if not case.held["held_back"]]
FIVE = [case for case in cases() if case.held["held_back"]]
