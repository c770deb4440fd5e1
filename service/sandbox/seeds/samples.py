"""Sample collections: the products, and any other on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from service.sandbox.fields.values import format_time
from service.sandbox.model.records import Collection, Edit
from service.sandbox.model.schema import Field, offering
from service.sandbox.site.items import Writer
from service.sandbox.site.site import Site

PRODUCTS = "65f000000000000000000001"
CATEGORIES = ("Chairs", "Desks", "Lamps", "Shelves", "Sofas")
START = datetime(2025, 1, 1, tzinfo=UTC)  # createdOn of the first product; a second each

FIELDS = (
    Field("sku", "PlainText", "SKU", validations={"singleLine": True}),
    Field("price", "Number", "Price", validations={"allowNegative": False, "precision": 2}),
    Field("stock", "Number", "Stock", validations={"format": "integer"}),
    Field("in-stock", "Switch", "In stock"),
    Field("description", "RichText", "Description"),
    Field("image", "Image", "Image"),
    Field("category", "Option", "Category", validations=offering(CATEGORIES)),
    Field("launched", "DateTime", "Launched", validations={"format": "date-time"}),
    Field("color", "Color", "Color"),
    Field("supplier", "PlainText", "Supplier"),
)

# type: value for the n-th item; types that refer to something else start empty
_SAMPLES: dict[str, Callable[[int], Any]] = {
    "PlainText": lambda n: f"Text {n}",
    "RichText": lambda n: f"<p>Text {n}</p>",
    "Number": lambda n: n,
    "Switch": lambda n: n % 2 == 0,
    "DateTime": lambda n: format_time(START + timedelta(days=n)),
    "Color": lambda n: f"#{n * 4099 % 0xFFFFFF:06x}",
    "Link": lambda n: f"https://shop.example.com/{n}",
    "Email": lambda n: f"item{n}@example.com",
    "Phone": lambda n: f"+4930{n:06d}",
}


def product_id(n: int) -> str:
    """Return the item id of the *n*-th product, from 1: its sku is ``P-`` and four digits."""
    return f"65f1{n:020x}"


def product(n: int, fields: Mapping[str, Field]) -> dict[str, Any]:
    labels = {label: id for id, label in fields["category"].options.items()}
    return {
        "name": f"Product {n}",
        "slug": f"product-{n}",
        "sku": f"P-{n:04d}",
        "price": round(5 + n * 7 % 995 + 0.95, 2),
        "stock": n * 13 % 100,
        "in-stock": n * 13 % 100 > 0,
        "description": f"<p>Product {n} of the sandbox.</p>",
        "category": labels[CATEGORIES[n % len(CATEGORIES)]],
        "launched": format_time(START - timedelta(days=n % 1000)),
        "color": f"#{n * 4099 % 0xFFFFFF:06x}",
        "supplier": f"Supplier {n % 7}",
    }


def seed_products(site: Site, count: int) -> Collection:
    """Add the collection of *count* published products; the ids are the same on every start."""
    collection = site.add_collection("Products", "products", FIELDS, id=PRODUCTS)
    numbers = range(1, count + 1)
    data = [product(n, collection.fields) for n in numbers]
    return fill(site, collection, data, ids=[product_id(n) for n in numbers])


def samples(fields: Mapping[str, Field], count: int) -> list[dict[str, Any]]:
    """Return field data for *count* items of any schema."""
    return [
        {one.slug: _SAMPLES[one.type](n) for one in fields.values() if one.type in _SAMPLES}
        | {"name": f"Item {n}", "slug": f"item-{n}"}
        for n in range(1, count + 1)
    ]


def fill(
    site: Site,
    collection: Collection,
    data: Sequence[Mapping[str, Any]],
    *,
    ids: Sequence[str] = (),
    live: bool = True,
) -> Collection:
    """
    Add items, created a second apart from START; they do not count as written. Raises Refused if a
    value does not fit its field.
    """
    writer = Writer(site, collection, "v1", live=live)
    edits = [Edit("", fields, archived=False, draft=not live) for fields in data]
    for n, item in enumerate(writer.create(edits, ids=ids)):
        item.created = START + timedelta(seconds=n)
        item.staged = replace(item.staged, updated=item.created)
        if item.live is not None:
            item.live, item.published = item.staged, item.created
    site.calls.written -= len(edits)
    return collection
