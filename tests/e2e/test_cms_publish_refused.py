"""What keeps a publish from happening, of the reads before it too; and where its site is."""

import pytest

from service.sandbox.api.api_version import answer
from service.sandbox.api.v2_sites import Sites
from service.sandbox.site.site import SITE_ID
from tests.support.publishes import Publishes, no_collections_of
from workers.policy.publish_items import AGAIN

OTHER = "65e0000000000000000000ff"


@pytest.fixture
def site(open_way):
    """Opens a way out that publishes its site."""

    def open(**options):
        return Publishes(
            open_way(**({"live": False, "publish": "site", "site": SITE_ID} | options))
        )

    return open


def changed(told, seconds=200):
    told.way.change(1, stock=1)
    told.way.run(seconds)
    return told.way.live(1)["stock"] == 1


@pytest.mark.parametrize("first", [True, False])
def test_of_several_sites_it_is_the_one_with_the_collections(site, monkeypatch, first):
    shown = Sites._shown
    other = {"id": OTHER, "locales": None}

    def list_all(self, _):
        both = [shown(self), other]
        return answer({"sites": both if first else both[::-1]})

    monkeypatch.setattr(Sites, "list_all", list_all)
    no_collections_of(monkeypatch, OTHER)
    told = site(site=None)
    assert changed(told)
    assert told.way.store.hget("instep:publishing:site", "site") == SITE_ID


@pytest.mark.parametrize(
    ("sites", "why"),
    [
        ([], "the token sees no site: give it the scope sites:read"),
        ([OTHER, "65e0000000000000000000fe"], "no site that the token sees has the collections"),
    ],
)
def test_a_site_that_is_not_found_is_told(site, monkeypatch, sites, why):
    listed = [{"id": id, "locales": None} for id in sites]
    monkeypatch.setattr(Sites, "list_all", lambda *_: answer({"sites": listed}))
    no_collections_of(monkeypatch, *sites)
    told = site(site=None)
    assert not changed(told)
    assert why in told.status()["failed"]


@pytest.mark.parametrize(
    "path", ["/v2/sites", f"/v2/sites/{SITE_ID}", f"/v2/sites/{SITE_ID}/collections"]
)
@pytest.mark.parametrize(("status", "told_why"), [(403, True), (500, False)])
def test_a_read_that_is_refused_is_repeated(site, path, status, told_why):
    told = site(site=None if path == "/v2/sites" else SITE_ID)
    told.fault("status", times=1, method="GET", path=path, status=status)
    told.way.change(1, stock=1)
    told.way.run(60)
    if told_why:
        assert "give the token the scope sites:read" in told.status()["failed"]
    told.way.run(2 * AGAIN)
    assert told.way.live(1)["stock"] == 1
    assert told.status()["failed"] is None


def test_of_several_sites_a_refused_read_is_repeated(site, monkeypatch):
    shown = Sites._shown
    both = [{"id": OTHER, "locales": None}]
    monkeypatch.setattr(Sites, "list_all", lambda self, _: answer({"sites": [*both, shown(self)]}))
    no_collections_of(monkeypatch, OTHER)
    told = site(site=None)
    told.fault("status", times=1, method="GET", path="*/collections", status=500)
    assert changed(told)


def test_a_page_that_has_no_answer_is_read_again(site):
    told = site()
    told.fault("reset-before", times=1, method="GET", path="*/items")
    assert changed(told, 300)


def test_a_collection_that_cannot_be_listed_is_told(site):
    told = site()
    other = told.way.add_collection("blog")
    told.fault("status", times=1, method="GET", path=f"*/{other}/items", status=403)
    assert not changed(told)
    assert told.status()["failed"].startswith("blog cannot be listed: 403")
    assert told.way.state()[0] == "flowing"


def test_the_look_behind_a_publish_is_repeated(site):
    told = site()
    told.way.change(1, stock=1)
    told.way.run(11)
    told.before_publish(
        lambda: told.fault("status", times=1, method="GET", path=f"/v2/sites/{SITE_ID}", status=500)
    )
    told.way.run(300)
    assert told.waiting() == {}
    assert len(told.published()) == 1


@pytest.mark.parametrize("status", [400, 404])
def test_a_publish_that_is_refused_says_what_to_correct(site, status):
    told = site()
    told.fault("status", times=1, status=status)
    assert not changed(told)
    assert "correct site or publish_domains of the destination" in told.status()["failed"]
    told.way.run(2 * AGAIN)
    assert told.way.live(1)["stock"] == 1
    assert told.status()["failed"] is None


def test_a_failure_is_over_with_what_waited_for_it(site):
    told = site()
    told.fault("status", times=1, status=400)
    assert not changed(told)
    assert told.status()["failed"] is not None
    told.way.publish(1)
    told.way.run(2 * AGAIN)
    assert told.status()["failed"] is None
    assert told.waiting() == {}


def test_items_that_are_refused_together_are_told_and_tried_again(site):
    told = site(publish="items")
    told.fault("status", times=1, status=409)
    assert not changed(told)
    assert "items of products: 409" in told.status()["failed"]
    told.way.run(2 * AGAIN)
    assert told.way.live(1)["stock"] == 1
    assert told.status()["failed"] is None


def test_what_somebody_else_publishes_meanwhile_needs_no_publish(site):
    told = site()
    told.way.change(1, stock=1)
    told.way.run(5)
    told.way.publish(1)
    told.way.run(200)
    assert told.published() == []
    assert told.waiting() == {}


def test_items_that_are_erased_meanwhile_are_not_sent(site):
    told = site(publish="items")
    way = told.way
    way.change(1, stock=1)
    way.run(5)
    way.pass_time(10)
    way.step()  # the look
    way.store.delete("instep:unpublished:products", "instep:unpublished-of:products")
    way.run(200)
    assert told.published() == []
    assert way.store.hget("instep:publishing:site", "next") is None


def test_nothing_waits_any_more_as_the_round_begins(site):
    told = site(publish="items")
    way = told.way
    way.change(1, stock=1)
    way.run(5)
    way.store.delete("instep:unpublished:products", "instep:unpublished-of:products")
    way.run(200)
    assert [request.method for request in way.requests] == ["PATCH"]


def test_a_write_without_an_answer_is_no_editors_edit_once_its_value_is_refused(site):
    told = site(publish="items")
    way = told.way
    way.change(1, stock=5)
    way.run(2)
    told.fault("reset-after", times=1, method="PATCH", path="*")
    told.fault("status", times=1, method="PATCH", path="*", status=400)
    way.change(1, stock=6)
    way.run(0)
    way.change(1, stock=7)
    way.run(600)
    assert told.waiting() == {way.id(1): ""}
    (letter,) = way.letters()
    way.context.letters.replay(letter.id)
    way.run(600)
    assert (way.live(1)["stock"], told.waiting()) == (7, {})
