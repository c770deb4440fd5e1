"""Behind a publish of the site two counts tell what is live, or pages are read."""

import pytest

from service.sandbox.api import lists
from service.sandbox.site.site import SITE_ID
from tests.support.publishes import Publishes

ITEMS = range(1, 251)


@pytest.fixture
def site(open_way):
    """A site of which 250 changes were written staged, and are about to be published."""
    way = open_way(live=False, publish="site", site=SITE_ID, items=251)
    way.change(1, stock=1)
    way.run(400)
    for n in ITEMS:
        way.change(n, stock=9000 + n)
    return Publishes(way)


def checks(told):
    """The queries of the listings behind the publish."""
    (publish,) = told.published()
    return [r.query for r in told.way.gets() if r.at > publish.at and "lastUpdated[gte]" in r.query]


def run(told):
    told.way.forget_requests()
    told.way.run(130)


def is_settled(told):
    shown = told.way.shown("stock", ITEMS) == [9000 + n for n in ITEMS]
    return shown and told.waiting() == {}


def pages(queries):
    return [q for q in queries if q.get("sortBy") == "createdOn"]


def test_two_counts_tell_it(site):
    run(site)
    assert is_settled(site)
    first, second = checks(site)[:2]
    assert "lastPublished[gte]" in first
    assert second["sortBy"] == "lastPublished"
    assert first["lastUpdated[gte]"] == second["lastUpdated[gte]"]


def test_an_item_that_becomes_a_draft_before_the_publish_is_not_counted_as_live(site):
    site.before_publish(lambda: site.draft(7, "A draft"))
    run(site)
    assert site.way.live(7)["stock"] != 9007
    assert site.waiting() == {site.way.id(7): "d"}
    assert len(pages(checks(site))) >= 3


@pytest.mark.parametrize("ignored", ["_TIMES", "_KEYS"], ids=["filter", "order"])
def test_where_the_time_makes_no_difference_what_is_left_is_found(site, monkeypatch, ignored):
    """By the time of its creation item 250 is not on the first page."""
    if ignored == "_TIMES":
        monkeypatch.delitem(lists._TIMES, "lastPublished")
    else:
        monkeypatch.setitem(lists._KEYS, "lastPublished", lists._KEYS["createdOn"])
    site.before_publish(lambda: site.draft(250, "A draft"))
    run(site)
    assert site.waiting() == {site.way.id(250): "d"}
    assert len(pages(checks(site))) >= 3


class Nowhere:
    """A time that is neither before nor behind any other."""

    def __ge__(self, _):
        return False

    __le__ = __ge__


@pytest.mark.parametrize("kept", [0, 100])
def test_where_some_are_in_neither_count_pages_are_read(site, monkeypatch, kept):
    shown = {site.way.id(n) for n in range(1, kept + 1)}

    def published(row):
        return row[0].published if row[0].id in shown else Nowhere()

    monkeypatch.setitem(lists._TIMES, "lastPublished", published)
    run(site)
    assert is_settled(site)
    assert len(pages(checks(site))) >= 3


def test_what_is_in_neither_count_is_not_made_up_for_by_an_item_of_others(site, monkeypatch):
    """An editor takes one of ours off the site, and has edited another item."""

    def published(row):
        return row[0].published or Nowhere()  # it is unknown which filters show what has none

    def edit():
        site.queue(251, "Theirs")
        site.way.unpublish(7)

    monkeypatch.setitem(lists._TIMES, "lastPublished", published)
    site.before_publish(edit)
    run(site)
    assert len(pages(checks(site))) >= 3


COUNTS = {
    "taken": lambda query: "lastPublished[gte]" in query,
    "left": lambda query: query.get("sortBy") == "lastPublished",
}


@pytest.mark.parametrize("which", COUNTS)
def test_a_count_without_an_answer_is_repeated(site, which):
    is_asked = COUNTS[which]

    def watch():
        if is_asked(site.way.requests[-1].query):
            site.fault("status", status=503, method="GET", path="*/items", times=1)
        else:
            site.way.on_request = watch

    site.way.on_request = watch
    run(site)
    assert is_settled(site)
    assert len([*filter(is_asked, checks(site))]) == 2
