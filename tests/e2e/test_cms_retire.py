"""What Instep did not do to an item it does not take back, in each way, by both APIs."""

from dataclasses import replace
from itertools import permutations, product

import pytest

from tests.support.depth import some

WAYS = ("archive", "draft", "unpublish")
KNOWN = (("v1", "v2"), ("item", "key"), (True, False))  # api, by, draft


@pytest.fixture(params=["item", "key"])
def known(open_way, api, request):
    """A way out to twenty products, by their ids or their keys."""
    return open_way(api=api, by=request.param)


def status(way, n):
    """Archived, draft, and whether there is a live copy."""
    item = way.products.items[way.id(n)]
    return item.staged.archived, item.staged.draft, item.live is not None


def by_hand(way, n, *, archived=None, draft=None):
    """An editor sets a flag of the staged copy, and nothing else."""
    item = way.products.items[way.id(n)]
    flags = {name: to for name, to in (("archived", archived), ("draft", draft)) if to is not None}
    way.products.store(item, replace(item.staged, **flags, updated=way.site.now()))


def come_and_go(way, way_of, n=1):
    """The record of a product goes and comes back."""
    way.retire(n, way_of, version=5)
    way.run()
    way.change(n, stock=6, version=6)
    way.run()
    assert way.counts("pending", "dead") == (0, 0)
    assert way.staged(n)["stock"] == 6


@pytest.mark.parametrize("way_of", WAYS)
@pytest.mark.parametrize("written", [True, False], ids=["written before", "never written"])
def test_a_draft_that_was_never_live_stays_a_draft(known, way_of, written):
    known.unpublish(1)
    if written:
        known.change(1, stock=1, version=1)
        known.run()
    come_and_go(known, way_of)
    assert status(known, 1) == (False, True, False)


@pytest.mark.parametrize("way_of", WAYS)
def test_what_an_editor_has_archived_stays_archived(known, way_of):
    by_hand(known, 1, archived=True)
    come_and_go(known, way_of)
    assert status(known, 1)[:2] == (True, False)


@pytest.mark.parametrize("way_of", WAYS)
def test_what_was_live_is_live_again(known, way_of):
    come_and_go(known, way_of)
    assert status(known, 1) == (False, False, True)
    assert known.live(1)["stock"] == 6


@pytest.mark.parametrize("way_of", WAYS)
def test_what_waits_for_its_first_publish_waits_again(known, way_of):
    known.unpublish(1)
    by_hand(known, 1, draft=False)
    come_and_go(known, way_of)
    assert status(known, 1) == (False, False, False)


@pytest.mark.parametrize(
    ("api", "by", "draft", "kind", "way_of"),
    some(product(*KNOWN, ["reset-after", "reset-before"], WAYS), 5),
)
def test_so_it_is_where_the_answer_to_the_retirement_is_lost(
    open_way, api, by, draft, kind, way_of
):
    known = open_way(api=api, by=by)
    if draft:
        known.unpublish(1)
    for method in ("PATCH", "DELETE"):
        known.fault(kind, times=1, match={"method": method})
    come_and_go(known, way_of)
    assert status(known, 1) == ((False, True, False) if draft else (False, False, True))


@pytest.mark.parametrize(
    ("api", "by", "draft", "ways"), some(product(*KNOWN, permutations(WAYS, 2)), 5)
)
def test_so_it_is_after_two_retirements_in_two_ways(open_way, api, by, draft, ways):
    known = open_way(api=api, by=by)
    first, then = ways
    if draft:
        known.unpublish(1)
    known.retire(1, first, version=3)
    known.run()
    known.retire(1, then, version=5)
    known.run()
    known.change(1, stock=6, version=6)
    known.run()
    assert status(known, 1) == ((False, True, False) if draft else (False, False, True))


@pytest.mark.parametrize("way_of", WAYS)
def test_kept_is_as_it_was(known, way_of):
    known.unpublish(1)
    known.retire(1, way_of, version=3)
    known.run()
    known.retire(1, "keep", version=5)
    known.run()
    known.change(1, stock=6, version=6)
    known.run()
    assert status(known, 1) == (False, True, False)


@pytest.mark.parametrize("way_of", ["draft", "unpublish"])
def test_what_an_editor_publishes_while_its_record_is_gone_stays_published(known, way_of):
    known.unpublish(1)
    known.retire(1, way_of, version=5)
    known.run()
    known.pass_time(5)
    known.publish(1)
    known.change(1, stock=6, version=6)
    known.run()
    assert status(known, 1) == (False, False, True)
    assert known.live(1)["stock"] == 6


def test_what_an_editor_archives_meanwhile_stays_archived(known):
    known.retire(1, "unpublish", version=5)
    known.run()
    by_hand(known, 1, archived=True)
    known.change(1, stock=6, version=6)
    known.run()
    assert status(known, 1) == (True, False, False)
    assert known.counts("pending", "dead") == (0, 0)


@pytest.mark.parametrize("way_of", ["draft", "unpublish"])
def test_a_draft_that_was_published_since_it_was_listed_leaves_the_site(open_way, way_of):
    way = open_way(by="key")
    way.unpublish(1)
    way.change(1, stock=1, version=1)
    way.run()
    way.pass_time(5)
    way.publish(1)
    way.retire(1, way_of, version=5)
    way.run()
    assert status(way, 1) == (False, True, False)
    way.change(1, stock=6, version=6)
    way.run()
    assert status(way, 1) == (False, False, True)


@pytest.mark.parametrize("way_of", some(WAYS, 2))
def test_a_hundred_drafts_go_and_come_back_by_a_few_requests(open_way, way_of):
    way = open_way(by="key", items=100)
    way.unpublish(*range(1, 101))
    for n in range(1, 101):
        way.change(n, stock=1, version=1)
    way.run()
    way.forget_requests()
    for n in range(1, 101):
        way.retire(n, way_of, version=5)
    way.run(300)
    for n in range(1, 101):
        way.change(n, stock=6, version=6)
    way.run(300)
    assert [status(way, n) for n in range(1, 101)] == [(False, True, False)] * 100
    assert [r.method for r in way.requests if r.method != "GET"] == ["PATCH", "PATCH"]


@pytest.mark.parametrize("way_of", ["draft", "unpublish"])
def test_a_hundred_that_were_live_are_live_again_by_a_few_requests(open_way, way_of):
    way = open_way(by="key", items=100)
    for n in range(1, 101):
        way.change(n, stock=1, version=1)
    way.run()
    way.forget_requests()
    for n in range(1, 101):
        way.retire(n, way_of, version=5)
    way.run(300)
    for n in range(1, 101):
        way.change(n, stock=6, version=6)
    way.run(300)
    assert [status(way, n) for n in range(1, 101)] == [(False, False, True)] * 100
    sent = [r.method for r in way.requests if r.method != "GET"]
    assert sent == ["DELETE", "PATCH", "POST", "PATCH"]


def test_what_was_unpublished_on_the_way_to_its_deletion_stays_a_draft(known):
    known.unpublish(1)
    known.fault("status", status=409, match={"method": "DELETE"})
    known.retire(1, "delete", version=5)
    known.run()
    known.mend()
    known.change(1, stock=6, version=6)
    known.run()
    assert status(known, 1) == (False, True, False)


@pytest.mark.parametrize("way_of", WAYS)
def test_a_look_that_lags_behind_what_was_written_since_is_not_believed(open_way, way_of):
    way = open_way()
    way.filters.lag = 60

    def both(act, **given):
        for n in (1, 2):  # one alone is not looked at by a filter
            act(n, **given)
        way.run()

    both(way.retire, way=way_of, version=4)
    way.filters.keep()
    way.pass_time(50)
    both(way.change, stock=5, version=5)
    way.pass_time(20)
    both(way.retire, way=way_of, version=6)
    assert status(way, 1)[:2] == (way_of == "archive", way_of != "archive")
    both(way.change, stock=7, version=7)
    assert status(way, 1) == status(way, 2) == (False, False, True)
    assert (way.live(1)["stock"], way.live(2)["stock"]) == (7, 7)
    assert way.counts("pending", "dead") == (0, 0)


def test_no_look_that_fails_stops_a_retirement(open_way):
    way = open_way()
    way.fault("status", status=500, match={"method": "GET"})
    way.retire(1, "archive", version=5)
    way.run()
    assert status(way, 1)[0]
    # Nobody knows whether an editor had archived it: it stays.
    way.mend()
    way.change(1, stock=6, version=6)
    way.run()
    assert status(way, 1)[0]
