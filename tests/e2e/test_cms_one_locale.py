"""`Meta.locale = "de"`: a field of its own, "name@de", that goes to one variant alone."""

import pytest

from tests.support.locale_rig import DE, FR, add_variant, calls, live_in, localize, sent, staged_in


@pytest.fixture
def localized(open_way):
    """A way out to two products by their keys, of which the first has a variant in de."""

    def open(tags=("en", "de"), by="key", **collection):
        way = open_way(by=by, items=2, collection=collection)
        localize(way, *tags)
        add_variant(way, 1)
        return way

    return open


def test_it_goes_to_the_variant_of_that_locale_alone(localized):
    way = localized()
    before = way.live(1)["name"]
    way.change(1, {"name@de": "Lampe"})
    way.run()
    assert (way.live(1)["name"], live_in(way, 1, slug="name")) == (before, "Lampe")
    assert sent(way) == [(True, [(1, "de", {"name": "Lampe"})])]
    assert way.counts("written", "dead") == (1, 0)
    way.forget_requests()
    way.change(1, {"name@de": "Leuchte"})
    way.run()
    assert live_in(way, 1, slug="name") == "Leuchte"
    assert len(way.requests) == 1


def test_two_locales_do_not_meet(localized):
    way = localized()
    way.change(1, {"name@de": "Lampe"}, version=5)
    way.change(1, {"name@en": "Lamp"}, version=3)
    way.change(1, {"name@de": "Leuchte"}, version=4)
    way.run()
    assert (way.live(1)["name"], live_in(way, 1, slug="name")) == ("Lamp", "Lampe")
    assert len(way.patches()) == 1
    assert way.counts("written", "stale") == (2, 1)


def test_beside_it_other_fields_go_to_the_primary_locale(localized):
    way = localized()
    before = live_in(way, 1)
    way.change(1, {"name@de": "Lampe"}, stock=before + 1)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (before + 1, before)
    assert live_in(way, 1, slug="name") == "Lampe"
    assert len(way.patches()) == 1
    assert way.counts("written") == (2,)


def test_beside_it_other_fields_go_to_every_locale_if_so_configured(localized):
    way = localized(locales="all")
    way.change(1, {"name@de": "Lampe", "name@en": "Lamp"}, stock=3)
    way.run()
    assert (way.live(1)["name"], live_in(way, 1, slug="name")) == ("Lamp", "Lampe")
    assert (way.live(1)["stock"], live_in(way, 1)) == (3, 3)
    assert len(way.patches()) == 1


def test_an_item_without_that_variant_is_a_dead_letter_that_says_so(localized):
    way = localized()
    way.change(2, {"name@de": "Tisch"}, stock=9)
    way.run()
    [letter] = way.letters()
    assert letter.kind == "missing"
    assert letter.message.startswith(f"item {way.id(2)} has no variant in the locale de")
    assert way.live(2)["stock"] == 9
    assert way.counts("written", "dead", "pending") == (1, 1, 0)


def test_it_goes_there_once_the_variant_is_made_and_the_letter_is_replayed(localized):
    way = localized()
    way.change(2, {"name@de": "Tisch"})
    way.run()
    add_variant(way, 2)
    [letter] = way.letters()
    way.context.letters.replay(letter.id)
    way.run()
    assert live_in(way, 2, slug="name") == "Tisch"
    assert way.counts("written", "dead") == (1, 0)


def test_a_locale_that_the_site_lacks_is_a_dead_letter_that_names_those_there_are(localized):
    way = localized()
    way.change(1, {"name@fr": "Lampe"})
    way.run()
    [letter] = way.letters()
    assert letter.message == "the site has no locale fr; it has en, de"


def test_a_site_without_locales_has_none(localized):
    way = localized()
    way.site.locales = None
    way.change(1, {"name@de": "Lampe"}, stock=4)
    way.run()
    assert [letter.message for letter in way.letters()] == [
        "the site has no locale de; it has none"
    ]
    assert way.live(1)["stock"] == 4


def test_a_variant_that_was_never_published_is_staged(localized):
    way = localized(tags=("en", "de", "fr"))
    add_variant(way, 1, FR, published=False)
    way.change(1, {"name@fr": "Lampe"})
    way.run()
    assert staged_in(way, 1, FR, "name") == "Lampe"
    assert [live for live, _ in sent(way)] == [False]


def test_what_one_locale_refuses_dies_there_and_says_where(localized):
    way = localized()
    way.change(1, {"name@de": "", "stock@de": 3, "name@en": "Lamp"})
    way.run()
    [letter] = way.letters()
    assert list(letter.fields) == ["name@de"]
    assert letter.message.startswith("in de: ")
    assert live_in(way, 1) == 3
    assert way.live(1)["name"] == "Lamp"
    assert way.counts("written", "dead") == (2, 1)


def test_an_item_is_made_in_the_primary_locale_with_what_is_said_of_that(localized):
    way = localized(missing="create", locales="all")
    way.change("N-1", {"name@en": "New", "name@de": "Neu"}, stock=2)
    way.run()
    made = way.the("N-1")
    assert (made.staged.fields["name"], made.staged.fields["stock"]) == ("New", 2)
    assert len(way.posts()) == 1
    assert way.patches() == []
    [letter] = way.letters()
    assert list(letter.fields) == ["name@de"]
    assert way.counts("written", "dead", "pending") == (2, 1, 0)


def test_events_that_name_the_item_need_no_listing_of_keys(localized):
    way = localized(by="item")
    way.change(1, {"name@de": "Lampe"})
    way.run()
    assert live_in(way, 1, slug="name") == "Lampe"
    assert calls(way) == [("GET", "sites", ""), ("GET", "items", DE), ("PATCH", "live", "")]


def test_it_dies_once_where_another_item_has_the_variants_listed_meanwhile(localized):
    way = localized(tags=("en", "de", "fr"))
    way.change(1, stock=8)
    way.run()
    way.change(2, {"name@de": "Tisch"}, stock=9)
    while ("GET", "items", f"{DE},{FR}") not in calls(way):
        way.step()
        way.pass_time(0.5)
    way.pass_time(3700)  # until they may be listed again
    way.change(1, {"name@fr": "Lampe"})
    way.pass_time(2)  # what lingers
    way.run()
    assert sorted(letter.key for letter in way.letters()) == [way.record(1), way.record(2)]
    assert way.counts("written", "dead", "pending") == (2, 2, 0)
    assert way.live(2)["stock"] == 9
