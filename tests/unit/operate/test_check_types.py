"""What a field of a mapping sends, the labels that it names, and keys that can meet."""

from dataclasses import replace
from enum import Enum
from pathlib import Path

import pytest
from marshmallow import fields

from service.config.build import Configuration
from service.mapping import (
    Color,
    Image,
    Link,
    Lookup,
    MultiImage,
    MultiReference,
    Option,
    Phone,
    PlainText,
    Reference,
    RichText,
    VideoLink,
)
from service.mapping.load import load as load_mappings
from service.operate.check_meeting import unmet
from service.operate.check_options import unknown_labels
from service.operate.check_overlap import overlapping
from service.operate.check_types import FIELDS, FITTING, kind_of, unfit_types
from workers.config.settings import Collection, Destination, Settings, Source, StoreSettings
from workers.fields.types import TYPES
from workers.fields.validators import FITS
from workers.webflow.schema import Schema


class Own(fields.String):
    def _deserialize(self, value, attr, data, **kwargs):
        return {"url": value}


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (fields.String(), "text"),
        (fields.UUID(), "text"),
        (fields.Time(), "text"),
        (PlainText(), "text"),
        (fields.Decimal(as_string=True), "text"),
        (fields.Boolean(), "boolean"),
        (fields.Integer(), "number"),
        (fields.TimeDelta(), "number"),
        (fields.AwareDateTime(), "date"),
        (fields.Date(), "date"),
        (fields.Email(), "email"),
        (fields.Url(), "link"),
        (fields.List(fields.String()), "list"),
        (Image(ignore_query=True), "image"),
        (MultiReference(to="brands"), "references-key"),
        (Lookup({"1": "a"}, Option()), "option"),
        (Lookup({"1": "a"}), "text"),
        (Lookup({"1": 1, "2": None}), "number"),
        (Lookup({"1": 1}, other=True), None),
        (Lookup({"1": []}), None),
        (fields.Raw(), None),
        (fields.Function(deserialize=str), None),
        (fields.Enum(Enum("Size", "S M")), None),
        (Own(), None),
        (fields.String(post_load=float), None),
    ],
)
def test_what_a_field_sends(field, kind):
    assert kind_of(field) == kind


def test_every_type_and_every_cms_type_is_judged():
    plain = {"text", "boolean", "list"}
    names = {name.removesuffix("-no-query") for name in TYPES} - {"plain", "flag", "gone"}
    assert set(FITTING) == names | plain
    assert set(FIELDS) == set(FITS)


@pytest.mark.parametrize(
    ("cms_type", "field"),
    [
        ("PlainText", fields.String),
        ("RichText", RichText),
        ("Image", Image),
        ("MultiImage", MultiImage),
        ("VideoLink", VideoLink),
        ("Link", Link),
        ("Email", fields.Email),
        ("Phone", Phone),
        ("Number", fields.Decimal),
        ("DateTime", fields.AwareDateTime),
        ("Switch", fields.Boolean),
        ("Color", Color),
        ("Option", Option),
        ("Reference", Reference),
        ("MultiReference", MultiReference),
    ],
)
def test_what_is_named_for_a_field_fits_it(cms_type, field):
    assert field.__name__ in FIELDS[cms_type]
    assert cms_type in FITTING[kind_of(field())]


SETTINGS = Settings(
    Path("instep.toml"),
    StoreSettings(),
    {"site": Destination("site", "v2", "t0ken")},
    {"products": Collection("products", "site", "65f000000000000000000001", key="sku")},
    {name: Source(name, "bearer", ("s",)) for name in ("erp", "shop")},
)


def rules(text, tmp_path):
    (tmp_path / "m.py").write_text(
        "from marshmallow import fields, post_load, pre_load, validate\n"
        "from service.mapping import *\nfrom service.mapping import Mapping\n" + text
    )
    settings = replace(SETTINGS, path=tmp_path / "instep.toml", mappings=("m.py",))
    return Configuration(settings, {}, load_mappings(settings))


ONE = """
class One(Mapping):
    class Meta:
        source, collection, key = "erp", "products", "sku"
    {body}
"""
SCHEMA = Schema(
    {
        slug: {"slug": slug, "type": kind, "displayName": slug, "options": options}
        for slug, kind, options in (
            ("state", "Option", [{"id": "a1", "name": "New"}, {"id": "a2", "name": "7"}]),
            ("none", "Option", []),
            ("size", "Number", []),
            ("odd", "Membership", []),
            ("many", "MultiReference", []),
        )
    }
)


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        ("state = Option(data_key=\"is_new && 'New' || `7`\")", []),
        ("state = Option(data_key=\"is_new && 'new'\")", ["new"]),
        ("state = Option(data_key=\"not_null(state, 'Old')\")", ["Old"]),
        ("state = Option(data_key=\"state == 'x'\")", []),
        ("state = Option(data_key=\"a | 'Old'\")", ["Old"]),
        ('state = Option(validate=validate.OneOf(["a1", "New", "Nev"]))', ["Nev"]),
        ('state = Lookup({"1": "New", "2": None}, Option(), other="Else")', ["Else"]),
        ("state = Option()\n    size = fields.Integer(data_key=\"'x'\")", []),
        ("none = Option(data_key=\"'New'\")", ["New"]),
        # What a hook makes of it is not known.
        (
            "state = Option(data_key=\"'x'\")\n"
            "    @pre_load\n    def f(self, data, **_): return data",
            [],
        ),
        (
            'state = Option(validate=validate.OneOf(["x"]))\n'
            "    @post_load\n    def f(self, data, **_): return data",
            [],
        ),
        ("state = Option(data_key=\"'x'\", pre_load=str.title)", []),
        ("state = Option(data_key=\"'x'\", post_load=str.title)", []),
    ],
)
def test_labels_that_a_field_does_not_offer(tmp_path, body, labels):
    [rule] = rules(ONE.format(body=body), tmp_path).mappings.rules
    found = [each.found.partition(",")[0] for each in unknown_labels(rule, SCHEMA)]
    assert found == [repr(label) for label in labels]


def test_the_nearest_label_is_named_whatever_its_case(tmp_path):
    [rule] = rules(ONE.format(body="state = Option(data_key=\"'NEW'\")"), tmp_path).mappings.rules
    [problem] = unknown_labels(rule, SCHEMA)
    assert problem.do.startswith("write 'New'")
    [problem] = unknown_labels(rule, Schema({"state": SCHEMA.fields["none"] | {"slug": "state"}}))
    assert "the field has no options" in problem.expected


def test_what_hooks_make_is_not_judged(tmp_path):
    hook = "\n    @post_load\n    def f(self, data, **_): return data"
    for body, count in (("size = fields.String()", 1), ("size = fields.String()" + hook, 0)):
        [rule] = rules(ONE.format(body=body), tmp_path).mappings.rules
        errors, warnings = unfit_types(rule, SCHEMA)
        assert (len(errors), warnings) == (count, [])


def test_a_lookup_of_a_list_is_not_judged(tmp_path):
    [rule] = rules(ONE.format(body='many = Lookup({"1": "a"})'), tmp_path).mappings.rules
    assert unfit_types(rule, SCHEMA) == ([], [])


def test_a_type_that_is_not_known_is_not_judged(tmp_path):
    [rule] = rules(ONE.format(body="odd = fields.String()"), tmp_path).mappings.rules
    assert unfit_types(rule, SCHEMA) == ([], [])


TWO = """
def own(payload): return "x"

class One(Mapping):
    class Meta:
        source, collection, key = "erp", "products", {one}
    size = fields.Integer()

class Two(Mapping):
    class Meta:
        source, collection, key = "{source}", "products", {two}
    size = fields.Integer()
"""


@pytest.mark.parametrize(
    ("one", "two", "source", "word"),
    [
        ('"sku"', '"data.sku"', "shop", None),
        ('"sku"', '"variants[0].sku"', "erp", None),
        ('"sku"', '"id"', "shop", "the id, while it is the SKU"),
        ('"product.id"', '"sku"', "erp", "the SKU, while it is the id"),
        ('"id"', '"product_id"', "erp", None),
        ('"articleNumber"', '"sku"', "shop", None),
        ('"sku"', '"SKU"', "erp", "spelt otherwise"),
        ('"sku"', '"SKU"', "shop", None),
        ('"item_no"', '"itemNo"', "erp", "spelt otherwise"),
        ('"ean"', '"sku"', "shop", "the SKU, while it is the barcode"),
        ('"sku"', "own", "shop", None),
        ('"sku"', "\"join('-', [a, b])\"", "shop", None),
        ('"sku"', '"to_string(id)"', "shop", "the id, while it is the SKU"),
        ('"sku"', '"[0]"', "shop", None),
        ('("sku", "lang")', '("lang", "sku")', "shop", None),
        ('("sku", "id")', '("id", "sku")', "shop", "the id, while it is the SKU"),
    ],
)
def test_keys_that_cannot_meet_are_warned_of(tmp_path, one, two, source, word):
    made = rules(TWO.format(one=one, two=two, source=source), tmp_path)
    found = [*unmet(made)]
    assert len(found) == (word is not None)
    assert word is None or word in found[0].found


BASES = """
class Base(Mapping):
    class Meta:
        collection, key = "products", "sku"

class Used(Base):
    class Meta(Base.Meta):
        source = "erp"
    size = fields.Integer()

class Left(Base):
    stock = fields.Integer()
"""


def test_a_class_without_a_source_is_named_unless_a_mapping_is_made_of_it(tmp_path):
    (tmp_path / "m.py").write_text("")
    assert rules(BASES, tmp_path).mappings.unused == ("m.py: Left",)


@pytest.mark.parametrize(
    ("one", "two", "count"),
    [
        ("", "", 1),
        ('topics = ("a", "b")', 'topics = ("b",)', 1),
        ('topics = ("a",)', "", 1),
        ('topics = ("a",)', 'topics = ("b",)', 0),
        ('when = "a"', "", 0),
        ("", 'each = "a"', 0),
        ("", 'locale = "de"', 0),
    ],
)
def test_fields_of_two_mappings_that_take_the_same_events_are_warned_of(tmp_path, one, two, count):
    text = ONE.format(body="size = fields.Integer()")
    more = text.replace("One", "Two").replace('"sku"\n', f'"sku"\n        {two}\n')
    made = rules(text.replace('"sku"\n', f'"sku"\n        {one}\n') + more, tmp_path)
    assert len([*overlapping(made)]) == count
    other = text.replace("One", "Two").replace('"erp"', '"shop"')
    assert [*overlapping(rules(text + other, tmp_path))] == []
