"""What a preview says of an item before a change, and of the mappings that it does not concern."""

import json

import pytest

from service.config.build import Configuration
from service.operate import previews
from service.operate.preview_before import before
from service.operate.unmatched import events_in, unmatched
from tests.support.life_rig import Planted


@pytest.fixture
def way(store, tmp_path):
    planted = Planted(store, tmp_path)
    yield planted
    planted.close()


def previewed(way, source="erp", **event):
    """The preview of one event, as the command and the API make it."""
    made = Configuration(way.settings, way.senders, way.mappings)
    body = json.dumps(event).encode()
    how = {"headers": {"content-type": "application/json"}, "topic": None, "fetched": False}
    found = previews.preview(made, way.context.outbox, source, body, **how)
    others = unmatched(made, source, found, events_in(made, source, body, **how))
    held = before(way.context.steps, way.settings, found.changes)
    return previews.as_dict(found, way.settings, held, others)


def test_what_the_item_holds_is_told_beside_what_it_would_hold(way):
    way.receive("P-0001", qty=5)
    way.run()
    (change,) = previewed(way, type="stock", sku="P-0001", qty=6, name="A chair")["changes"]
    assert change["before"] == {"name": None, "stock": 5}
    assert change["after"] == change["fields"] == {"name": "A chair", "stock": 6}
    assert change["topic"] == "stock"


def test_of_a_record_that_is_not_known_nothing_is_held(way):
    (change,) = previewed(way, type="stock", sku="P-0009", qty=6)["changes"]
    assert change["before"] == {"stock": None}


def test_a_value_that_waits_is_not_what_the_item_holds(way):
    way.receive("P-0001", qty=5)
    (change,) = previewed(way, type="stock", sku="P-0001", qty=6)["changes"]
    assert change["before"] == {"stock": None}


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (
            {"type": "stock", "sku": "P-0001", "qty": 1},
            {"Quiet": "it takes quiet; the topic is stock"},
        ),
        (
            {"type": "quiet", "sku": "P-0001", "qty": 1},
            {
                "Stock": "it takes stock; the topic is quiet",
                "Quiet": "`loud` lets nothing of it through",
            },
        ),
        (
            {"type": "stock", "sku": "P-0001"},
            {
                "Stock": "none of its fields is in the payload",
                "Quiet": "it takes quiet; the topic is stock",
            },
        ),
        # Its problem says why.
        ({"type": "stock", "qty": 1}, {"Quiet": "it takes quiet; the topic is stock"}),
    ],
    ids=str,
)
def test_a_mapping_that_is_not_used_says_why(way, event, why):
    told = previewed(way, **event)["unmatched"]
    assert {each["mapping"]: each["why"] for each in told} == why
