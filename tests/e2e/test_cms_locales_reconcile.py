"""A reconcile compares every variant that is written."""

import pytest

from tests.support.locale_rig import DE, FR, add_variant, edit_in, live_in, localize, sent, variant


@pytest.fixture
def localized(reconciling):
    def open(locales="all", tags=("en", "de")):
        way = reconciling(items=3)
        localize(way, *tags)
        add_variant(way, 1)
        add_variant(way, 2)
        way.configure(locales=locales)
        return way

    return open


def stock_of(way, *numbers):
    return way.products_as_source(numbers)


def test_what_every_variant_shows_is_in_step(localized):
    way = localized()
    for n in (1, 2, 3):
        way.change(n, stock=n)
    way.run()
    told = way.reconcile(stock_of(way, 1, 2, 3))
    assert (told.by_cause(), told.outcomes()) == ({}, set())
    assert way.patches() == []
    assert told.listing == 2


def test_a_difference_in_one_variant_is_told_with_its_locale_and_written(localized):
    way = localized()
    for n in (1, 2, 3):
        way.change(n, stock=n)
    way.run()
    edit_in(way, 2, stock=77)
    way.pass_time(60)
    told = way.reconcile(stock_of(way, 1, 2, 3))
    [(finding, outcome)] = told.all
    assert finding.record == way.record(2)
    assert finding.slug == "stock"
    assert finding.cms == 77
    assert finding.why == "in de"
    assert outcome == "repaired"
    assert live_in(way, 2) == 2
    assert len(way.patches()) == 1


def test_a_value_that_no_event_brought_goes_to_every_variant(localized):
    way = localized()
    records = {way.record(n): ({"stock": 40 + n}, None) for n in (1, 2, 3)}
    told = way.reconcile(records)
    assert told.outcomes() == {"repaired"}
    assert [way.live(n)["stock"] for n in (1, 2, 3)] == [41, 42, 43]
    assert [live_in(way, n) for n in (1, 2)] == [41, 42]


def test_a_variant_that_has_appeared_is_met(localized):
    way = localized()
    for n in (1, 2, 3):
        way.change(n, stock=n)
    way.run()
    add_variant(way, 3, stock=77)
    told = way.reconcile(stock_of(way, 1, 2, 3))
    assert [finding.why for finding, _ in told.all] == ["in de"]
    assert live_in(way, 3) == 3


def test_a_mapping_of_one_locale_is_compared_there(localized):
    way = localized("primary", ("en", "de", "fr"))
    add_variant(way, 1, FR)
    way.change(1, {"name@de": "Lampe", "name@fr": "Lampe"})
    way.run()
    edit_in(way, 1, DE, name="Licht")
    way.pass_time(60)
    records = {way.record(1): ({"name@de": "Lampe", "name@fr": "Lampe"}, None)}
    told = way.reconcile(records, partial=True)
    assert [(finding.slug, finding.why) for finding, _ in told.all] == [("name@de", "in de")]
    assert live_in(way, 1, DE, "name") == "Lampe"
    assert [entries for _, entries in sent(way)] == [[(1, "de", {"name": "Lampe"})]]


def test_a_dry_run_says_so_and_writes_nothing(localized):
    way = localized()
    for n in (1, 2, 3):
        way.change(n, stock=n)
    way.run()
    edit_in(way, 2, stock=77)
    way.pass_time(60)
    told = way.reconcile(stock_of(way, 1, 2, 3), dry=True)
    assert [finding.why for finding, _ in told.all] == ["in de"]
    assert told.outcomes() == {"repaired"}
    assert live_in(way, 2) == 77
    assert way.patches() == []


def test_rich_text_whose_pictures_each_variant_has_of_its_own_is_in_step(localized):
    way = localized()
    html = '<ul>\n<li>Oak</li>\n</ul><p><img src="https://media.example.com/oak.jpg"></p>'
    source = {way.record(n): ({"description": html}, None) for n in (1, 2, 3)}
    for n in (1, 2, 3):
        way.change(n, description=html)
    way.run()
    imported = len(way.site.files._files)
    for _ in range(3):
        way.pass_time(86400)
        told = way.reconcile(source)
        assert told.by_cause() == {}
        assert {call.method for call in told.calls} == {"GET"}
    assert len(way.site.files._files) == imported


@pytest.mark.parametrize("locale", ["en", "de"])
def test_an_edit_of_rich_text_is_seen_in_whichever_variant(localized, locale):
    way = localized()
    html = '<p>Oak <img src="https://media.example.com/oak.jpg"></p>'
    source = {way.record(1): ({"description": html}, None)}
    way.change(1, description=html)
    way.run()
    way.pass_time(60)
    way.reconcile(source, partial=True)
    mine = '<p>Ash <img src="https://media.example.com/oak.jpg"></p>'
    if locale == "de":
        edit_in(way, 1, description=mine)
    else:
        way.edit(1, description=mine)
    way.pass_time(60)
    told = way.reconcile(source, partial=True)
    assert list(told.by_cause().values()) == [[way.record(1)]]
    assert "Oak" in live_in(way, 1, DE, "description")
    assert "Oak" in way.live(1)["description"]


PICTURES = {
    "image": "https://media.example.com/oak.jpg",
    "gallery": ["https://media.example.com/a.jpg", "https://media.example.com/b.jpg"],
}


def test_pictures_that_each_variant_has_imported_are_in_step(localized):
    way = localized()
    source = {way.record(n): (PICTURES, None) for n in (1, 2, 3)}
    for n in (1, 2, 3):
        way.change(n, PICTURES)
    way.run()
    assert variant(way, 1).live.fields["image"] != way.live(1)["image"]
    for _ in range(2):
        way.pass_time(86400)
        told = way.reconcile(source)
        assert (told.by_cause(), {call.method for call in told.calls}) == ({}, {"GET"})


@pytest.mark.parametrize("slug", PICTURES)
def test_a_picture_that_an_editor_has_changed_in_one_variant_is_put_back(localized, slug):
    way = localized()
    way.change(1, PICTURES)
    way.run()
    for mine in (None, variant(way, 1).live.fields["image" if slug == "gallery" else "gallery"]):
        edit_in(way, 1, **{slug: [mine] if slug == "gallery" and mine else mine})
        way.pass_time(60)
        told = way.reconcile({way.record(1): (PICTURES, None)}, partial=True)
        assert [finding.why for finding, _ in told.all] == ["in de"]
        assert live_in(way, 1, DE, slug) == way.live(1)[slug]


def test_a_difference_is_written_in_all_though_a_variant_is_met_by_the_same_listing(localized):
    way = localized(tags=("en", "de", "fr"))
    way.change(1, supplier="Oak")
    way.run()
    add_variant(way, 1, FR, supplier="Ash")
    way.edit(1, supplier="Ash")
    way.pass_time(60)
    source = {way.record(1): ({"supplier": "Oak"}, None)}
    told = way.reconcile(source, partial=True)
    assert told.outcomes() == {"repaired"}
    assert way.live(1)["supplier"] == "Oak"
    assert [live_in(way, 1, locale, "supplier") for locale in (DE, FR)] == ["Oak", "Oak"]
    way.pass_time(60)
    assert way.reconcile(source, partial=True).by_cause() == {}
