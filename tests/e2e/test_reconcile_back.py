"""What a snapshot inferred, a later one takes back; what it did not infer, it leaves."""

import json

import pytest

from service.reconcile.apply.settlement import REPAIRED
from service.reconcile.plan import causes
from service.reconcile.state.cms_listing import CmsLister
from tests.e2e.test_delivery_reconcile_orphans import has_gone
from tests.support.reconcile_rig import Reconciling
from tests.support.stored_items import field_of

HOUR = 3600.0
WAYS = ["archive", "draft", "unpublish", "delete"]


@pytest.fixture
def retiring(store):
    """Opens a way out of four products whose orphans are retired."""
    ways = []

    def open(orphans, **options):
        options = {"items": 4, "missing": "create"} | options
        ways.append(Reconciling(store, policy={"orphans": orphans}, **options))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


def rows(way, version=None, but=(), **fields):
    fields = {"stock": 4} | fields
    return {
        way.record(n): ({**fields, "name": f"Name {n}", "slug": f"name-{n}"}, version)
        for n in range(1, 5)
        if n not in but
    }


def lost_once(way, version=None):
    """Product 1 is retired, since a snapshot lacked it."""
    way.reconcile(rows(way, version))
    way.pass_time(HOUR)
    way.reconcile(rows(way, version, but=[1]))


def keyed(way):
    """Key → item that is there."""
    items = way.products.items.values()
    return {item.staged.fields["sku"]: item for item in items}


@pytest.mark.parametrize("orphans", WAYS)
@pytest.mark.parametrize("age", [10 * HOUR, 0])
def test_a_record_that_is_there_again_brings_its_item_back_whatever_its_version(
    retiring, orphans, age
):
    way = retiring(orphans)
    version = way.at(-age)
    lost_once(way, version)
    assert has_gone(way, 1, orphans)
    way.pass_time(HOUR)
    told = way.reconcile(rows(way, version))
    assert told.outcomes() == {REPAIRED}
    item = keyed(way)[way.key(1)]
    assert item.live.fields["stock"] == 4
    assert not (item.staged.archived)
    assert not (item.staged.draft)
    way.pass_time(HOUR)
    again = way.reconcile(rows(way, version))
    assert (again.by_cause(), again.told()) == ({}, set())


def test_what_is_not_to_be_made_is_told_as_missing(retiring):
    way = retiring("delete", missing="dead-letter")
    version = way.at()
    lost_once(way, version)
    way.pass_time(HOUR)
    told = way.reconcile(rows(way, version))
    assert told.by_cause() == {causes.MISSING: [way.record(1)]}
    assert told.outcomes() == {causes.LETTER}


def test_an_item_that_an_editor_had_archived_before_stays_archived(retiring):
    way = retiring("draft")
    version = way.at()
    way.reconcile(rows(way, version))
    item = way.products.items[way.id(1)]
    way.products.store(item, item.staged.__class__(item.staged.fields, True, False, way.site.now()))
    way.pass_time(HOUR)
    way.reconcile(rows(way, version, but=[1]))
    way.pass_time(HOUR)
    way.reconcile(rows(way, version))
    assert (item.staged.archived, item.staged.draft) == (True, False)


def test_the_same_snapshot_again_brings_nothing_back(retiring):
    way = retiring("archive")
    version = way.at()
    way.reconcile(rows(way, version))
    way.pass_time(HOUR)
    way.reconcile(rows(way, version, but=[1]))
    told = way.reconcile(rows(way, version), ago=HOUR)
    assert told.told() == {causes.RETIRED}
    assert has_gone(way, 1, "archive")


def test_a_delete_event_confirms_what_was_inferred(retiring):
    way = retiring("archive")
    version = way.at()
    way.change(1, stock=4, version=way.at(1))
    way.run()
    lost_once(way, version)
    way.retire(1, "archive", version=way.at(-HOUR / 2))
    way.run()
    way.pass_time(HOUR)
    told = way.reconcile(rows(way, version))
    assert (told.by_cause(), told.told()) == ({}, {causes.RETIRED})
    assert has_gone(way, 1, "archive")


def test_an_event_of_before_that_comes_after_it_fell_is_not_held_up(retiring):
    way = retiring("archive")
    version = way.at(-HOUR)
    lost_once(way, version)
    way.pass_time(HOUR)
    way.reconcile(rows(way, version))
    way.change(1, stock=8, version=way.at(-1.5 * HOUR))
    way.run()
    assert way.shown("stock", [1]) == [8]


def test_a_pending_value_that_its_deletion_overruled_goes_out_again(retiring):
    way = retiring("delete")
    version = way.at()
    lost_once(way, version)
    way.pass_time(HOUR)
    way.reconcile(rows(way, version))
    way.run()
    held = field_of(way.store, f"instep:item:products:{way.record(1)}", "stock")
    assert (held["s"], held.get("d")) == ("written", None)


def test_what_another_source_gave_is_told_and_stays(retiring):
    way = retiring("archive")
    way.change(1, stock=4, version=1)
    way.run()
    name = f"instep:item:products:{way.record(1)}"
    held = field_of(way.store, name, "stock") | {"o": "shop"}
    way.store.hset(name, "f:stock", json.dumps(held))
    way.pass_time(HOUR)
    told = way.reconcile(rows(way, but=[1]))
    assert told.by_cause()[causes.ORPHAN] == [way.record(1)]
    assert not has_gone(way, 1, "archive")


def test_an_item_that_no_snapshot_of_the_source_ever_had_stays(retiring):
    way = retiring("archive")
    way.reconcile(rows(way))
    way.add(5)
    way.pass_time(HOUR)
    told = way.reconcile(rows(way, but=[4]))
    assert sorted(told.by_cause()[causes.ORPHAN]) == [way.record(4), way.record(5)]
    assert (has_gone(way, 4, "archive"), has_gone(way, 5, "archive")) == (True, False)


def test_a_record_that_was_withheld_once_is_still_one_that_the_source_gave(retiring):
    way = retiring("archive")
    way.reconcile(rows(way))
    way.pass_time(HOUR)
    way.configure(reconcile=way.settings.collections["products"].reconcile.__class__())
    way.reconcile(rows(way, but=[4]))
    way.pass_time(HOUR)
    way.configure(
        reconcile=way.settings.collections["products"].reconcile.__class__(orphans="archive")
    )
    way.reconcile(rows(way, but=[4]))
    assert has_gone(way, 4, "archive")


def test_an_item_that_an_editor_holds_back_is_told_and_not_changed(retiring):
    way = retiring("archive")
    way.reconcile(rows(way))
    way.unpublish(2)
    told = way.reconcile(rows(way))
    assert (told.by_cause(), told.told()) == ({}, {causes.HELD_BACK})
    assert way.live(2) is None


@pytest.mark.parametrize("orphans", ["archive", "draft", "unpublish"])
def test_an_item_that_somebody_put_back_is_taken_away_again_though_the_snapshot_is_older(
    retiring, orphans
):
    way = retiring("report")
    way.reconcile(rows(way))
    way.pass_time(HOUR)
    way.retire(1, orphans, version=way.at())
    way.run()
    item = way.products.items[way.id(1)]
    copy = item.staged.__class__(item.staged.fields, False, False, way.site.now())
    way.products.store(item, copy)
    way.publish(1)
    told = way.reconcile(rows(way), ago=HOUR / 2)
    assert told.by_cause() == {causes.EDITED: [way.record(1)]}
    assert told.outcomes() == {REPAIRED}
    assert has_gone(way, 1, orphans)
    assert told.shown[0]["field"] == "(retire)"


def test_an_orphan_that_is_a_draft_with_a_live_copy_is_on_the_site(retiring):
    way = retiring("draft")
    way.reconcile(rows(way))
    item = way.products.items[way.id(1)]
    copy = item.staged.__class__(item.staged.fields, False, True, way.site.now())
    way.products.store(item, copy)
    way.pass_time(HOUR)
    told = way.reconcile(rows(way, but=[1]))
    assert told.by_cause() == {causes.ORPHAN: [way.record(1)]}
    assert way.live(1) is None


def test_what_came_in_part_meanwhile_is_made_anew_with_what_a_later_snapshot_has(retiring):
    way = retiring("delete")
    version = way.at(-HOUR)
    lost_once(way, version)
    way.pass_time(HOUR)
    way.change(1, stock=9, version=way.at())
    way.run()
    assert way.counts("dead") == (1,)  # no event that is newer has given it a name
    way.pass_time(HOUR)
    told = way.reconcile(rows(way, version))
    assert told.by_cause() == {causes.DELETED: [way.record(1)]}
    assert keyed(way)[way.key(1)].live.fields["name"] == "Name 1"


def test_what_was_deleted_while_it_was_listed_is_not_proven_and_the_next_run_makes_it(
    retiring, monkeypatch
):
    way = retiring("delete")
    way.reconcile(rows(way))
    way.pass_time(HOUR)
    way.reconcile(rows(way, but=[1]), portion=lambda: way.context.breaker.pause("site", "by hand"))
    way.pass_time(HOUR)
    into = CmsLister.into

    def list_behind(*given):
        way.resume()
        way.run()
        return into(*given)

    monkeypatch.setattr(CmsLister, "into", list_behind)
    told = way.command(rows(way))
    assert (told.code, told.unproven, told.counts["undecided"]) == (1, {"not_comparable": 1}, 1)
    assert way.command(rows(way)).code == 0
    assert way.key(1) in keyed(way)
