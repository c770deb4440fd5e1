"""Mistakes as people make them: `check` names each of them, and says nothing of a clean one."""

import json
import re
import textwrap
import time
from dataclasses import dataclass
from datetime import timedelta

import pytest
from click.testing import CliRunner

from service.cli import main
from service.operate import documentation
from service.sandbox.control.orders import arm, order_of
from service.sandbox.model.locales import make_locales
from service.sandbox.model.schema import Field, offering
from service.sandbox.seeds.samples import PRODUCTS, fill, product_id, samples, seed_products
from service.sandbox.server import start, stop
from service.sandbox.site.columns import drop_field
from service.sandbox.site.site import Site

TOKEN = "wf-7b1f0c64"
BRANDS = "65f000000000000000000002"
PEOPLE = "65f000000000000000000003"
TOML = """
mappings = ["mappings.py"]
[destinations.site]
token = "${WEBFLOW_TOKEN}"
base_url = "URL"
live = true
[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"
missing = "create"
locales = "primary"
[collections.brands]
destination = "site"
id = "65f000000000000000000002"
key = "code"
locales = "primary"
[collections.people]
destination = "site"
id = "65f000000000000000000003"
key = "mail"
locales = "primary"
[sources.shop]
sender = "shopify"
secrets = ["shpss_5d41402abc4b2a76"]
[sources.erp]
sender = "hmac"
secrets = ["${ERP_SECRET}"]
header = "X-Signature"
id = "id"
topic = "type"
occurred_at = "at"
"""
MAPPINGS = """
from marshmallow import fields, validate
from service.mapping import *
from service.mapping import Mapping

class Product(Mapping):
    class Meta:
        source = "shop"
        topics = ("products/create", "products/update")
        collection = "products"
        key = "variants[0].sku"

    name = fields.String(data_key="title")
    price = fields.Decimal(data_key="variants[0].price")
    description = RichText(data_key="body_html")
    image = Image(data_key="image.src")
    launched = fields.AwareDateTime(data_key="published_at")
    color = Color(data_key="tint")
    brand = Reference(to="brands", data_key="vendor")
    availability = Option(data_key="available && 'In stock' || 'Sold out'")

class Stock(Mapping):
    class Meta:
        source = "erp"
        topics = ("stock.changed",)
        collection = "products"
        key = "sku"
        version = "at"

    stock = fields.Integer(data_key="qty")
    in_stock = fields.Boolean(data_key="qty > `0`")
    category = Option(data_key="kind", validate=validate.OneOf(["Chairs", "Desks"]))
    grade = Lookup({"1": "First", "2": "Second"}, Option())

class Brand(Mapping):
    class Meta:
        source = "erp"
        topics = ("brand.changed",)
        collection = "brands"
        key = "code"

    name = fields.String()

class Person(Mapping):
    class Meta:
        source = "erp"
        topics = ("person.changed",)
        collection = "people"
        key = "mail"

    home = Link()
"""
PERSON_AND_BRAND = MAPPINGS[MAPPINGS.index("class Brand") :]
ENVIRON = {"WEBFLOW_TOKEN": TOKEN, "ERP_SECRET": "b1946ac92492d2347c6235b4d2611184"}


def seed(site):
    products = seed_products(site, 3)
    for field in (
        Field("brand", "Reference", validations={"collectionId": BRANDS}),
        Field("availability", "Option", validations=offering(["In stock", "Sold out"])),
        Field("grade", "Option", validations=offering(["First", "Second"])),
        Field("must", "PlainText"),
    ):
        products.put_field(field)
    brands = site.add_collection("Brands", "brands", [Field("code", "PlainText")], id=BRANDS)
    people = [Field("mail", "Email"), Field("home", "Link")]
    people = site.add_collection("People", "people", people, id=PEOPLE)
    for each, slug in ((brands, "code"), (people, "mail")):
        data = samples(each.fields, 2)
        keys = {"code": "B-{}", "mail": "p{}@example.com"}
        fill(site, each, [one | {slug: keys[slug].format(n)} for n, one in enumerate(data)])


@dataclass
class Planted:
    """
    One mistake: what is changed, and the finding that names it.

    Args:
        toml, mappings: Pairs of texts, old and new; an old one "" is added at the end.
        site: Called with the site.
        where: How the place ends.
        words: That the finding has.
    """

    where: str
    words: tuple[str, ...]
    toml: tuple[str, str] | None = None
    mappings: tuple[str, str] | None = None
    site: object = None
    environ: dict | None = None
    level: str = "error"
    code: int = 1


def changed(text, change):
    if change is None:
        return text
    old, new = change
    assert old in text
    return text.replace(old, new, 1) if old else text + new


def change_field(slug, **changes):
    def change(site):
        from dataclasses import replace

        products = site.collections[PRODUCTS]
        products.put_field(replace(products.fields[slug], **changes))

    return change


def drop(slug):
    return lambda site: drop_field(
        site, site.collections[PRODUCTS], site.collections[PRODUCTS].fields[slug]
    )


def again(site):
    """A second item with the key of the first."""
    products = site.collections[PRODUCTS]
    made = {"name": "Copy", "slug": "copy", "sku": "P-0001"}
    fill(site, products, [made], ids=["65f0000000000000000000aa"])
    products.items["65f0000000000000000000aa"].created += timedelta(days=1)


def revoked(site):
    site.tokens.token = "another"


def ecommerce(site):
    for slug in ("sku-properties", "default-sku"):
        site.collections[PRODUCTS].put_field(Field(slug, "PlainText"))


def unpublish(site):
    site.published = None


def localize(site):
    site.locales = make_locales(("en", "de"))


def fault(words):
    return lambda site: arm(site.faults, order_of(words))


def scopes(*names):
    return lambda site: site.tokens.grant(TOKEN, names)


MISTAKES = {
    # What the token and the ids open
    "a token that the site does not know": Planted(
        "destinations.site.token",
        ("status 401", "create a new token"),
        environ={"WEBFLOW_TOKEN": "wf-of-last-year"},
    ),
    "a token that may not write": Planted(
        "destinations.site.token",
        ("the scopes cms:read, sites:read", "cms:write too"),
        site=scopes("cms:read", "sites:read"),
    ),
    "a token that may not read the CMS": Planted(
        "destinations.site.token",
        ("status 403", "missing the following scopes", "cms:read and cms:write"),
        site=scopes("sites:read"),
    ),
    "the id of a collection of another site": Planted(
        "collections.brands.id",
        ("status 404", "one that the token can see: Products", f"write {BRANDS}, the collection"),
        toml=("65f000000000000000000002", "65f0000000000000000000ee"),
    ),
    "the id of another site": Planted(
        "destinations.site.site",
        ("status 404", "65e0000000000000000000ee"),
        toml=("live = true", 'live = true\nsite = "65e0000000000000000000ee"'),
    ),
    "the address with a path that serves nothing": Planted(
        "destinations.site.base_url",
        ("status 404", "serves no API"),
        toml=('"URL"', '"URL/api"'),
    ),
    "the address of a machine that does not answer": Planted(
        "destinations.site.base_url",
        ("an answer from the CMS", "check the address"),
        toml=('"URL"', '"http://127.0.0.1:1"'),
    ),
    "a token of the other API": Planted(
        "destinations.site.api",
        ("status 400", 'set api = "v1"'),
        site=fault("status=400,code=invalid_auth_version"),
    ),
    "a site that was never published": Planted(
        "destinations.site.live",
        ("never published", "live = false"),
        site=unpublish,
    ),
    "a collection of Webflow's Ecommerce": Planted(
        "collections.products.id", ("Ecommerce", "a collection of your own"), site=ecommerce
    ),
    # What the collection has
    "a slug with an underscore": Planted(
        "Product.launched",
        ("launched_at, a field", "write launched,"),
        mappings=(
            'launched = fields.AwareDateTime(data_key="published_at")',
            'launched = fields.AwareDateTime(attribute="launched_at")',
        ),
    ),
    "a mistyped slug": Planted(
        "Product.descripton",
        ("descripton, a field", "write description,"),
        mappings=("description = ", "descripton = "),
    ),
    "a field that was deleted in Webflow": Planted(
        "Product.color", ("color, a field that products does not have",), site=drop("color")
    ),
    "the name of a field instead of its slug": Planted(
        "collections.products.key", ("SKU, a field", "write sku,"), toml=('"sku"', '"SKU"')
    ),
    "a key field that does not exist": Planted(
        "collections.brands.key", ("ean, a field",), toml=('"code"', '"ean"')
    ),
    "a key in a field that holds none": Planted(
        "collections.products.key",
        ("category, a field of the type Option", "PlainText"),
        toml=('"sku"', '"category"'),
    ),
    "a key that two items have": Planted(
        "collection products",
        ("key P-0001 in items", f"{product_id(1)} is written"),
        site=again,
        level="warning",
        code=0,
    ),
    "a field of reconcile that does not exist": Planted(
        "collections.products.reconcile.fields",
        ("stocks, a field", "write stock,"),
        toml=("", '[collections.products.reconcile.fields]\nstocks = "cms wins"\n'),
    ),
    "a required field that nothing writes": Planted(
        "collections.products.missing",
        ("the required must", "map must"),
        site=change_field("must", required=True),
    ),
    # What fits into a field
    "a number for a text": Planted(
        "Brand.name",
        ("Integer for name, a field of the type PlainText", "expected fields.String()"),
        mappings=("name = fields.String()", "name = fields.Integer()"),
    ),
    "a list for a single reference": Planted(
        "Product.brand",
        ("MultiReference for brand, a field of the type Reference", "expected Reference()"),
        mappings=("brand = Reference(", "brand = MultiReference("),
    ),
    "a date for a link": Planted(
        "Person.home",
        ("AwareDateTime for home, a field of the type Link", "expected Link()"),
        mappings=("home = Link()", "home = fields.AwareDateTime()"),
    ),
    "a text for a number": Planted(
        "Product.price",
        ("String for price, a field of the type Number", "fields.Decimal()"),
        mappings=("fields.Decimal(", "fields.String("),
    ),
    "a text for a switch": Planted(
        "Stock.in_stock",
        ("String for in-stock, a field of the type Switch", "fields.Boolean()"),
        mappings=('fields.Boolean(data_key="qty > `0`")', 'fields.String(data_key="state")'),
    ),
    "a text for a picture": Planted(
        "Product.image",
        ("String for image, a field of the type Image", "Image()"),
        mappings=("image = Image(", "image = fields.String("),
    ),
    "a text for an option": Planted(
        "Stock.category",
        ("String for category, a field of the type Option", "Option()"),
        mappings=("category = Option(", "category = fields.String("),
        level="warning",
        code=0,
    ),
    "a text field that became a number": Planted(
        "Product.description",
        ("RichText for description, a field of the type Number",),
        site=change_field("description", type="Number"),
    ),
    "the label of an option in another case": Planted(
        "Product.availability",
        ("'in stock', which is no option of availability", "write 'In stock'"),
        mappings=("'In stock'", "'in stock'"),
    ),
    "a label that the site does not have": Planted(
        "Stock.category",
        ("'Tables', which is no option of category", "'Chairs', 'Desks'"),
        mappings=('"Desks"', '"Tables"'),
    ),
    "a label in a lookup table": Planted(
        "Stock.grade",
        ("'Frist', which is no option of grade", "write 'First'"),
        mappings=('"First"', '"Frist"'),
    ),
    "an option that was renamed in Webflow": Planted(
        "Product.availability",
        ("'Sold out', which is no option of availability", "write 'Sold-out'"),
        site=change_field("availability", validations=offering(["In stock", "Sold-out"])),
    ),
    "a reference to another collection": Planted(
        "Product.brand",
        ('to="people", while the field brand refers to "brands"', 'write to="brands"'),
        mappings=('to="brands"', 'to="people"'),
    ),
    "a reference to a collection that is not configured": Planted(
        "Product.brand",
        ("refers to the collection 65f0000000000000000000ee", "add [collections.NAME]"),
        site=change_field("brand", validations={"collectionId": "65f0000000000000000000ee"}),
    ),
    # Locales
    "a locale that nothing writes": Planted(
        "collections.people.locales",
        ("the locale de, which no mapping writes",),
        toml=('key = "mail"\nlocales = "primary"', 'key = "mail"'),
        site=localize,
        level="warning",
        code=0,
    ),
    "a locale that the site does not have": Planted(
        "collections.people.locales",
        ('"fr"', "a locale of the site (en, de)"),
        toml=('key = "mail"\nlocales = "primary"', 'key = "mail"\nlocales = ["en", "fr"]'),
        site=localize,
    ),
    # Topics, keys and orders
    "a topic of another tense": Planted(
        "Product.Meta.topics",
        ("'order/created'", "write orders/create"),
        mappings=('("products/create", "products/update")', '("order/created",)'),
    ),
    "a topic as GraphQL spells it": Planted(
        "Product.Meta.topics",
        ("'PRODUCTS_UPDATE'", "write products/update"),
        mappings=('"products/update"', '"PRODUCTS_UPDATE"'),
    ),
    "topics without a comma": Planted(
        "Stock.Meta.topics",
        ("'stock.changed'", "with a comma"),
        mappings=('("stock.changed",)', '("stock.changed")'),
    ),
    "another key in the second mapping": Planted(
        "Stock.Meta.key",
        ("product_id, the id, while it is the SKU in Product", "variants[0].sku"),
        mappings=('key = "sku"', 'key = "product_id"'),
        level="warning",
        code=0,
    ),
    "a field that two mappings write from one event": Planted(
        "Again.name",
        ("name, which Brand (mappings.py) writes from the same events",),
        mappings=(
            "",
            "class Again(Brand):\n"
            "    class Meta(Brand.Meta):\n        pass\n"
            "    name = fields.String(data_key='title')\n",
        ),
        level="warning",
        code=0,
    ),
    "a mixture of keys and item ids": Planted(
        "Stock.Meta.item",
        ("while Product (mappings.py) has key",),
        mappings=('key = "sku"', 'item = "webflow_id"'),
    ),
    "a version in one of two mappings of a field": Planted(
        "Stock.price",
        ("Meta.version in Stock",),
        mappings=('stock = fields.Integer(data_key="qty")', "price = fields.Decimal()"),
    ),
    "a source that no mapping reads": Planted(
        "sources.crm",
        ("no mapping",),
        toml=("", '[sources.crm]\nsender = "bearer"\nsecrets = ["f7c3bc1d808e0473"]\n'),
        level="warning",
        code=0,
    ),
    "JMESPath that is cut off": Planted(
        "Product.price",
        ("variants[0", "a JMESPath expression"),
        mappings=('data_key="variants[0].price"', 'data_key="variants[0.price"'),
    ),
    "a text in JMESPath in the wrong quotes": Planted(
        "Stock.in_stock",
        ('"yes" names a field', "write 'yes' for the text"),
        mappings=('data_key="qty > `0`"', "data_key='state == \"yes\"'"),
    ),
    "topics of a source whose events have none": Planted(
        "Stock.Meta.topics",
        ("stock.changed, while sources.erp has no topic", 'topic = "type"'),
        toml=('topic = "type"\n', ""),
        mappings=(PERSON_AND_BRAND, ""),
    ),
    "a mapping without a source": Planted(
        "Person.Meta.source",
        ("nothing", "name its source"),
        mappings=(
            '        source = "erp"\n        topics = ("person.changed",)\n',
            '        topics = ("person.changed",)\n',
        ),
        level="warning",
        code=0,
    ),
    # Secrets and settings
    "an API key instead of the secret that signs": Planted(
        "sources.shop.secrets",
        ("an API key as secret 1", "client secret"),
        toml=("shpss_5d41402abc4b2a76", "shpat_5d41402abc4b2a76"),
    ),
    "the console's token of an example": Planted(
        "INSTEP_ADMIN_TOKEN",
        ("a placeholder as the token",),
        environ={"INSTEP_ADMIN_TOKEN": "change-me"},
    ),
    "an id that is none": Planted(
        "collections.brands.id",
        ("status 400", "write 65f000000000000000000002, the collection Brands"),
        toml=("65f000000000000000000002", "brands"),
    ),
    "a secret that is not set": Planted(
        "sources.erp.secrets[0]",
        ("${ERP_SECRET}, which is not set",),
        environ={"ERP_SECRET": None},
        code=2,
    ),
    "an empty secret": Planted(
        "sources.erp.secrets", ("none of them empty",), environ={"ERP_SECRET": ""}, code=2
    ),
    "a secret of blanks": Planted(
        "sources.erp.secrets", ("none of them empty",), environ={"ERP_SECRET": "  "}, code=2
    ),
    "a secret with a line break from copying": Planted(
        "sources.erp.secrets",
        ("blanks at an end of secret 1", "copy it again"),
        environ={"ERP_SECRET": "b1946ac92492d2347c6235b4d2611184\n"},
    ),
    "the secret of an example": Planted(
        "sources.shop.secrets",
        ("a placeholder as secret 1", "the sender's settings"),
        toml=("shpss_5d41402abc4b2a76", "your-webhook-secret"),
    ),
    "a mistyped setting": Planted(
        "collections.products.misssing",
        ("an unknown key", 'write "missing"'),
        toml=('missing = "create"', 'misssing = "create"'),
        code=2,
    ),
    "a mistyped sender": Planted(
        "sources.shop.sender", ("write shopify",), toml=('"shopify"', '"shopfy"'), code=2
    ),
    "the version in the address": Planted(
        "destinations.site.base_url",
        ("without /v2",),
        toml=('"URL"', '"https://api.webflow.com/v2"'),
        code=2,
    ),
    "a table that is there twice": Planted(
        "instep.toml: line ", ("[sources.shop] twice",), toml=("", "[sources.shop]\n"), code=2
    ),
}


@pytest.fixture
def check(tmp_path):
    """Run ``instep check`` on a site of its own; returns exit code and findings."""
    site = Site(token=TOKEN, requests_per_minute=600, now=time.time)
    site.locales = None
    seed(site)
    server = start(site)

    def _check(planted=None):
        planted = planted or Planted("", ())
        if planted.site is not None:
            planted.site(site)
        path = tmp_path / "instep.toml"
        path.write_text(changed(TOML, planted.toml).replace("URL", server.url))
        text = changed(textwrap.dedent(MAPPINGS), planted.mappings)
        (tmp_path / "mappings.py").write_text(text)
        env = {"INSTEP_CONFIG": str(path), "INSTEP_DATA": str(tmp_path / "data"), "REDIS_URL": ""}
        env |= ENVIRON | (planted.environ or {})
        result = CliRunner().invoke(main, ["check", "--json"], env=env)
        return result.exit_code, json.loads(result.stdout)

    yield _check
    stop(site, server)


def test_of_a_clean_configuration_nothing_is_said(check):
    code, found = check()
    assert (code, found["ok"], found["problems"]) == (0, True, [])


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_a_planted_mistake_is_named_and_nothing_else(check, name):
    planted = MISTAKES[name]
    code, found = check(planted)
    [problem] = found["problems"]
    assert (code, problem["level"]) == (planted.code, planted.level)
    assert planted.where in problem["where"]
    assert problem["where"].endswith(planted.where) or planted.where.endswith(" ")
    said = " | ".join(problem[key] for key in ("found", "expected", "do"))
    told = f"found {problem['found']}, expected {problem['expected']}; {problem['do']}"
    for word in planted.words:
        assert word in said or word in told, (word, told)


def test_there_are_more_than_thirty():
    assert len(MISTAKES) >= 30


def general(where):
    """The place of a finding, with NAME for the names of the configuration, as the docs have it."""
    place = re.sub(r"\[\d\]$", "", where)
    place = re.sub(r"^(destinations|collections|sources)\.\w+", r"\1.NAME", place)
    place = re.sub(r"^collection \w+", "collection NAME", place)
    place = re.sub(r"^[A-Z]\w+\.Meta", "MAPPING.Meta", place)
    return re.sub(r"^[A-Z]\w+\.[a-z_]+$", "MAPPING.FIELD", place)


def test_every_place_of_a_finding_is_documented():
    text = documentation.pages()["check"].text
    rows = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    places = {place for row in rows for place in re.findall(r"`([^`]+)`", row)}
    found = {general(each.where) for each in MISTAKES.values()}
    # The keys of instep.toml are as many as it has: one sentence says so.
    assert found - places == {"collections.NAME.misssing", "instep.toml: line "}
