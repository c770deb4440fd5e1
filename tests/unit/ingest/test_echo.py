"""Which changes are an echo: what the item of the event itself shows, and nothing else."""

import pytest

from service.ingest import own_writes
from service.ingest.intake import Intake
from service.senders.base import Event, Origin
from service.senders.configured_sender import Received
from tests.support.way_in import NOW, Mapped, Outbox
from workers.config.settings import Collection
from workers.model.changes import Change, FieldValue, Gone, canonical

AT = "t01778578199640000"
COLLECTIONS = {
    "products": Collection("products", "site", "c1", "sku"),
    "same": Collection("same", "site", "c1", "sku"),
    "stores": Collection("stores", "site", "c2", "sku"),
}
FILE = {"fileId": "f1", "url": "https://cdn.example/f1.jpg", "alt": None}
VIDEO = {"url": "https://video.example/1", "metadata": {"title": "Oak"}}


def change(fields, *, record="i1", by="item", collection="products", kind="plain"):
    values = tuple(FieldValue(slug, canonical(value), kind) for slug, value in fields.items())
    return Change("FromCms", collection, record, by, values, "t00000000000000009")


def told(one, held, *, fate="held", version=AT):
    """What becomes of a change: (echo, {slug: seen}) of each part."""
    parts = own_writes.told([one], Origin("c1", "i1", held, fate), version, COLLECTIONS)
    return [(part.echo, {f.slug: f.seen for f in part.fields}) for part in parts]


def test_what_the_item_itself_shows_is_an_echo_of_the_time_it_was_shown():
    assert told(change({"stock": 31}), {"stock": 31}) == [(AT, {"stock": None})]


def test_an_echo_keeps_the_version_that_its_mapping_gave_it():
    (part,) = own_writes.told([change({"a": 1})], Origin("c1", "i1", {"a": 1}), AT, COLLECTIONS)
    assert part.version == "t00000000000000009"


def test_what_a_mapping_makes_of_other_fields_is_a_change_of_its_own():
    parts = told(change({"stock": 0, "in-stock": False}), {"stock": 0, "in-stock": True})
    assert parts == [(AT, {"stock": None}), (None, {"in-stock": None})]


def test_a_field_that_the_item_does_not_show_is_no_echo():
    assert told(change({"stock": None}), {}) == [(None, {"stock": None})]


@pytest.mark.parametrize(
    "other",
    [{"collection": "stores"}, {"record": "i2"}, {"record": "oak", "by": "key"}],
    ids=["another collection", "another item", "another key"],
)
def test_a_change_of_something_else_is_no_echo(other):
    held = {"stock": 31, "sku": "pine"}
    assert told(change({"stock": 31}, **other), held) == [(None, {"stock": None})]


@pytest.mark.parametrize(("key", "record"), [("oak", "oak"), (12, "12"), (12.0, "12")])
def test_a_record_may_be_named_by_the_key_that_the_item_holds(key, record):
    one = change({"stock": 31}, record=record, by="key")
    assert told(one, {"stock": 31, "sku": key}) == [(AT, {"stock": None})]


def test_a_key_of_parts_is_that_of_the_item_that_holds_all_of_them():
    one = change({"stock": 31}, record="12|DE", by="key")
    collections = {"products": Collection("products", "site", "c1", ("sku", "country"))}
    held = [{"country": "DE"}, {"country": "FR"}, {}]
    origins = [Origin("c1", "i1", {"stock": 31, "sku": 12} | more) for more in held]
    found = [
        part.echo for each in origins for part in own_writes.told([one], each, AT, collections)
    ]
    assert found == [AT, None, None]


@pytest.mark.parametrize(
    ("kind", "mapped", "held", "seen"),
    [
        ("number", 31, 31.0, None),
        ("date", "2026-05-12T00:00:00.000Z", "2026-05-12T00:00:00Z", '"2026-05-12T00:00:00Z"'),
        ("color", "#FFF", "#ffffff", '"#ffffff"'),
        ("option", "a1", "a1", '"a1"'),
        ("richtext", "<p>x</p>", "<p>x</p>", '"<p>x</p>"'),
        ("video", VIDEO["url"], VIDEO, '"https://video.example/1"'),
        ("image", {"url": FILE["url"]}, FILE, '"f1"'),
        ("image", {"fileId": "f1"}, FILE, '"f1"'),
        ("images", [{"fileId": "f1"}], [FILE], '["f1"]'),
        ("file", None, None, "null"),
    ],
)
def test_a_value_may_be_mapped_in_other_words_than_the_item_shows(kind, mapped, held, seen):
    assert told(change({"it": mapped}, kind=kind), {"it": held}) == [(AT, {"it": seen})]


@pytest.mark.parametrize(
    ("kind", "mapped", "held"),
    [
        ("richtext", "<p>y</p>", "<p>x</p>"),
        ("image", {"url": "https://shop.example/b.jpg"}, FILE),
        ("image", {"url": "https://shop.example/b.jpg"}, {"fileId": "f1"}),
        ("images", [{"fileId": "f1"}], [FILE, FILE]),
        ("image", {"url": "https://shop.example/b.jpg"}, None),
        ("plain", 1, True),
    ],
)
def test_a_value_of_the_same_type_that_is_not_shown_is_a_change(kind, mapped, held):
    assert told(change({"it": mapped}, kind=kind), {"it": held}) == [(None, {"it": None})]


def test_without_a_time_whatever_we_wrote_came_later():
    ((at, _),) = told(change({"stock": 31}), {"stock": 31}, version=None)
    assert at == "t00000000000000000"


def test_nothing_is_written_to_an_item_that_is_deleted():
    assert told(change({"stock": 31, "made": 1}), {"stock": 31}, fate="deleted") == []


def test_what_a_deletion_means_for_other_items_is_a_change():
    assert told(change({"a": 1}, collection="stores"), {}, fate="deleted") == [(None, {"a": None})]


@pytest.mark.parametrize(("fate", "deleted"), [("deleted", True), ("unpublished", False)])
def test_every_collection_of_that_id_hears_that_an_item_is_gone(fate, deleted):
    found = own_writes.gone(Origin("c1", "i1", fate=fate), COLLECTIONS)
    assert found == (Gone("products", "i1", deleted), Gone("same", "i1", deleted))


def test_an_item_that_is_held_is_not_gone():
    assert own_writes.gone(Origin("c1", "i1"), COLLECTIONS) == ()


class Cms:
    """A sender whose events tell of one item."""

    def __init__(self, fate):
        self.fate = fate

    def receive(self, headers, body, *, now):
        origin = Origin("c1", "i1", {"stock": 31}, self.fate, AT)
        event = Event("e1", "changed", "t01778578199700000", {}, origin=origin)
        return Received(headers, body, (event,))


class Taking:
    def __init__(self, mapped):
        self.mapped = mapped

    def changes(self, source, topic, payload, *, version, placed="arrival"):
        return self.mapped


@pytest.mark.parametrize("wanted", [True, False])
def test_the_outbox_hears_of_echoes_and_of_what_is_gone(wanted):
    outbox = Outbox()
    mapped = Mapped((change({"stock": 31}),) if wanted else (), wanted=wanted)
    intake = Intake({"cms": Cms("unpublished")}, Taking(mapped), outbox, print, COLLECTIONS)
    intake.receive("cms", {}, b"{}", now=NOW)
    ((event,),) = (delivery.events for delivery in outbox.deliveries)
    assert [one.echo for one in event.changes] == [AT] * wanted
    assert [one.collection for one in event.gone] == ["products", "same"]
