"""Steps of the release before this one, beside what this one has noted: a rolling restart."""

import importlib.util
from dataclasses import replace
from functools import partial

import pytest

from service.sandbox.site.site import SITE_ID
from tests.attack.fleet import archived
from tests.support.delivery_rig import Way
from tests.support.outbox_driver import Bench, event
from tests.support.publishes import Publishes
from workers.config.writeback import WriteBack
from workers.model.writeback_attempts import Answer
from workers.store.outbox import balanced
from workers.store.search_index import SearchIndex
from workers.store.search_rows import SearchRows
from workers.store.writeback import WriteBacks, standing_of

BEFORE = "166363d"  # the last commit without publishes, write-backs and an order of keys
RECORD = f"{1:024x}"


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The steps of the release before, which were scripts."""
    tree = archived(BEFORE, tmp_path_factory.mktemp("before"))
    assert tree, f"this needs the repository with its history, as far as {BEFORE}"
    spec = importlib.util.spec_from_file_location("before", tree / "workers/store/scripts.py")
    scripts = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scripts)
    scripts._FOLDER = tree / "workers/store/lua"
    return scripts


def older(steps, before):
    """Let *steps* be those of a process of the release before."""
    old = before.Steps(steps.client)
    for name in ("run", "run_together"):
        setattr(steps, name, partial(called, getattr(old, name), steps))


def called(run, steps, *call, **options):
    """Call a step of before at the time, and with what else each request has, of *steps*."""
    old = run.__self__
    old.clock_offset_ms, old.standing = steps.clock_offset_ms, steps.standing
    return run(*call, **options)


def newer(steps):
    """Let them be those of this release again."""
    for name in ("run", "run_together"):
        delattr(steps, name)


@pytest.fixture
def shop(store):
    """What is told of products."""
    bench = Bench(store)
    own = WriteBack("shop", "products", url="https://shop.example", attempts=1)
    settings = replace(bench.settings, writebacks={"shop": own})
    bench.steps.standing = standing_of(settings)
    return bench, own, WriteBacks(bench.steps, settings)


def test_what_is_to_be_told_stays_so_while_older_processes_write_the_same_record(shop, before):
    bench, own, told = shop
    bench.confirm(RECORD, {"stock": 1})
    old = Bench(bench.client)
    older(old.steps, before)
    old.confirm(RECORD, {"stock": 2})
    old.outbox.sweep()
    (owed,) = told.claim(own).owed
    assert (owed.record, owed.event) == (RECORD, "changed")
    assert bench.value(RECORD) == 2
    assert balanced(bench.counts())


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_a_letter_of_a_write_back_stays_open_where_an_older_process_acts_on_it(shop, before, act):
    bench, own, told = shop
    bench.confirm(RECORD, {"stock": 1})
    told.settle(own, told.claim(own), {RECORD: Answer("dead", "no row")})
    (letter,) = bench.letters()
    old = Bench(bench.client)
    older(old.steps, before)
    old.letter(letter["id"], act)
    assert bench.letters() == [letter]
    assert bench.letter(letter["id"], "replay")["done"]
    (owed,) = told.claim(own).owed
    assert (owed.record, owed.event) == (RECORD, "changed")


def test_a_row_that_an_older_process_indexes_is_listed_by_its_key(store, before, monkeypatch):
    bench = Bench(store)
    bench.accept(event(RECORD, {"name": "Oak"}, kind="text"))
    older(bench.steps, before)
    with monkeypatch.context() as patch:
        patch.setattr(SearchRows, "held", lambda *_: set())  # it asks for none
        assert SearchIndex(bench.steps, bench.settings).advance(0.0) is False
    assert store.keys("instep:search-rows:*")
    assert not store.keys("instep:search-keys:*")  # that it does not know
    new = Bench(store)
    index = SearchIndex(new.steps, new.settings)
    assert index.advance(20.0)
    found, after = index.at_keys("products", None, 10)
    assert ([each.record for each in found], after) == ([RECORD], None)


def test_a_publish_that_waits_stays_so_while_older_processes_write_other_items(store, before):
    way = Way(store, live=False, site=SITE_ID, items=5, publish="items")
    try:
        way.change(1, stock=1)
        way.run(1)
        older(way.steps, before)
        way.change(2, stock=2)
        way.run(1)
        way.context.outbox.sweep()
        assert Publishes(way).waiting() == {way.id(1): ""}
        newer(way.steps)
        way.pass_time(11)
        way.run(3)
        assert Publishes(way).waiting() == {way.id(1): "s"}
        assert len(Publishes(way).published()) == 1
    finally:
        way.close()
