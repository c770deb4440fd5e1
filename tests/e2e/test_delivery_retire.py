"""Records that are gone at their source, by both APIs."""

import pytest

from service.sandbox.model.records import Copy
from service.sandbox.model.schema import Field

NEW = {"missing": "create", "preflight": True}


@pytest.fixture
def keyed(open_way, api):
    """A way out to twenty products by their keys, that creates what is missing."""
    return open_way(api=api, by="key", collection=NEW)


def status(way, n):
    """Archived, draft, and whether there is a live copy."""
    item = way.products.items[way.id(n)]
    return item.staged.archived, item.staged.draft, item.live is not None


def is_there(way, n):
    return way.id(n) in way.products.items


@pytest.mark.parametrize(
    ("way_of", "shown"),
    [
        ("archive", (True, False, True)),
        ("draft", (False, True, False)),
        ("unpublish", (False, True, False)),
        ("keep", (False, False, True)),
    ],
)
def test_an_item_shows_how_it_was_retired_and_comes_back(keyed, way_of, shown):
    keyed.change(1, stock=1, version=1)
    keyed.run()
    keyed.retire(1, way_of, version=5)
    keyed.run()
    assert status(keyed, 1) == shown
    keyed.change(1, stock=4, version=4)
    keyed.run()
    assert status(keyed, 1) == shown
    keyed.change(1, stock=6, version=6)
    keyed.run()
    assert status(keyed, 1) == (False, False, True)
    assert keyed.live(1)["stock"] == 6
    assert keyed.counts("stale", "pending", "dead") == (1, 0, 0)


@pytest.mark.parametrize("way_of", ["archive", "draft", "unpublish"])
def test_so_it_does_where_only_staged_copies_are_written(open_way, api, way_of):
    way = open_way(api=api, live=False)
    way.retire(1, way_of, version=5)
    way.run()
    assert status(way, 1)[:2] == ((True, False) if way_of == "archive" else (False, True))
    way.change(1, stock=6, version=6)
    way.run()
    assert status(way, 1)[:2] == (False, False)
    assert way.counts("written", "pending", "dead") == (2, 0, 0)


def test_an_archived_item_leaves_the_site_with_its_next_publish_and_can_come_back(keyed):
    from service.sandbox.site.publish import publish_site

    keyed.retire(1, "archive", version=5)
    keyed.run()
    publish_site(keyed.site)
    assert status(keyed, 1) == (True, False, False)
    keyed.change(1, stock=6, version=6)
    keyed.run()
    assert (status(keyed, 1), keyed.live(1)["stock"]) == ((False, False, True), 6)


def test_where_an_archived_item_takes_no_live_write_it_comes_back_by_publishing(keyed):
    keyed.site.rules.refuses_archived = True
    keyed.retire(1, "archive", version=5)
    keyed.run()
    keyed.change(1, stock=6, version=6)
    keyed.run()
    assert (status(keyed, 1), keyed.live(1)["stock"]) == ((False, False, True), 6)
    assert keyed.counts("pending", "dead") == (0, 0)


def test_an_item_that_was_never_published_is_archived_staged(keyed):
    keyed.unpublish(1)
    keyed.retire(1, "archive", version=5)
    keyed.run()
    assert status(keyed, 1) == (True, True, False)
    assert keyed.counts("written", "dead") == (1, 0)


def test_a_deleted_item_is_gone_and_a_newer_record_is_a_new_item(keyed):
    keyed.change(1, name="Oak desk", stock=1, version=1)
    keyed.run()
    keyed.retire(1, "delete", version=5)
    keyed.run()
    assert not is_there(keyed, 1)
    keyed.change(1, name="Late", stock=9, version=4)
    keyed.run()
    assert keyed.made("P-0001") == []
    keyed.change(1, name="Pine desk", version=6)
    keyed.run()
    item = keyed.the("P-0001")
    assert (item.live.fields["name"], item.live.fields.get("stock")) == ("Pine desk", None)
    assert keyed.counts("accepted", "written", "stale", "pending", "dead") == (6, 4, 2, 0, 0)


def test_items_are_deleted_in_bulk_their_live_copies_first(open_way):
    way = open_way(items=200)
    for n in range(1, 151):
        way.retire(n, "delete", version=5)
    way.run()
    assert len(way.products.items) == 50
    sizes = sorted((live, len(ids)) for live, ids in way.deletes())
    assert sizes == [(False, 50), (False, 100), (True, 50), (True, 100)]


def test_of_an_item_by_its_id_that_was_never_written_the_status_is_read_first(way):
    way.retire(1, "delete", version=5)
    way.run()
    assert not is_there(way, 1)
    assert [r.method for r in way.requests] == ["GET", "DELETE", "DELETE"]


def test_nothing_is_asked_for_one_that_was_written(way):
    way.change(1, stock=3, version=1)
    way.run()
    way.forget_requests()
    way.retire(1, "delete", version=5)
    way.run()
    assert not is_there(way, 1)
    assert [r.method for r in way.requests] == ["DELETE", "DELETE"]
    assert list(way.deletes()) == [(True, [way.id(1)]), (False, [way.id(1)])]


def test_an_item_that_somebody_deleted_before_is_deleted(way):
    way.remove(1)
    way.retire(1, "delete", version=5)
    way.retire(2, "delete", version=5)
    way.retire(3, "delete", version=5)
    way.run()
    assert not any(is_there(way, n) for n in (1, 2, 3))
    assert way.counts("accepted", "written", "dead") == (3, 3, 0)


def test_where_no_item_has_the_key_nothing_is_sent(keyed):
    keyed.retire("nobody", "delete", version=5)
    keyed.run()
    assert list(keyed.deletes()) == []
    assert keyed.counts("unchanged", "dead") == (1, 0)


def refer(way, n, target):
    """Let the *n*-th product refer to another."""
    way.products.fields["twin"] = Field(
        "twin", "Reference", validations={"collectionId": way.products.id}
    )
    item = way.products.items[way.id(n)]
    fields = {**item.staged.fields, "twin": way.id(target)}
    way.products.store(item, Copy(fields, False, False, way.site.now()))


def test_an_item_that_another_refers_to_is_a_letter_and_keeps_none_back(way):
    refer(way, 2, 1)
    for n in (1, 3, 4):
        way.retire(n, "delete", version=5)
    way.run()
    assert [is_there(way, n) for n in (1, 3, 4)] == [True, False, False]
    (letter,) = way.letters()
    assert (letter.kind, list(letter.fields)) == ("refused", ["(retire)"])
    assert letter.fields["(retire)"]["value"] == "delete"
    assert "still being used" in letter.message
    # Its live copy went before: what comes back is published again.
    way.change(1, stock=6, version=6)
    way.run()
    assert (status(way, 1), way.live(1)["stock"]) == ((False, False, True), 6)
    assert way.letters() == []


@pytest.mark.parametrize("kind", ["status", "reset-after", "reset-before"])
def test_a_deletion_without_an_answer_goes_again(way, kind):
    more = {"status": 503} if kind == "status" else {}
    way.fault(kind, times=2, match={"method": "DELETE"}, **more)
    way.retire(1, "delete", version=5)
    way.run()
    assert not is_there(way, 1)
    assert way.counts("written", "pending", "dead") == (1, 0, 0)


def test_what_is_newer_waits_until_a_lost_deletion_has_landed(keyed):
    keyed.retire(1, "delete", version=5)
    while len(list(keyed.deletes())) < 1:
        keyed.step()
    keyed.fault("reset-after", times=1, match={"method": "DELETE"})
    while is_there(keyed, 1):
        keyed.pass_time(1.001)
        keyed.step()
    sent = keyed.now()
    keyed.change(1, name="Pine desk", stock=6, version=6)
    keyed.run()
    assert keyed.the("P-0001").live.fields["stock"] == 6
    patches = [request for request in keyed.requests if request.method in ("PATCH", "POST")]
    assert patches[0].at - sent >= 59
    assert keyed.counts("superseded", "written", "pending", "dead") == (1, 2, 0, 0)


def test_while_a_token_is_refused_nothing_dies(way):
    way.fault("status", status=401, times=1, match={"method": "DELETE"})
    way.retire(1, "delete", version=5)
    way.run(5)
    assert way.state()[0] == "paused"
    way.mend()
    way.resume()
    way.run()
    assert not is_there(way, 1)


@pytest.mark.parametrize("way_of", ["archive", "draft", "unpublish"])
def test_a_record_that_comes_back_before_it_had_an_item_loses_none_of_its_values(keyed, way_of):
    keyed.change("new-1", name="Oak desk", stock=3, version=1)
    keyed.retire("new-1", way_of, version=5)
    keyed.run()
    assert keyed.made("new-1") == []
    keyed.change("new-1", name="Pine desk", version=6)
    keyed.run()
    fields = keyed.the("new-1").live.fields
    assert (fields["name"], fields["stock"]) == ("Pine desk", 3)
    assert keyed.counts("pending", "dead") == (0, 0)
