"""Publishing and write-back together, and what a reload of `publish` leaves behind."""

from dataclasses import replace

import pytest
import redis

from service.sandbox.site.site import SITE_ID
from tests.support.publishes import Publishes
from tests.support.writeback_rig import told
from workers.model.writeback_attempts import Answer
from workers.store import keys
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText

MODES = pytest.mark.parametrize("publish", ["items", "site"])


def publishing(telling, publish="items", **given):
    options = {"live": False, "publish": publish, "site": SITE_ID}
    return telling(options=options, **given)


def said(way):
    return [(each["event"], each["state"]) for each in told(way)]


def settled(way):
    """Deliver and publish what waits, and tell what came of it; at first what is only staged."""
    way.run(5)
    way.tell(seconds=1)
    way.run()
    way.tell()


@MODES
def test_a_new_item_is_told_staged_and_then_live_once(telling, publish):
    way = publishing(telling, publish)
    way.change("new-1", name="Oak desk", stock=3)
    settled(way)
    assert said(way) == [("created", "staged"), ("changed", "live")]
    assert Publishes(way).waiting() == {}
    counted = way.store.hmget(keys.METRICS, "published:products:live", "writebacks:shop:told")
    assert counted == ["1", "2"]
    way.change("new-1", stock=4)
    settled(way)
    assert said(way)[2:] == [("changed", "live")]


@MODES
def test_what_is_told_late_is_told_once_as_it_is_then(telling, publish):
    way = publishing(telling, publish)
    way.change("new-1", name="Oak desk", stock=3)
    way.run()
    way.tell()
    assert said(way) == [("created", "live")]


def test_an_item_that_its_editor_publishes_is_told_too(telling):
    way = publishing(telling)
    way.change("new-1", name="Oak desk", stock=3)
    way.run(5)
    way.tell(seconds=1)
    Publishes(way).by_hand()
    way.run()
    way.tell()
    assert said(way) == [("created", "staged"), ("changed", "live")]


@MODES
def test_what_is_archived_is_told_once(telling, publish):
    way = publishing(telling, publish)
    way.change("new-1", name="Oak desk", stock=3)
    settled(way)
    way.retire("new-1", "archive")
    settled(way)
    assert said(way)[2:] == [("retired", "archived")]


def test_what_was_staged_for_the_site_goes_by_the_item_once_that_is_set(telling):
    way = publishing(telling, "site")
    way.change("new-1", name="Oak desk", stock=3)
    way.run(5)
    way.begin(publish="items")
    settled(way)
    assert [request.path.split("/")[2] for request in Publishes(way).published()] == ["collections"]
    assert Publishes(way).waiting() == {}


def test_a_round_that_has_begun_for_the_site_ends_where_items_are_set(telling):
    way = publishing(telling, "site")
    way.change("new-1", name="Oak desk", stock=3)
    for _ in range(40):
        way.pass_time(1)
        way.step()
        if way.store.hget("instep:publishing:site", "after"):
            break
    assert way.store.hget("instep:publishing:site", "after")
    way.begin(publish="items")
    settled(way)
    assert [request.path.split("/")[2] for request in Publishes(way).published()] == ["collections"]
    assert Publishes(way).waiting() == {}


def test_a_publish_that_was_held_is_not_told_once_items_are_set(telling):
    way = publishing(telling, "site")
    site = Publishes(way)
    site.queue(3, "theirs")
    way.change(1, stock=7)
    way.run(100)
    assert site.status()["held"]
    way.begin(publish="items")
    way.run()
    assert site.status()["held"] is None
    assert site.reasons() == []
    assert site.waiting() == {}


def test_nothing_waits_where_nothing_is_published_any_more(telling):
    way = publishing(telling)
    way.change("new-1", name="Oak desk", stock=3)
    way.run(5)
    way.begin(publish="never")
    assert way.context.report.status()["collections"]["products"]["unpublished"] == 0
    assert Publishes(way).status() is None
    way.begin(publish="items")
    way.run()
    assert Publishes(way).waiting() == {}
    assert len(Publishes(way).published()) == 1


def test_a_record_that_was_unpublished_and_is_back_is_told_live(telling):
    way = publishing(telling)
    way.change("new-1", name="Oak desk", stock=3, version=1)
    settled(way)
    way.retire("new-1", "unpublish", version=2)
    settled(way)
    way.change("new-1", stock=4, version=3)
    settled(way)
    assert said(way)[2:] == [("retired", "unpublished"), ("changed", "staged"), ("changed", "live")]
    assert not way.store.hexists("instep:item:products:new-1", "staged")
    assert way.the("new-1").live.fields["stock"] == 4


def test_a_record_that_is_erased_while_it_waits_is_neither_published_nor_told(
    telling, store_socket
):
    way = publishing(telling)
    way.change("new-1", name="Oak desk", stock=3)
    way.run(5)
    text = KeyText("products", "new-1", parts=1, spellings=["new-1"], names=("sku",), others=set())
    with redis.Redis(unix_socket_path=store_socket) as raw:
        erasure = Erasure(raw, way.steps, text)
        erasure.run(erasure.find())
        way.run()
        way.tell()
        assert said(way) == []
        assert Publishes(way).published() == []
        assert not erasure.find()


def only(way, *on):
    """The same write-back, of these events alone."""
    own = way.settings.writebacks["shop"]
    way.configured({"shop": replace(own, on=on)})


@MODES
def test_where_creations_alone_are_told_the_address_is_told_with_that(telling, publish):
    way = publishing(telling, publish)
    only(way, "created")
    way.change("new-1", name="Oak desk", stock=3)
    settled(way)
    assert said(way) == [("created", "staged"), ("created", "live")]
    first, second = (each["sequence"] for each in told(way))
    assert second > first
    way.change("new-1", stock=4)
    settled(way)
    assert len(said(way)) == 2


def test_what_is_brought_back_is_not_told_as_created(telling):
    way = publishing(telling)
    only(way, "created")
    way.change("new-1", name="Oak desk", stock=3, version=1)
    settled(way)
    way.retire("new-1", "archive", version=2)
    settled(way)
    way.change("new-1", stock=4, version=3)
    settled(way)
    assert said(way) == [("created", "staged"), ("created", "live")]


@MODES
def test_an_archived_record_that_is_back_is_told_live_once_it_is(telling, publish):
    way = publishing(telling, publish)
    way.change("new-1", name="Oak desk", stock=3, version=1)
    settled(way)
    way.retire("new-1", "archive", version=2)
    settled(way)
    assert way.the("new-1").live is None
    way.change("new-1", stock=4, version=3)
    settled(way)
    assert said(way)[2:] == [("retired", "archived"), ("changed", "staged"), ("changed", "live")]
    assert not way.store.hexists("instep:item:products:new-1", "staged")
    assert way.the("new-1").live.fields["stock"] == 4


def test_an_archived_record_that_is_back_before_it_left_the_site_is_told_live(telling):
    way = publishing(telling)
    way.change("new-1", name="Oak desk", stock=3, version=1)
    settled(way)
    way.retire("new-1", "archive", version=2)
    way.run(5)
    way.change("new-1", stock=4, version=3)
    settled(way)
    assert said(way)[2:] == [("changed", "live")]


def merge(way, one, other):
    """Make the record *one* the record *other*, and forget the index, as an upgrade does."""
    request = {"token": "m1", "collection": "products", "texts": {}, "look": False}
    assert way.steps.run("merge", request | {"from": one, "to": other})["done"]
    copy = way.settings.copy_of(way.settings.collections["products"])
    names = [keys.item_ids("products", copy), keys.item_keys("products", copy)]
    ids = way.store.hgetall(names[0])
    way.store.delete(*names)
    for key, id in ids.items():
        way.store.hset(names[0], other if key == one else key, id)
        way.store.hset(names[1], id, other if key == one else key)


def test_what_waits_of_a_record_that_is_merged_is_published_and_told_by_its_key(telling):
    way = publishing(telling)
    way.change("old-1", name="Oak desk", stock=3)
    way.run(5)
    assert Publishes(way).waiting() == {"old-1": ""}
    merge(way, "old-1", "new-1")
    assert Publishes(way).waiting() == {"new-1": ""}
    way.run()
    way.tell()
    assert [(each["event"], each["state"], each["key"]) for each in told(way)] == [
        ("created", "live", "old-1")
    ]
    assert Publishes(way).waiting() == {}
    assert way.waiting() == 0


def test_what_waits_of_both_records_is_told_once(telling):
    way = publishing(telling)
    way.change("new-1", name="Oak desk", stock=3)
    way.run(5)
    way.change("old-1", name="Oak desk too", stock=4)
    way.run(5)
    merge(way, "old-1", "new-1")
    assert list(Publishes(way).waiting()) == ["new-1"]
    assert way.waiting() == 1
    way.tell(seconds=1)
    assert said(way)[0][0] == "created"


def test_a_claim_of_a_record_that_is_merged_is_told_once_more(telling):
    way = publishing(telling)
    way.change("old-1", name="Oak desk", stock=3)
    way.run(5)
    claim = way.context.writebacks.claim(way.settings.writebacks["shop"])
    assert [each.record for each in claim.owed] == ["old-1"]
    merge(way, "old-1", "new-1")
    answers = {"old-1": Answer("told", status=200)}
    assert way.context.writebacks.settle(way.settings.writebacks["shop"], claim, answers) == 0
    way.pass_time(30)
    way.tell(seconds=1)
    assert [(each["event"], each["key"]) for each in told(way)] == [("created", "old-1")]


@pytest.mark.parametrize("beside", [False, True])
def test_a_dead_write_back_of_a_record_that_is_merged_goes_with_it(telling, beside):
    way = publishing(telling)
    way.sinks["shop"].answers = [400]
    own = way.settings.writebacks["shop"]
    way.configured({"shop": replace(own, attempts=1)})
    way.change("old-1", name="Oak desk", stock=3)
    way.run(5)
    way.tell(seconds=1)
    (letter,) = way.letters()
    if beside:
        way.change("new-1", name="Oak desk too", stock=4)
        way.run(5)
    merge(way, "old-1", "new-1")
    way.sinks["shop"].answers = [200]
    if beside:
        assert way.letters() == []
    else:
        assert way.store.hget(keys.letter(letter.id), "record") == "new-1"
        way.context.letters.replay(letter.id)
    way.tell(seconds=1)
    assert way.letters() == []
    assert way.waiting() == 0
