"""Values that the CMS keeps in forms of its own are written: neither a call nor a letter later."""

from dataclasses import replace

import pytest

from service.reconcile.plan import causes
from workers.model.changes import Change, FieldValue

HTML = '<p>Intro</p><figure><img src="https://media.example.com/pic{}.jpg"></figure><p>End</p>'


def forms(way, **rules):
    """Have the CMS keep values in forms of its own."""
    for name, on in rules.items():
        setattr(way.site.rules, name, on)


def normalised(way):
    return way.context.report.status()["collections"]["products"]["normalised"]


def imports(way):
    """How many files the site has imported."""
    return len(way.site.files._files)


SENT = [
    ("lowers_emails", {"contact": "Ann.Smith@Example.com"}),
    ("trims_links", {"website": "https://people.example/person/"}),
    ("composes_texts", {"supplier": "Cafe\u0301"}),
    ("rewrites_html", {"description": "<ul>\n<li>Oak</li>\n<li>Ash</li>\n</ul>"}),
]


@pytest.mark.parametrize(("rule", "fields"), SENT)
def test_a_form_of_the_cms_is_written_in_one_call(way, rule, fields):
    forms(way, **{rule: True}, echoes_html=False)
    way.change(1, fields, stock=3)
    way.run()
    assert len(way.requests) == 1
    assert way.counts("written", "dead") == (2, 0)
    assert normalised(way) == 1


@pytest.mark.parametrize(("rule", "fields"), SENT)
def test_the_same_value_again_is_unchanged(way, rule, fields):
    forms(way, **{rule: True})
    way.change(1, fields)
    way.run()
    way.change(1, fields, stock=4)
    way.run()
    assert way.counts("written", "unchanged") == (2, 1)
    assert [set(sent) for sent in way.sent_to(1)] == [set(fields), {"stock"}]


@pytest.mark.parametrize(("rule", "fields"), SENT)
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh store", "same store"])
def test_a_reconcile_takes_a_form_for_the_value(reconciling, rule, fields, fresh):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    forms(way, **{rule: True})
    source = {way.record(n): (fields, 1) for n in range(1, 6)}
    for n in range(1, 6):
        way.change(n, fields, version=1)
    way.run()
    if fresh:
        way.store.flushall()
    for _ in range(2):
        way.pass_time(86400)
        told = way.reconcile(source)
        assert told.by_cause() == {}
        assert told.told() == {causes.NORMALISED}
        assert {call.method for call in told.calls} == {"GET"}
    assert way.counts("dead") == (0,)


def test_forty_links_that_are_right_cost_no_write_and_no_letter(reconciling):
    way = reconciling(items=40, window=600, requests_per_minute=600)
    for n in range(1, 41):
        way.edit(n, website=f"https://people.example/p{n}")
    source = {
        way.record(n): ({"website": f"https://People.example/p{n}/"}, 1) for n in range(1, 41)
    }
    for _ in range(2):
        told = way.reconcile(source)
        assert told.by_cause() == {}
        # The staged items, and the live ones: an editor has changed each since it was published.
        assert [call.method for call in told.calls] == ["GET", "GET"]
    assert way.letters() == []


def test_rich_text_with_a_picture_is_imported_once_whatever_is_reconciled(reconciling):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    before = imports(way)
    source = {way.record(n): ({"description": HTML.format(n)}, 1) for n in range(1, 6)}
    for n in range(1, 6):
        way.change(n, description=HTML.format(n), version=1)
    way.run()
    assert [len(way.sent_to(n)) for n in range(1, 6)] == [1] * 5
    assert imports(way) - before == 5
    for _ in range(3):
        way.pass_time(86400)
        told = way.reconcile(source)
        assert told.by_cause() == {}
        assert {call.method for call in told.calls} == {"GET"}
    assert imports(way) - before == 5
    assert normalised(way) == 5


def test_a_later_write_of_another_field_makes_no_edit_of_a_form(reconciling):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    way.change(1, description=HTML, version=1)
    way.run()
    way.pass_time(60)
    way.change(1, stock=7, version=2)
    way.run()
    told = way.reconcile({way.record(1): ({"description": HTML}, 1)}, partial=True)
    assert (told.by_cause(), {call.method for call in told.calls}) == ({}, {"GET"})


# what is no form --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "sent"),
    [
        ("contact", "ann@example.com"),
        ("website", "https://people.example/ann"),
        ("phone", "+49 30 123456"),
        ("supplier", "Oak Ltd"),
        ("description", "<p>Two words</p>"),
    ],
)
def test_a_write_without_effect_is_none(way, slug, sent):
    old = {"description": "<p>Two word</p>", "website": "https://people.example/Ann"}
    way.edit(1, **{slug: old.get(slug, "another1@example.com")})
    way.fault("drop-field", slug=slug)
    way.change(1, {slug: sent})
    way.run()
    assert way.counts("written", "dead") == (0, 1)
    assert [letter.kind for letter in way.letters()] == ["not-applied"]
    assert normalised(way) == 0


def test_the_field_tells_the_form_whatever_the_mapping_calls_the_value(open_way):
    way = open_way(collection={"preflight": True})
    forms(way, lowers_emails=True, trims_links=True)
    values = (
        FieldValue("contact", '"Ann@Example.com"', "plain"),
        FieldValue("website", '"https://people.example/"', "plain"),
    )
    way._accept(Change("stock", "products", way.record(1), "item", values, None), None)
    way.run()
    assert (way.counts("written", "dead"), normalised(way)) == ((2, 0), 2)
    assert len(way.patches()) == 1


def test_a_field_that_keeps_the_time_of_day_does_not_show_midnight(open_way):
    way = open_way(collection={"preflight": True})
    field = way.products.fields["launched"]
    way.products.fields["launched"] = replace(field, validations={"format": "date-time"})
    way.edit(1, launched="2025-03-01T00:00:00.000Z")
    way.fault("drop-field", slug="launched")
    way.change(1, launched="2025-03-01T10:00:00.000Z")
    way.run()
    assert way.counts("written", "dead") == (0, 1)
