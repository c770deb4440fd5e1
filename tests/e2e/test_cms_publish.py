"""What is staged, archived or created goes live by itself, and nothing of anybody else."""

from dataclasses import replace
from itertools import pairwise

import pytest

from service.operate.record_entries import says
from service.sandbox.model.records import Copy
from service.sandbox.site.site import SITE_ID
from tests.support.depth import depth
from tests.support.locale_rig import EN, add_variant, live_in, localize, variant
from tests.support.publishes import CUSTOM, Publishes
from workers.policy.publish_items import AGAIN
from workers.store import keys

MODES = pytest.mark.parametrize("publish", ["items", "site"])


@pytest.fixture
def site(open_way):
    """Opens a way out that writes staged copies, and publishes."""

    def open(publish="items", **options):
        plain = {"live": False, "publish": publish, "site": SITE_ID}
        return Publishes(open_way(**(plain | options)))

    return open


@MODES
def test_fifty_changes_a_minute(site, publish):
    minutes = depth(4, 10)
    told = site(publish, items=100)
    way = told.way
    for n in range(50 * minutes):
        way.change(n % 100 + 1, stock=1000 + n)
        if n % 10 == 9:
            way.run(12)
    way.run(600)
    assert way.shown("stock", range(1, 101)) == [900 + 50 * minutes + n for n in range(100)]
    assert told.equal()
    assert 2 <= len(told.published()) <= minutes
    assert told.refused() == 0
    assert told.waiting() == {}


@MODES
def test_two_publishes_of_a_site_are_a_minute_apart(site, publish):
    told = site(publish)
    for n in range(1, 6):
        told.way.change(n, stock=100 + n)
        told.way.run(70)
    told.way.run()
    times = [request.at for request in told.published()]
    assert len(times) >= 2
    assert all(later - earlier >= 60 for earlier, later in pairwise(times))


@MODES
def test_an_editors_draft_does_not_go_live(site, publish):
    told = site(publish)
    way = told.way
    told.draft(1, "a draft")
    way.change(1, stock=777)
    way.change(2, stock=2)
    way.run(1000)
    assert way.live(1)["name"] != "a draft"
    assert way.live(1)["stock"] != 777
    assert way.live(2)["stock"] == 2
    assert told.waiting() == {way.id(1): "d"}
    way.edit(1)  # the editor publishes it, with what Instep has written
    way.publish(1)
    way.run(1000)
    assert way.live(1)["stock"] == 777
    assert told.waiting() == {}


@MODES
def test_a_draft_holds_up_no_other_item(site, publish):
    told = site(publish)
    way = told.way
    told.draft(1, "theirs")
    way.change(1, stock=5)
    way.run(120)
    assert told.waiting() == {way.id(1): "d"}
    way.change(2, stock=6)
    way.run(60)
    assert way.live(2)["stock"] == 6
    assert way.live(1)["name"] != "theirs"


@MODES
def test_a_draft_made_after_the_write_does_not_go_live(site, publish):
    told = site(publish)
    way = told.way
    way.change(1, stock=777)
    way.run(1)
    told.draft(1, "a draft")
    way.run(1000)
    assert way.live(1)["stock"] != 777
    assert told.published() == []


def test_a_publish_of_the_site_waits_for_what_others_have_queued(site):
    told = site("site")
    way = told.way
    told.queue(3, "theirs")
    told.queue(4, "theirs too")
    way.change(1, stock=1)
    way.run(200)
    assert told.published() == []
    assert told.status()["held"] == (
        "2 items in Products were edited by somebody else and would go live with it"
    )
    assert [each.name for each in told.reasons()] == ["destination site: publish held"]
    way.publish(3, 4)
    way.run(2 * AGAIN)
    assert way.live(1)["stock"] == 1
    assert told.status()["held"] is None
    assert told.reasons() == []


def test_others_in_a_collection_that_instep_does_not_know(site):
    told = site("site")
    way = told.way
    other = way.site.collections[way.add_collection("blog")]
    item = next(iter(other.items.values()))
    way.pass_time(1)
    other.store(item, replace(item.staged, updated=way.site.now()))
    way.change(1, stock=1)
    way.run(200)
    assert told.published() == []
    assert "1 item in blog was edited by somebody else" in told.status()["held"]


def test_with_publish_others_they_go_along_but_for_drafts(site):
    told = site("site", publish_others=True)
    way = told.way
    told.queue(3, "theirs")
    told.draft(4, "a draft")
    way.change(1, stock=1)
    way.run(200)
    assert way.live(1)["stock"] == 1
    assert way.live(3)["name"] == "theirs"
    assert way.live(4)["name"] != "a draft"
    # No other collection is asked for: four calls beside that of the item.
    assert len(way.requests) == 1 + 5


def test_an_item_that_somebody_else_has_edited_since_waits(site):
    told = site("items")
    way = told.way
    way.change(1, stock=1)
    way.run(1)
    told.queue(1, "theirs")
    way.run(200)
    assert way.live(1)["name"] != "theirs"
    assert told.waiting() == {way.id(1): "e"}
    way.change(1, stock=2)  # which does not make theirs ours
    way.run(2 * AGAIN)
    assert way.live(1)["name"] != "theirs"
    way.publish(1)
    way.change(1, stock=2)
    way.run(2 * AGAIN)
    assert way.live(1)["stock"] == 2
    assert told.waiting() == {}


@pytest.mark.parametrize("live", [True, False])
def test_what_is_archived_leaves_the_site(site, live):
    told = site("items", live=live)
    way = told.way
    way.retire(1, "archive")
    way.run(400)
    assert way.live(1) is None
    assert [request.path for request in told.published()] == [f"/v2/sites/{SITE_ID}/publish"]
    assert told.waiting() == {}
    way.change(2, stock=5)
    way.run(400)
    assert way.live(2)["stock"] == 5


@MODES
@pytest.mark.parametrize("edit", ["draft", "queue"])
def test_what_is_archived_leaves_the_site_whatever_an_editor_has_held_back(site, publish, edit):
    told = site(publish)
    way = told.way
    way.change(1, stock=5)
    way.run(2)  # written, and not looked at
    getattr(told, edit)(1, "theirs")
    way.run(400)
    way.change(1, stock=6)
    way.run(400)
    assert set(told.waiting()) == {way.record(1)}
    way.retire(1, "archive")
    way.run(2 * AGAIN)
    assert way.live(1) is None
    assert told.waiting() == {}


@pytest.mark.parametrize("others", [False, True])
def test_what_is_archived_behind_a_publish_leaves_the_site_with_the_next_one(site, others):
    told = site("items", publish_others=others)
    way = told.way
    way.retire(1, "archive")
    way.run(14)
    assert way.live(1) is None
    way.retire(2, "archive")  # before that publish is looked for
    way.run(400)
    assert way.live(2) is None
    assert told.waiting() == {}
    assert len(told.published()) == 2


def test_what_is_written_live_needs_no_publish(site):
    told = site("site", live=True)
    told.way.change(1, stock=1)
    told.way.run()
    assert [request.method for request in told.way.requests] == ["PATCH"]


@MODES
def test_what_instep_has_created_is_published(open_way, publish):
    way = open_way(
        by="key",
        live=False,
        publish=publish,
        site=SITE_ID,
        collection={"missing": "create", "preflight": False},
    )
    way.change("P-9000", name="New", stock=4)
    way.run(600)
    assert way.the("P-9000").live.fields["stock"] == 4
    assert Publishes(way).waiting() == {}


@MODES
def test_what_a_retirement_took_off_the_site_is_published_once_the_record_is_back(site, publish):
    told = site(publish)
    way = told.way
    way.retire(1, "unpublish")
    way.run(400)
    assert way.live(1) is None
    way.change(1, stock=5)
    way.run(5)
    way.change(1, stock=6)  # before it is published
    way.run(400)
    assert way.live(1)["stock"] == 6
    assert told.waiting() == {}


def test_what_was_never_published_and_is_not_ours_stays(site):
    told = site("items")
    way = told.way
    way.unpublish(1)
    item = way.products.items[way.id(1)]
    way.products.store(item, replace(item.staged, draft=False, updated=way.site.now()))
    way.change(1, stock=5)
    way.run(400)
    assert way.live(1) is None
    assert told.published() == []


def test_the_site_is_found_by_its_collections(site):
    told = site("site", site=None)
    told.way.change(1, stock=1)
    told.way.run(400)
    assert told.way.live(1)["stock"] == 1


def test_named_domains_alone_are_published_to(site):
    told = site("site", publish_domains=(CUSTOM,))
    told.way.change(1, stock=1)
    told.way.run(400)
    (request,) = told.published()
    assert request.body == {"customDomains": [CUSTOM], "publishToWebflowSubdomain": False}


def test_all_domains_are_without_one(site):
    told = site("site")
    told.way.change(1, stock=1)
    told.way.run(400)
    (request,) = told.published()
    assert request.body == {"customDomains": [CUSTOM], "publishToWebflowSubdomain": True}


@MODES
@pytest.mark.parametrize("kind", ["reset-after", "reset-before", "status"])
def test_an_answer_that_never_comes(site, publish, kind):
    told = site(publish)
    options = {"status": 503} if kind == "status" else {}
    told.fault(kind, times=1, **options)
    told.way.change(1, stock=1)
    told.way.run(900)
    assert told.way.live(1)["stock"] == 1
    assert told.waiting() == {}
    times = [request.at for request in told.published()]
    assert len(times) == (2 if kind != "reset-after" else 1)
    if publish == "site":
        assert times[-1] == times[0] or times[-1] - times[0] >= 60


def test_too_many_publishes_wait_for_the_sites_own_minute(site):
    told = site("site")
    way = told.way
    told.by_hand()  # somebody has just published it
    way.pass_time(-2)
    way.change(1, stock=1)
    way.run(600)
    assert way.live(1)["stock"] == 1
    budget = way.store.hgetall("instep:budget:" + way.settings.destinations["site"].budget)
    assert int(budget["limit"]) == 60  # not the 1 of the site's own limit


@MODES
def test_a_refused_publish_is_told_and_tried_again(site, publish):
    told = site(publish)
    way = told.way
    told.fault("status", times=1, status=403)
    way.change(1, stock=1)
    way.run(100)
    if publish == "items":
        assert way.state()[0] == "paused"  # its token may not write
        way.resume()
    else:
        assert "give the token the scope sites:write" in told.status()["failed"]
        assert [each.name for each in told.reasons()] == ["destination site: publish failed"]
    way.run(3 * AGAIN)
    assert way.live(1)["stock"] == 1
    assert told.reasons() == []


def test_an_item_that_the_cms_will_not_publish_holds_up_no_other(site):
    told = site("items")
    way = told.way
    for n in (1, 2):
        way.change(n, stock=n)
    way.run(1)
    item = way.products.items[way.id(1)]
    held = item.staged
    # It is archived between the look and the publish.
    told.before_publish(
        lambda: way.products.store(item, Copy(held.fields, True, held.draft, held.updated))
    )
    way.run(200)
    assert way.live(2)["stock"] == 2
    assert way.live(1)["stock"] != 1
    assert told.waiting() == {}  # an editor has archived it


def test_an_item_that_is_deleted_leaves(site):
    told = site("items")
    way = told.way
    way.change(1, stock=1)
    way.run(1)
    way.remove(1)
    way.run(600)
    assert told.waiting() == {}
    assert told.published() == []


def test_a_value_that_comes_meanwhile_goes_out_with_the_next_one(site):
    told = site("items")
    way = told.way
    way.change(1, stock=1)
    told.before_publish(lambda: way.change(1, stock=2))
    way.run(600)
    assert way.live(1)["stock"] == 2
    assert told.waiting() == {}


def test_within_the_window_alone(site):
    told = site("items")
    told.window_opens_in(3600)
    told.way.change(1, stock=1)
    told.way.run(3000)
    assert told.published() == []
    assert told.status()["next"] is not None
    told.way.run(3000)
    assert told.way.live(1)["stock"] == 1


def test_more_than_one_call_takes(site):
    told = site("items", items=250)
    way = told.way
    for n in range(1, 251):
        way.change(n, stock=9000 + n)
    way.run(300)
    assert way.shown("stock", range(1, 251)) == [9000 + n for n in range(1, 251)]
    assert [len(request.body["itemIds"]) for request in told.published()] == [100, 100, 50]


def test_it_counts_how_old_items_are_when_they_are_on_the_site(site):
    told = site("items")
    told.way.change(1, stock=1)
    told.way.run(400)
    counts = told.way.store.hgetall("instep:metrics")
    assert counts["fresh:products:site:20000"] == "1"
    assert told.way.context.report.status()["collections"]["products"]["unpublished"] == 0


@MODES
def test_the_life_of_a_record_tells_its_publish(site, publish):
    told = site(publish)
    told.way.change(1, stock=1)
    told.way.run(400)
    last = told.way.lives()[told.way.id(1)][-1]
    by = publish.removesuffix("s")
    assert (last.what, last.detail) == ("published", {"by": by})
    assert "seen" in says(last)


@MODES
def test_every_publish_is_a_line_of_the_log(site, publish, caplog):
    caplog.set_level("INFO", "workers.delivery")
    told = site(publish)
    told.way.change(1, stock=1)
    told.way.run(400)
    (line,) = [each for each in caplog.records if each.message == "publish"]
    assert (line.destination, line.outcome) == ("site", "202")
    if publish == "site":
        assert line.site == SITE_ID
    else:
        assert (line.collection, line.items) == ("products", 1)


def test_lists_are_asked_for_what_is_new_since_the_last_publish(site):
    told = site("site")
    way = told.way
    way.change(1, stock=1)
    way.run(400)
    way.forget_requests()
    way.change(2, stock=2)
    way.run(400)
    assert way.live(2)["stock"] == 2
    assert all("lastUpdated[gte]" in request.query for request in way.listings())


@MODES
def test_every_variant_of_an_item_is_published(site, publish):
    told = site(publish, by="key", items=2, collection={"locales": "all"})
    way = told.way
    localize(way, "en", "de")
    add_variant(way, 1)
    way.change(1, stock=3)
    way.change(2, stock=4)
    way.run(600)
    assert (way.live(1)["stock"], live_in(way, 1), way.live(2)["stock"]) == (3, 3, 4)
    assert told.waiting() == {}


@MODES
def test_of_a_variant_that_is_a_draft_the_others_are_published(site, publish):
    told = site(publish, by="key", items=1, collection={"locales": "all"})
    way = told.way
    localize(way, "en", "de")
    add_variant(way, 1)
    held = variant(way, 1)
    way.products.store(held, replace(held.staged, draft=True, updated=way.site.now()))
    before = live_in(way, 1)
    way.change(1, stock=3)
    way.run(600)
    assert (way.live(1)["stock"], live_in(way, 1)) == (3, before)


def test_an_item_that_stays_away_from_long_listings_leaves(site):
    told = site("items", items=130)
    way = told.way
    for n in range(1, 131):
        way.change(n, stock=7000 + n)
    way.run(2)
    way.remove(1)
    way.run(600)
    assert told.waiting() == {}
    assert way.shown("stock", range(2, 131)) == [7000 + n for n in range(2, 131)]


def test_a_round_takes_what_a_worker_of_the_release_before_has_left(site):
    """It knows two of the keys, and has let it go from those."""
    told = site()
    store = told.way.store
    store.zadd(keys.unpublished_since("products"), {told.way.id(2): 1})
    store.sadd(keys.unpublished_held("products"), told.way.id(2))
    told.way.change(1, stock=7)
    told.way.run()
    assert told.equal()
    assert not store.exists(keys.unpublished_since("products"))
    assert not store.exists(keys.unpublished_held("products"))


@MODES
def test_an_outage_in_which_nothing_else_waits_does_not_keep_it_from_the_site(site, publish):
    told = site(publish)
    told.way.change(1, stock=7)
    told.way.run(3)
    assert told.waiting()
    told.way.down(500, seconds=300, match={"method": None})
    told.way.run()
    assert told.equal()


def test_a_draft_stays_one_where_another_variant_alone_was_written(site):
    told = site(by="key", items=2, collection={"locales": "all"})
    way = told.way
    localize(way, "en", "de")
    way.change(1, stock=7)
    way.run(200)
    told.draft(1, "a draft")
    add_variant(way, 1, name="Eiche", stock=0)
    way.pass_time(3700)
    way.change(2, stock=8)  # variants are listed with what is sent
    way.run(600)
    assert (way.live(1)["stock"], live_in(way, 1)) == (7, 7)
    assert way.live(1)["name"] != "a draft"
    assert variant(way, 1, EN).staged.draft


def test_a_variant_that_was_written_before_another_one_is_published_too(site):
    told = site(by="key", items=2, collection={"locales": "all"})
    way = told.way
    localize(way, "en", "de")
    told.window_opens_in(3 * 3600)
    way.change(1, stock=7)
    way.run(200)
    add_variant(way, 1, name="Eiche", stock=0)
    way.pass_time(3700)
    way.change(2, stock=8)
    way.run(4 * 3600)
    assert (way.live(1)["stock"], live_in(way, 1)) == (7, 7)
    assert told.waiting() == {}


def edit_beside_a_variant(site):
    """One of the primary variant, which is seen before Instep writes another one."""
    told = site("items", by="key", items=2, collection={"locales": "all"})
    way = told.way
    localize(way, "en", "de")
    way.change(1, stock=7)
    way.run(5)
    add_variant(way, 1, name="Eiche", stock=0)
    told.queue(1, "theirs")
    return told


def write_variant(way):
    way.pass_time(3700)
    way.change(2, stock=8)  # variants are listed with what is sent
    way.run(600)


def test_an_edit_of_one_variant_does_not_hold_another_one(site):
    told = edit_beside_a_variant(site)
    way = told.way
    way.run(200)
    assert [*told.waiting().values()] == ["e"]
    write_variant(way)
    assert live_in(way, 1) == 7
    assert way.live(1)["name"] != "theirs"
    assert [*told.waiting().values()] == ["e"]
    way.publish(1)
    way.run(2 * AGAIN)
    assert told.waiting() == {}
