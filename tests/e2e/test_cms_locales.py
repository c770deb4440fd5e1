"""`locales = "all"`, or a list: a field goes to every variant of its item that exists."""

import pytest

from service.sandbox.api.api_version import answer
from service.sandbox.api.v2_sites import Sites
from service.sandbox.site.items import publish, unpublish
from service.sandbox.site.site import SITE_ID
from tests.support.locale_rig import (
    DE,
    FR,
    add_variant,
    calls,
    edit_in,
    live_in,
    localize,
    sent,
    staged_in,
    variant,
)


@pytest.fixture
def everywhere(open_way):
    """A way out to two products by their keys, of which the first has a variant in de."""

    def open(locales="all", tags=("en", "de"), by="key", **options):
        way = open_way(by=by, collection={"locales": locales}, **{"items": 2} | options)
        localize(way, *tags)
        add_variant(way, 1)
        return way

    return open


def test_a_field_follows_in_every_variant_by_one_write(everywhere):
    way = everywhere()
    way.change(1, stock=0)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (0, 0)
    assert sent(way) == [(True, [(1, "en", {"stock": 0}), (1, "de", {"stock": 0})])]
    assert calls(way) == [
        ("GET", "items", ""),
        ("GET", "sites", ""),
        ("GET", "items", DE),
        ("PATCH", "live", ""),
    ]
    way.forget_requests()
    way.change(1, stock=4)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (4, 4)
    assert len(way.requests) == 1
    assert way.counts("written", "pending", "dead") == (2, 0, 0)


def test_what_has_no_variant_is_written_in_the_primary_locale_alone(everywhere):
    way = everywhere()
    way.change(1, stock=1)
    way.change(2, stock=2)
    way.run()
    [(live, entries)] = sent(way)
    assert live
    assert sorted(entries, key=repr) == [
        (1, "de", {"stock": 1}),
        (1, "en", {"stock": 1}),
        (2, None, {"stock": 2}),
    ]
    assert way.counts("written", "pending", "dead") == (2, 0, 0)


def test_of_three_variants_one_is_missing(everywhere):
    way = everywhere(tags=("en", "de", "fr"))
    add_variant(way, 2, FR)
    way.change(1, stock=1)
    way.change(2, stock=2)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1, DE)) == (1, 1)
    assert (way.live(2)["stock"], live_in(way, 2, FR)) == (2, 2)
    assert len(way.patches()) == 1
    assert way.counts("written", "dead") == (2, 0)


def test_a_list_of_locales_is_all_that_is_written(everywhere):
    way = everywhere(locales=["en", "FR"], tags=("en", "de", "fr"))
    add_variant(way, 1, FR)
    before = live_in(way, 1, DE)
    way.change(1, stock=before + 1)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1, FR)) == (before + 1, before + 1)
    assert live_in(way, 1, DE) == before


def test_a_list_without_the_primary_locale_leaves_it_alone(everywhere):
    way = everywhere(locales=["de"])
    before = way.live(1)["stock"]
    way.change(1, stock=before + 1)
    way.change(2, stock=before + 1)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (before, before + 1)
    assert way.counts("written", "ignored", "pending") == (1, 1, 0)  # 2 has no variant in de


def test_a_variant_that_was_never_published_is_staged_from_the_start(everywhere):
    way = everywhere(tags=("en", "de", "fr"))
    add_variant(way, 1, FR, published=False)
    way.change(1, stock=7)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1, DE)) == (7, 7)
    assert staged_in(way, 1, FR) == 7
    assert live_in(way, 1, FR) is None
    assert [(live, [tag for _, tag, _ in entries]) for live, entries in sent(way)] == [
        (True, ["en", "de"]),
        (False, ["fr"]),
    ]
    assert way.counts("written", "pending") == (1, 0)


def test_a_variant_that_was_taken_back_since_is_staged_alone(everywhere):
    way = everywhere()
    way.change(1, stock=1)
    way.run()
    unpublish(way.site, way.products, [way.id(1)], {way.id(1): [DE]})
    way.forget_requests()
    way.change(1, stock=2)
    way.run()
    assert (way.live(1)["stock"], staged_in(way, 1), live_in(way, 1)) == (2, 2, None)
    assert len(way.patches()) <= 4
    way.forget_requests()
    way.change(1, stock=3)
    way.run()
    assert [(live, len(entries)) for live, entries in sent(way)] == [(True, 1), (False, 1)]
    publish(way.site, way.products, [way.id(1)], {way.id(1): [DE]})
    way.change(1, stock=4)
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (4, 4)
    assert way.counts("written", "pending", "dead") == (4, 0, 0)


def test_the_primary_variant_may_be_the_one_that_was_never_published(everywhere):
    way = everywhere()
    way.unpublish(1)
    way.change(1, stock=7)
    way.run()
    assert way.live(1) is None
    assert (way.staged(1)["stock"], live_in(way, 1)) == (7, 7)
    assert way.counts("written", "dead") == (1, 0)


def test_an_answer_that_was_lost_is_made_good_in_every_variant(everywhere):
    way = everywhere()
    way.change(1, stock=1)
    way.run()
    way.fault("reset-after", times=1)
    way.change(1, stock=2)
    way.run(30)
    edit_in(way, 1, stock=1)  # the request that had no answer lands late, in one of them
    way.run()
    assert (way.live(1)["stock"], live_in(way, 1)) == (2, 2)


def test_a_token_that_may_not_read_sites_still_writes_the_primary_locale(everywhere):
    way = everywhere()
    way.site.tokens.grant("t", ["cms:read", "cms:write"])
    before = live_in(way, 1)
    way.change(1, stock=before + 1)
    way.run(60)
    assert (way.live(1)["stock"], live_in(way, 1)) == (before + 1, before)
    assert way.counts("written", "pending") == (1, 0)
    state, reason = way.state("products")
    assert state == "waiting"
    assert "sites:read" in reason
    way.site.tokens.grant("t", None)
    way.pass_time(400)
    way.change(2, stock=5)
    way.run()
    assert live_in(way, 1) == before + 1  # it is met as new, and gets what its item holds
    assert way.state("products")[0] == "flowing"


def test_variants_of_items_that_were_written_before_get_what_is_held(everywhere):
    way = everywhere(locales="primary")
    before = live_in(way, 1)
    way.change(1, stock=before + 1)
    way.run()
    way.configure(locales="all")
    way.change(2, stock=5)
    way.run()
    assert live_in(way, 1) == before + 1
    assert way.counts("written") == (2,)


def test_a_variant_that_appears_later_gets_what_its_item_holds(everywhere):
    way = everywhere()
    way.change(2, stock=1)
    way.run()
    add_variant(way, 2, stock=77)
    way.forget_requests()
    way.change(2, stock=2)
    way.run()
    assert live_in(way, 2) == 77  # nobody knows of it yet
    way.pass_time(3700)
    way.change(1, stock=3)
    way.run()
    assert live_in(way, 2) == 2
    assert way.counts("written", "pending") == (3, 0)


def test_it_is_found_as_well_where_items_are_only_made(everywhere):
    way = everywhere()
    way.configure(missing="create")
    way.change(2, stock=2)
    way.run()
    add_variant(way, 2, stock=77)
    way.pass_time(3700)
    way.change("new", {"stock": 1, "name": "New"})
    way.run()
    assert live_in(way, 2) == 2
    assert way.counts("written", "pending") == (3, 0)


def test_an_edit_in_one_variant_is_noticed_and_the_same_value_goes_there_again(everywhere):
    way = everywhere()
    way.change(1, stock=3)
    way.run()
    way.pass_time(60)
    edit_in(way, 1, stock=77)
    way.change(1, stock=3)
    way.run()
    assert live_in(way, 1) == 77  # nobody knows of it yet
    way.pass_time(3700)
    way.change(2, stock=1)
    way.run()
    way.change(1, stock=3)
    way.run()
    assert live_in(way, 1) == 3
    assert way.counts("written", "unchanged") == (3, 1)
    way.pass_time(3700)
    way.change(2, stock=2)
    way.run()
    way.change(1, stock=3)
    way.run()
    assert way.counts("unchanged") == (2,)  # what is our own write is no edit


def test_of_several_sites_the_one_that_has_the_collection_is_found(everywhere, monkeypatch):
    way = everywhere()
    other = {"id": "65e0000000000000000000ff", "locales": None}
    shown = Sites._shown
    monkeypatch.setattr(Sites, "list_all", lambda self, _: answer({"sites": [other, shown(self)]}))
    way.change(1, stock=4)
    way.run()
    assert live_in(way, 1) == 4


def test_a_site_that_is_configured_is_asked_for_by_its_id(everywhere):
    way = everywhere(site=SITE_ID)
    way.change(1, stock=4)
    way.run()
    assert live_in(way, 1) == 4
    assert ("GET", SITE_ID, "") in calls(way)


def test_retiring_takes_every_variant_from_the_site(everywhere):
    way = everywhere()
    way.change(1, stock=4)
    way.run()
    way.retire(1, "unpublish")
    way.run()
    assert way.live(1) is None
    assert live_in(way, 1) is None
    assert len(list(way.deletes())) == 1


@pytest.mark.parametrize("published", [True, False])
def test_deleting_takes_every_variant_away(everywhere, published):
    way = everywhere(tags=("en", "de", "fr"))
    add_variant(way, 1, FR, published=published)
    way.retire(1, "delete")
    way.run()
    for locale in way.products.locales:
        assert way.id(1) not in way.products.variants(locale).items
    assert way.counts("written", "pending", "dead") == (1, 0, 0)


def test_archiving_and_taking_it_back_concern_every_variant(everywhere):
    way = everywhere()
    way.retire(1, "archive", version=1)
    way.run()
    assert way.products.items[way.id(1)].staged.archived
    assert variant(way, 1).staged.archived
    way.change(1, stock=3, version=2)
    way.run()
    assert not way.products.items[way.id(1)].staged.archived
    assert not variant(way, 1).staged.archived
    assert (way.live(1)["stock"], live_in(way, 1)) == (3, 3)


def test_a_variant_that_an_editor_made_meanwhile_is_archived_with_the_others(everywhere):
    way = everywhere(items=2)
    way.change(1, stock=5)
    way.run()
    add_variant(way, 2, stock=0)
    way.retire(2, "archive")
    way.run()
    way.pass_time(3700)
    way.change(1, stock=6)
    way.run()
    assert variant(way, 2).staged.archived


@pytest.mark.parametrize("way_of", ["unpublish", "draft"])
@pytest.mark.parametrize("published", [True, False])
def test_nor_does_one_stay_live_beside_those_that_were_unpublished(everywhere, way_of, published):
    way = everywhere(items=2)
    way.change(1, stock=5)
    way.run()
    add_variant(way, 2, stock=0, published=published)
    way.retire(2, way_of)
    way.run()
    way.pass_time(3700)
    way.change(1, stock=6)
    way.run()
    assert live_in(way, 2) is None
    assert len(list(way.deletes())) == 1 + published
    assert way.counts("pending", "dead") == (0, 0)
    way.pass_time(3700)
    way.forget_requests()
    way.change(1, stock=7)
    way.run()
    assert list(way.deletes()) == []


def test_a_batch_holds_a_hundred_variants(everywhere):
    way = everywhere(items=100)
    for n in range(2, 101):
        add_variant(way, n)
    for n in range(1, 101):
        way.change(n, stock=n)
    way.run()
    assert [len(entries) for _, entries in sent(way)] == [100, 100]
    assert [live_in(way, n) for n in range(1, 101)] == list(range(1, 101))


def test_many_variants_are_learnt_page_by_page(everywhere):
    way = everywhere(items=150, window=600)
    for n in range(2, 151):
        add_variant(way, n)
    way.change(150, stock=9)
    way.run()
    assert live_in(way, 150) == 9
    assert [call for call in calls(way) if call[2]] == [("GET", "items", DE)] * 2


def test_a_mapping_that_says_it_is_no_draft_publishes_each_variant(everywhere):
    way = everywhere(tags=("en", "de", "fr"))
    add_variant(way, 1, FR, published=False)
    way.change(1, stock=7, _draft=False)
    way.run()
    assert [live_in(way, 1, locale) for locale in (DE, FR)] == [7, 7]
    assert way.counts("written", "pending", "dead") == (2, 0, 0)


def test_what_a_site_without_locales_is_sent_names_none(everywhere):
    way = everywhere()
    way.site.locales = None
    way.change(1, stock=4)
    way.run()
    assert sent(way) == [(True, [(1, None, {"stock": 4})])]


def test_the_primary_locale_alone_costs_no_call_and_no_entry(everywhere):
    way = everywhere(locales="primary")
    way.change(1, stock=4)
    way.run()
    assert calls(way) == [("GET", "items", ""), ("PATCH", "live", "")]
    assert sent(way) == [(True, [(1, None, {"stock": 4})])]
    known = {key.split(":")[1] for key in way.store.scan_iter("instep:*")}
    assert not known & {"site", "variants"}
