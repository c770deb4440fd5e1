"""
Faults as users meet them, each planted by a function that returns the way out it is on.

What tells of them is compared by tests: `why` and the API, and the pages of the console.

Args of each:
    plant: Opens a `Planted` with options.
"""

from dataclasses import replace

from service.sandbox.model.schema import Field
from workers.config.settings import Collection, Guard
from workers.store.pauses import Pauses

NAME_TOO_LONG = "x" * 999


def refused_token(plant):
    way = plant()
    way.fault("revoked-token", match={"method": None})
    way.receive("P-0001", qty=5)
    way.run()
    return way


def renamed_field(plant):
    way = plant()
    del way.products.fields["stock"]
    way.receive("P-0001", qty=5)
    way.run()
    return way


def key_with_typo(plant):
    """P-0OO1 is sent, P-0001 is meant; nothing has named that."""
    way = plant()
    way.receive("P-0OO1", qty=5)
    way.run()
    return way


def key_with_typo_beside_its_record(plant):
    """P-0001 was named, then P-00O1 is."""
    way = plant()
    way.receive("P-0001", qty=5)
    way.run()
    way.receive("P-00O1", qty=6)
    way.run()
    return way


def padded_key(plant):
    way = plant()
    way.receive("  P-0001\u3000", qty=5)
    way.run()
    return way


def clock_ahead(plant):
    way = plant()
    way.receive("P-0001", qty=5, ahead=7200)
    way.run()
    return way


def edit_by_hand(plant):
    """P-0001 was edited in the CMS after it was written, and a listing has shown that."""
    way = plant()
    way.receive("P-0001", qty=5)
    way.receive("P-0002", qty=5)
    way.run()
    assert way.why("P-0001")["fields"]["stock"]["known"] == "confirmed"
    way.pass_time(3600)
    way.edit(1, stock=7)
    way.remove(2)
    way.receive("P-0002", qty=6)  # the whole collection is listed
    way.run()
    return way


def paused_collection(plant):
    way = plant()
    way.context.breaker.pause("products", "stock-taking")
    way.receive("P-0001", qty=5)
    way.run()
    return way


def refused_option(plant):
    way = plant()
    way.receive("P-0001", qty=5, category="Nonsense")
    way.run()
    return way


def deleted_item(plant):
    way = plant()
    way.receive("P-0001", qty=5)
    way.run()
    way.remove(1)
    way.receive("P-0001", qty=6)
    way.run()
    return way


def unpublished_item(plant):
    way = plant()
    way.unpublish(1)
    way.receive("P-0001", qty=5)
    way.run()
    return way


def full_plan(plant):
    """The record "new" would be one item too many."""
    way = plant(collection={"missing": "create"})
    way.site.rules.item_limit = len(way.products.items)
    way.change("new", name="New", stock=1)
    way.run(60)
    return way


def lost_picture(plant):
    way = plant()
    way.fault("lost-image")
    way.receive("P-0001", image="https://images.example.com/lost.png")
    way.run()
    return way


def two_sources(plant):
    way = plant()
    way.receive("P-0001", qty=5)
    way.receive("P-0001", qty=6, source="shop", ahead=1)
    way.run()
    return way


def full_budget(plant):
    """P-0007 came last, and the budget of a minute is used up."""
    way = plant(requests_per_minute=6)
    for n in range(1, 8):
        way.receive(f"P-{n:04d}", qty=5)
        way.run(1)
    return way


def waiting_reference(plant):
    """The shelf of P-0001 is the record new-1, which nothing has named."""
    way = plant(collection={"missing": "create"})
    shelves = way.add_collection("shelves")
    way.products.fields["shelf"] = Field(
        "shelf", "Reference", validations={"collectionId": shelves}
    )
    known = {
        **way.settings.collections,
        "shelves": Collection("shelves", "site", shelves, "sku", "create"),
    }
    way.settings = replace(way.settings, collections=known)
    way.begin()
    way.change("P-0001", shelf={"key": "new-1", "to": "shelves"}, stock=4)
    way.run(5)
    return way


def closed_letter(plant):
    """A value was refused, and a newer one has taken its place."""
    way = plant()
    way.receive("P-0001", category="Nonsense")
    way.run()
    way.receive("P-0001", category="Chairs", ahead=1)
    way.run()
    return way


def stale_event(plant):
    """The event e2 came after e1, and is older."""
    way = plant()
    way.receive("P-0001", qty=5)
    way.run()
    way.receive("P-0001", qty=4, ahead=-60)
    way.run()
    return way


def paused_destination(plant):
    """The CMS holds 5 in the stock of P-0001; 6 waits."""
    way = plant()
    way.receive("P-0001", qty=5)
    way.run()
    way.context.breaker.pause("site", "holidays")
    way.receive("P-0001", qty=6, ahead=1)
    return way


def nothing_wrong(plant):
    way = plant()
    way.receive("P-0001", qty=5)
    way.run()
    return way


def unmapped_topic(plant):
    """P-7777 was named by a topic that no mapping takes, alone."""
    way = plant()
    way.receive("P-7777", topic="stock.moved", qty=5)
    return way


def filtered_topic(plant):
    """P-7777 was named by an event that the filter of its mapping leaves out."""
    way = plant()
    way.receive("P-7777", topic="quiet", qty=5)
    return way


def key_elsewhere(plant):
    """The mapping looks for the key of P-7777 where it is not."""
    way = plant()
    way.receive(None, code="P-7777", qty=5)
    return way


def wrong_secret(plant):
    way = plant()
    assert way.receive("P-7777", qty=5, secret="guessed") is None
    return way


def outage(plant):
    way = plant()
    known(way, 1)
    way.down(match={"method": None})
    way.receive("P-0001", qty=5)
    way.run(60)
    return way


def unpublished_site(plant):
    way = plant()
    known(way, 1)
    way.fault("schema-changed")
    way.receive("P-0001", qty=5)
    way.run(5)
    return way


def retired_record(plant):
    way = plant()
    known(way, 1)
    way.retire("P-0001", "archive")
    way.run()
    return way


def ignored_key(plant):
    way = plant(collection={"missing": "ignore"})
    way.receive("P-9999", qty=5)
    way.run()
    return way


def refused_by_schema(plant):
    """The name of P-0001 is too long for its field."""
    way = plant(collection={"preflight": True})
    way.receive("P-0001", name="A chair")
    way.run()
    way.receive("P-0001", qty=5, name=NAME_TOO_LONG, ahead=1)
    way.run()
    return way


def value_not_applied(plant):
    """The CMS takes the name of P-0001, and does not show it."""
    way = plant(collection={"preflight": True})
    way.receive("P-0001", name="A chair")
    way.run()
    way.fault("drop-field", slug="name")
    way.receive("P-0001", qty=5, name="A table", ahead=1)
    way.run()
    return way


def known(way, *numbers):
    """Have the items of some products looked up, nothing waiting, and the site idle."""
    for n in numbers:
        way.receive(f"P-{n:04d}", qty=1, ahead=-60)
    way.run()
    way.pass_time(60)


def held_delete(plant):
    """The source says that P-0001 is gone, and every delete waits for an approval."""
    way = plant(collection={"guard": Guard(at_most=0, percent=0.0, half_from=1, delay=0.0)})
    known(way, 1)
    way.retire("P-0001", "delete")
    way.run()
    return way


def paused_source(plant):
    way = plant()
    known(way, 1)
    Pauses(way.steps, way.settings).pause("source:erp", "its stock is counted", by="alice")
    way.receive("P-0001", qty=5)
    way.run()
    return way
