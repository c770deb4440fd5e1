"""What the preflight says of single values, rule by rule; the stand-in does not know all rules."""

import json
from decimal import Decimal

import pytest

from workers.model.attempts import ClaimedField
from workers.webflow.item_answers import read
from workers.webflow.schema import Schema, check

ALWAYS = ({"slug": "name", "type": "PlainText"}, {"slug": "slug", "type": "PlainText"})
ID = "0123456789abcdef01234567"


def schema(kind, rules=None, **more):
    """The schema of a collection with one more field, as the CMS shows it."""
    field = {"slug": "field", "type": kind, "validations": rules, **more}
    body = json.dumps({"fields": [*ALWAYS, field]}).encode()
    return Schema({one["slug"]: one for one in read(200, {}, body).schema})


def expected(kind, value, rules=None, api="v2"):
    """What was expected, where *value* is refused; None where it passes."""
    said = check(schema(kind, rules), "field", value, api=api)
    return said and said.rpartition(", expected ")[2]


@pytest.mark.parametrize(
    ("kind", "value", "rules", "words"),
    [
        ("PlainText", 5, None, "a text"),
        ("PlainText", "Oakwood", {"maxLength": 5}, "at most 5 characters (it has 7)"),
        ("PlainText", "Oak", {"minLength": 5}, "at least 5 characters (it has 3)"),
        ("PlainText", "a\nb", {"singleLine": True}, "a single line"),
        ("RichText", "<b>Oakwood</b>", {"maxLength": 5}, "at most 5 characters (it has 7)"),
        ("Number", "5", None, "a number"),
        ("Number", True, None, "a number"),
        ("Number", 1.5, {"format": "integer"}, "a whole number"),
        ("Number", Decimal("1.55"), {"format": "decimal", "precision": 1},
         "at most 1 decimal places"),
        ("Number", -1, {"allowNegative": False}, "no number below 0"),
        ("Number", 0, {"allowZero": False}, "any number but 0"),
        ("Number", 1, {"minValue": 2}, "at least 2"),
        ("Number", 3, {"maxValue": 2.5}, "at most 2.5"),
        ("Number", 1, {"minimum": 2}, "at least 2"),
        ("Number", 3, {"maximum": 2}, "at most 2"),
        ("Number", 1.25, {"format": "decimal", "decimalPlaces": 1}, "at most 1 decimal places"),
        ("DateTime", "01.03.2025", None, "a time as ISO 8601 writes it"),
        ("Switch", "true", None, "true or false"),
        ("Color", "redd", None, "a colour: #RRGGBB, rgb(), hsl() or a name"),
        ("Option", "Oak", {"options": [{"id": "a1", "name": "Ash"}]}, "an option: 'Ash'"),
        ("Email", "oak", None, "an e-mail address"),
        ("Reference", "oak-desk", None, "the id of an item: 24 hex digits"),
        ("MultiReference", ID, None, "a list"),
        ("MultiReference", [ID, None], None, "the id of an item: 24 hex digits (element 1)"),
        ("Image", {"fileId": ID}, None, "an object with a 'url'"),
        ("Image", {"url": "ftp://a.example/a.png"}, None, "an http(s) URL of a public host"),
        ("Image", {"url": "https://a.example/a.pdf"}, None, "a picture, not .pdf"),
        ("VideoLink", {"href": "x"}, None, "the URL of a video"),
    ],
)  # fmt: skip
def test_a_value_that_breaks_a_rule_is_refused_with_what_was_expected(kind, value, rules, words):
    assert expected(kind, value, rules) == words


@pytest.mark.parametrize(
    ("kind", "value", "rules"),
    [
        ("PlainText", "\N{DESERT}" * 3, {"maxLength": 3}),  # or six, as JavaScript counts
        ("PlainText", "\N{DESERT}" * 3, {"minLength": 5}),
        ("PlainText", "Oak", {"pattern": "^[0-9]+$"}),
        ("PlainText", "Oak", {"maxLength": "2", "minLength": None, "colour": "red"}),
        ("RichText", "<b>Oak</b>", {"maxLength": 5}),
        ("RichText", "<pre>a long block of code</pre>", {"maxLength": 5}),
        ("Number", 1.255, {"precision": 2}),
        ("Number", Decimal("0.1"), {"minValue": 0.1, "maxValue": 0.1}),
        ("Number", 10**400, {"format": "integer"}),
        ("Number", Decimal("1e400"), {"format": "integer", "maxValue": 5}),
        ("Number", 1, {"minValue": True}),
        ("DateTime", "2025-03-01T24:00:00Z", None),
        ("Option", "a1", {"options": []}),
        ("Phone", "call us", None),
        ("Image", "https://a.example/a.png", None),
        ("Image", {"url": "https://a.example/picture.php"}, None),
        ("MultiImage", [{"url": "https://a.example/a"}] * 30, None),
        ("Image", {"fileId": ID, "url": "https://a.example/a.pdf"}, None),
        ("ExtFileRef", {"fileId": ID, "url": "x"}, None),
        ("Hologram", 5, {"maxLength": 1}),
        ("User", 5, None),
    ],
)
def test_what_nobody_knows_passes(kind, value, rules):
    assert expected(kind, value, rules) is None


def test_v1_takes_a_file_id_alone_and_a_bare_address():
    for value in ({"fileId": ID}, ID, "https://a.example/a.png"):
        assert expected("ImageRef", value, api="v1") is None
    assert expected("ImageRef", {"fileId": "a.png"}, api="v1") == "a fileId: 24 hex digits"


@pytest.mark.parametrize("value", [None, ""])
def test_what_clears_a_field_is_refused_by_a_required_one_alone(value):
    for name in ("isRequired", "required"):
        said = check(schema("PlainText", **{name: True}), "field", value, api="v2")
        assert "the field is required" in said
    assert check(schema("PlainText"), "field", value, api="v2") is None


def test_a_slug_that_no_field_has_is_refused_only_by_a_whole_schema():
    assert (
        check(schema("Number"), "gone", 1, api="v2") == "the collection has no field of that slug"
    )
    part = Schema({"field": schema("Number").fields["field"]})
    assert check(part, "gone", 1, api="v2") is None
    assert check(Schema(), "gone", 1, api="v2") is None


@pytest.mark.parametrize("value", ["oak desk", "-oak", "", "öl"])
def test_a_slug_has_a_form(value):
    assert "a slug" in check(schema("Number"), "slug", value, api="v2")


def test_the_flags_of_an_item_are_no_fields():
    assert check(schema("Number"), "_draft", True, api="v2") is None


def test_a_schema_that_an_earlier_version_kept_says_less():
    kept = {one["slug"]: one for one in json.loads(
        '[{"slug": "name", "type": "PlainText", "displayName": "Name", "options": []},'
        ' {"slug": "slug", "type": "PlainText", "displayName": "Slug", "options": []}]'
    )}  # fmt: skip
    assert check(Schema(kept), "name", None, api="v2") is None
    assert check(Schema(kept), "name", 5, api="v2") == "found 5, expected a text"


VALUE = ClaimedField("field", "1", "plain", arrival=7, since=1000)


@pytest.mark.parametrize(
    ("times", "trust"),
    [
        ({"read": 1000, "arrival": 7}, "refuse"),
        ({"read": 999, "arrival": 7}, "wait"),  # it was replayed since
        ({"read": 1000, "arrival": 6}, "wait"),  # it took the place of one that waited
        ({"read": 999, "arrival": 7, "failed": 1000}, "send"),
        ({"read": 999, "arrival": 7, "failed": 999}, "wait"),
    ],
)
def test_a_value_is_refused_only_by_a_schema_that_was_read_after_it_came(times, trust):
    assert Schema(schema("Number").fields, **times).trust(VALUE) == trust


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ({"next": 4000}, 3),
        ({"next": 500}, 0),
        ({"next": 500, "doubted": True}, 5),  # a claim had the chance and did not take it
        ({"next": 4000, "doubted": True}, 3),
        ({"next": 3_600_000}, 0),  # the clock has stepped back
    ],
)
def test_a_value_waits_until_the_schema_may_be_read(times, seconds):
    assert Schema(**times).wait(1000) == seconds


@pytest.mark.parametrize("slug", ["_archived", "_draft", ":gone"])
def test_what_is_no_field_of_the_cms_is_no_unknown_field(slug):
    assert check(schema("Number"), slug, True, api="v2") is None
