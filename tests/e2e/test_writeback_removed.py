"""Write-backs that were taken out of instep.toml, or renamed: named, handed over, dropped."""

from dataclasses import replace

import pytest

from service.operate import removed_writebacks
from service.operate.notices import _removed_writebacks
from tests.support.writeback_rig import Sink, told
from workers.config.writeback import WriteBack
from workers.errors import UnknownName
from workers.store import writeback_keys
from workers.store.audit import Audit
from workers.store.removed_writebacks import RemovedWriteBacks


def renamed(way, name="crm", **options):
    """The write-back "shop" is called *name* now."""
    way.sinks[name] = Sink()
    own = way.settings.writebacks["shop"]
    way.configured({name: replace(own, name=name, url=f"https://{name}.example/", **options)})


def waiting(way):
    return dict(RemovedWriteBacks(way.context.steps, way.settings).read())


@pytest.fixture
def way(telling):
    way = telling()
    for n in (1, 2, 3):
        way.change(way.key(n), stock=7)
    way.run()
    return way


def test_nothing_is_said_of_what_is_configured(way):
    assert waiting(way) == {}
    with pytest.raises(UnknownName, match="instep reload"):
        removed_writebacks.waiting_of(way.context, "shop")
    with pytest.raises(UnknownName, match="instep reload"):
        removed_writebacks.move(way.context, "shop", None, "me")


def test_what_it_has_to_tell_is_named(way):
    renamed(way)
    assert waiting(way) == {"shop": {"collection": "products", "waiting": 3}}
    assert removed_writebacks.waiting_of(way.context, "shop") == 3
    (notice,) = _removed_writebacks({"removed_writebacks": waiting(way)})
    assert notice.name == "writeback shop: removed"
    assert notice.why == "3 records wait to be told, and instep.toml has no such write-back"
    assert "instep writeback shop" in notice.do
    (problem,) = removed_writebacks.waits(way.settings, way.context.steps)
    assert problem.where.endswith("writeback.shop")
    assert problem.found == notice.why


def test_it_is_handed_over_and_told_once(way):
    renamed(way)
    way.change(way.key(1), stock=8)  # of which the new one has something to tell already
    way.run()
    assert removed_writebacks.move(way.context, "shop", "crm", "me") == 3
    way.tell("crm")
    assert sorted(each["key"] for each in told(way, "crm")) == [way.key(n) for n in (1, 2, 3)]
    assert waiting(way) == {}
    assert way.store.smembers(writeback_keys.WRITEBACKS) == {"crm"}
    (entry,), _ = Audit(way.context.steps).list(None, 5)
    assert (entry["action"], entry["target"]) == ("writeback", "shop")
    assert entry["figures"] == {"records": 3, "to": "crm"}


def test_it_is_dropped_with_its_dead_letters(telling):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [422]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    way.change(way.key(2), stock=7)
    way.run()
    assert len(way.letters()) == 1
    renamed(way)
    assert removed_writebacks.move(way.context, "shop", None, "me") == 2
    assert [letter.reason for letter in way.letters(all=True)] == ["discarded"]
    assert not way.store.exists(
        *(writeback_keys.records("shop"), writeback_keys.due("shop")),
        writeback_keys.writeback("shop"),
    )
    assert removed_writebacks.waiting_of(way.context, "shop") == 0
    assert removed_writebacks.move(way.context, "shop", None, "me") == 0


def test_a_dead_letter_goes_along_and_is_replayed_there(telling):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [422]
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    (letter,) = way.letters()
    way.change(way.key(2), stock=7)
    way.run()
    renamed(way)
    removed_writebacks.move(way.context, "shop", "crm", "me")
    way.context.letters.replay(letter.id)
    way.tell("crm")
    assert sorted(each["key"] for each in told(way, "crm")) == [way.key(1), way.key(2)]


@pytest.mark.parametrize("to", ["nobody", "other"])
@pytest.mark.parametrize("dead", [False, True])
def test_it_goes_to_none_of_another_collection(telling, to, dead):
    way = telling(options={"more": {"other": {}}}, attempts=1)
    way.change(1, stock=7)
    way.run()
    if dead:  # a dead letter is all that is left
        way.sinks["shop"].answers = [422]
        way.tell()
    other = WriteBack("other", collection="other", url="https://other.example/")
    way.configured({"other": other})
    with pytest.raises(UnknownName, match="a write-back of products: none"):
        removed_writebacks.move(way.context, "shop", to, "me")
    assert way.store.hlen(writeback_keys.records("shop")) == 1
    assert ("shop" in waiting(way)) is not dead


def test_many_are_moved_in_portions_and_a_repeat_does_the_rest(telling, monkeypatch):
    way = telling()
    for n in range(1, 8):
        way.change(way.key(n), stock=7)
    way.run()
    renamed(way)
    monkeypatch.setattr("workers.store.removed_writebacks.AT_ONCE", 2)
    request = {"name": "shop", "to": "crm", "most": 2, "collection": "products", "token": "t1"}
    first = way.steps.run("move_writebacks", request)
    assert way.steps.run("move_writebacks", request) == first  # its answer was lost
    assert (first["done"], first["left"]) == (2, 5)
    assert removed_writebacks.move(way.context, "shop", "crm", "me") == 5
    way.tell("crm")
    assert len(told(way, "crm")) == 7
