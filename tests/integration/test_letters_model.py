"""
Random histories of events that a mapping can read only in part, until it is corrected: what is not
held is in an open letter at any moment, and once all letters are replayed the newest value of each
field is held and none is open.
"""

import json
import random
from dataclasses import replace

import pytest

import service.ingest.event_mapper
from tests.support.depth import depth
from tests.support.remap_rig import Shop
from workers.store.dead_letters import DeadLetters
from workers.store.outbox import balanced

STRICT = """
stock = fields.Integer(strict=True)
price = fields.Integer(strict=True)
"""
STAGES = (STRICT, STRICT.replace("strict=True", "", 1), STRICT.replace("strict=True", ""))
SLUGS = ("stock", "price")
ACTS = ("new",) * 5 + ("again",) * 2 + ("replay", "remap", "correct")


class History:
    """What was sent, and the newest value of each field: by version, or by the order of arrival."""

    def __init__(self, shop, chosen, *, versions, ids):
        self.shop, self.chosen = shop, chosen
        self.versions, self.ids = versions, ids
        self.stage, self.number, self.sent = 0, 0, []
        self.newest, self.first = {}, {}

    def event(self):
        self.number += 1
        n, chosen = self.number, self.chosen
        # No two have one time.
        at = 1_760_000_000_000 + chosen.randrange(100) * 10_000 + n
        event = {"id": f"e{n}", "sku": chosen.choice("ab"), "at": at}
        for slug in SLUGS:
            if chosen.random() < 0.7:
                event[slug] = chosen.choice([int, str])(chosen.randrange(100))
        # What is not taken at all is no repeat when it comes again, and stands where it came last.
        return event | {"price": n} if self.ids and not self.versions else event

    def receive(self, events):
        self.shop.receive(*events)
        for event in events:
            self.number += 1
            order = self.number
            if self.versions:
                order = event["at"]
            elif self.ids:
                order = self.first.setdefault(event["id"], order)
            for slug in event.keys() & set(SLUGS):
                place = (event["sku"], slug)
                held = self.newest.get(place)
                if held is None or order >= held[0]:
                    self.newest[place] = (order, int(event[slug]))

    def new(self):
        events = [self.event() for _ in range(self.chosen.choice([1, 1, 2, 4]))]
        self.sent.append(events)
        self.receive(events)

    def again(self):
        if not self.sent:
            return
        events = self.chosen.choice(self.sent)
        way = self.chosen.choice(["body", "one", "another body"])
        if way == "one":
            events = [self.chosen.choice(events)]
        elif way == "another body":
            other = self.chosen.choice(self.chosen.choice(self.sent))
            events = [*self.chosen.sample(events, len(events)), other]
        self.receive(events)

    def replay(self):
        if letters := self.shop.letters():
            self.replay_one(self.chosen.choice(letters)["id"])

    def replay_one(self, id):
        letter = DeadLetters(self.shop.steps, self.shop.settings).show(id)
        if not letter.body and letter.again.number:
            found = self.shop.kept.find("erp", letter.again.number, since=letter.created)
            letter = replace(letter, body=found.body)
        if letter.body:
            self.shop.intake.replay(letter)

    def remap(self):
        self.shop.remap()

    def correct(self):
        self.stage = min(self.stage + 1, 2)
        self.shop.correct(STAGES[self.stage])

    def missing(self):
        """The fields that do not hold their newest value."""
        return {
            (record, slug)
            for (record, slug), (_, value) in self.newest.items()
            if (self.shop.item(record)[1].get(slug) or {}).get("v") != json.dumps(value)
        }

    def left_out(self):
        names = (name for letter in self.shop.letters() for name in letter if name[:2] == "o:")
        return {tuple(json.loads(name[2:])[1:]) for name in names}


@pytest.mark.parametrize("ids", [True, False], ids=["ids", "no ids"])
@pytest.mark.parametrize("versions", [True, False], ids=["times", "no times"])
@pytest.mark.parametrize("hours", [24, 0], ids=["kept", "not kept"])
@pytest.mark.parametrize("seed", range(depth(4, 12)))
def test_what_is_not_held_is_in_a_letter_until_it_is(
    store, tmp_path, monkeypatch, seed, hours, versions, ids
):
    chosen = random.Random(seed)  # noqa: S311  # no secret
    monkeypatch.setattr(service.ingest.event_mapper, "LETTERS", (1, 2, 200)[seed % 3])
    options = {"events": "events || [@]"}
    options |= {"id": "id"} if ids else {}
    options |= {"occurred_at": "at"} if versions else {}
    shop = Shop(store, tmp_path, STAGES[0], options=options, keep_hours=hours)
    history = History(shop, chosen, versions=versions, ids=ids)
    for _ in range(14):
        act = chosen.choice(ACTS)
        if act != "remap" or hours:
            getattr(history, act)()
        assert balanced(shop.counts())
        assert history.missing() <= history.left_out()
    shop.correct(STAGES[2])
    for letter in shop.letters():
        history.replay_one(letter["id"])
    assert balanced(shop.counts())
    assert (history.missing(), shop.letters()) == (set(), [])
