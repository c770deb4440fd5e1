"""
Schemas and values at random, and what the stand-in CMS says of each: the judge of the preflight.

Values are drawn from those that fit, those that nearly do, and those of any other type.
"""

import json
from dataclasses import dataclass
from decimal import Decimal

from service.sandbox.model.records import Edit
from service.sandbox.model.refusals import Refused
from service.sandbox.model.schema import Field, offering, owned
from service.sandbox.seeds.samples import fill
from service.sandbox.site.items import Writer
from service.sandbox.site.site import Site
from workers.fields.json_values import dumps
from workers.fields.types import TYPES
from workers.webflow.item_answers import read
from workers.webflow.schema import Schema

UNKNOWN = "0" * 24
ITEM, OTHER = f"{1:024x}", f"{2:024x}"
LABELS = ("Chairs", "Desks")
COLLECTION = f"{3:024x}"
OPTIONS = owned(Field("option", "Option", validations=offering(LABELS)), COLLECTION).validations
WEB = "https://shop.example.com/"
STRANGE = (
    "", "x", "12", "true", "2025-03-01", WEB, "#fff", 0, 1, -3, 2.5, True, False, [], {}, ["x"],
    [1], {"id": ITEM}, [None], {"url": 5}, [[ITEM]], Decimal("1e30"), Decimal("0.10"), "null",
)  # fmt: skip


def texts(random):
    letters = random.choices(
        ("a", "B", "7", " ", "-", "é", "😀", "\n", "<b>"), k=random.randrange(14)
    )
    return "".join(letters)


def numbers(random):
    whole = random.randrange(-12, 13)
    return random.choice((whole, float(whole), whole + 0.5, Decimal(whole) / 4, whole * 10**18))


def moments(random):
    return random.choice((
        "2025-03-01", "2025-03-01T10:00:00Z", "2025-03-01T10:00:00.123+02:00", "2025-03-01 10:00",
        "2025-02-30", "01.03.2025", "2025-3-1", "tomorrow", "10:00", 1740823200, "2025-03-01T25:00",
    ))  # fmt: skip


def colors(random):
    return random.choice((
        "#abc", "#abcd", "#A1B2C3", "#a1b2c3d4", "rgb(1,2,3)", "rgba(1, 2, 3, .5)", "Red",
        "hsl(120 50% 50%)", "hsla(120deg, 50%, 50%, 0.1)", "transparent", "#ab", "#12345", "abc",
        "redd", "rgb(1,2)", "rgb(a,b,c)", "cmyk(1,2,3,4)", "hsl()",
    ))  # fmt: skip


def links(random):
    return random.choice((
        WEB, "http://a.example", "mailto:a@b.example", "tel:+49", "/path", "#top", "two words",
        "shop.example.com", "ftp://a.example", "https://", "javascript:alert(1)", "//a.example/b",
    ))  # fmt: skip


def addresses(random):
    return random.choice((
        "a@b.example", "a.b+c@d.example", "a", "a@b", "@b.example", "a@", "a b@c.example",
        "a@b@c.example", "a@.example",
    ))  # fmt: skip


def videos(random):
    url = random.choice((f"{WEB}1", "http://a.example", "www.a.example", "https://", "/1", "x"))
    return random.choice((url, {"url": url}, {"href": url}))


def files(random, api):
    """As a PATCH carries them; of a bare URL in v2 the CMS's documents do not say what comes."""
    url = random.choice((
        f"{WEB}a.png", f"{WEB}a", f"{WEB}a.JPG?x=1", f"{WEB}a.pdf", f"{WEB}a.mp4", "a.png",
        "/a.png", "ftp://a.example/a.png", "https:///a.png", "https://a.invalid/a.png",
        "data:image/png,x",
    ))  # fmt: skip
    named = {"fileId": UNKNOWN}
    drawn = random.choice((url, {"url": url, "alt": "A"}, named, named | {"url": f"{WEB}a.png"}))
    return TYPES["file"].body(drawn, api=api)


def options(random):
    ids = [one["id"] for one in OPTIONS["options"]]
    return random.choice((*ids, *ids, *LABELS, "0" * 32))


def references(random):
    return random.choice((ITEM, OTHER, ITEM, OTHER, "1", "oak-desk", ITEM[1:], f"{9:024x}"))


def several(one):
    return lambda random, *more: [one(random, *more) for _ in range(random.randrange(4))]


def slugs(random):
    return random.choice(
        ("oak-desk", "_a", "A7", "other", "oak desk", "öl", "-a", "a/b", "x" * 300)
    )


FITTING = {
    "PlainText": texts,
    "RichText": texts,
    "Image": files,
    "MultiImage": several(files),
    "VideoLink": videos,
    "Link": links,
    "Email": addresses,
    "Phone": texts,
    "Number": numbers,
    "DateTime": moments,
    "Switch": lambda random: random.choice((True, False)),
    "Color": colors,
    "Option": options,
    "File": files,
    "Reference": references,
    "MultiReference": several(references),
}

OF_FILES = [FITTING[kind] for kind in ("Image", "MultiImage", "File")]


def rules(random, kind):
    """Validations of a field, each of them there or not."""
    found = {}
    if kind in ("PlainText", "RichText", "Phone"):
        found = {"minLength": 3, "maxLength": 8}
    if kind == "PlainText":
        found["singleLine"] = random.random() < 0.5
    if kind == "Number":
        found = {"format": random.choice(("integer", "decimal")), "allowNegative": False}
        found |= {"allowZero": False, "precision": random.randrange(3)}
        found |= {"minValue": random.choice((-5, 0.5)), "maxValue": random.choice((4, 9.5))}
    chosen = {name: rule for name, rule in found.items() if random.random() < 0.4}
    if kind == "Option":
        chosen = OPTIONS
    return chosen | {"collectionId": COLLECTION} if "Reference" in kind else chosen


@dataclass(frozen=True, slots=True)
class Case:
    """One value for one field; *refusal*: why the stand-in refuses it, or None."""

    api: str
    kind: str
    slug: str
    value: object
    schema: Schema
    refusal: str | None


def case(random):
    """Draw a field and a value, and ask the stand-in of both."""
    api, kind = random.choice(("v1", "v2")), random.choice(tuple(FITTING))
    field = Field("field", kind, required=random.random() < 0.5, validations=rules(random, kind))
    slug = random.choices(("field", "slug", "name", "gone"), weights=(85, 8, 4, 3))[0]
    fitting = {"field": FITTING[kind], "slug": slugs}.get(slug, texts)
    value = fitting(random, api) if fitting in OF_FILES else fitting(random)
    if random.random() < 0.3:
        value = random.choice((None, *STRANGE))
    site = Site(token="t", now=lambda: 1_795_000_000.0)
    site.rules.checks_merged = False  # the one value alone
    made = site.add_collection("Things", "things", [field], id=COLLECTION)
    plain = Field("field", "PlainText")
    made.fields["field"] = plain
    fill(site, made, [{"name": n, "slug": n} for n in ("one", "other")], ids=[ITEM, OTHER])
    made.fields["field"] = field
    shown = [one.as_v1() if api == "v1" else one.as_v2() for one in made.fields.values()]
    # A file that is there, mostly.
    named = site.files.add(f"{WEB}a.png", image=True)
    if random.random() < 0.9:
        value = json.loads(dumps(value).replace(UNKNOWN, named.id))
    answer = read(200, {}, json.dumps({"fields": shown}).encode())
    schema = Schema({one["slug"]: one for one in answer.schema})
    return Case(api, kind, slug, value, schema, refusal(site, made, api, slug, value))


def refusal(site, collection, api, slug, value):
    try:
        Writer(site, collection, api).update([Edit(ITEM, {slug: json.loads(dumps(value))})])
    except Refused as error:
        return error.fields[0].reason
    return None
