"""When a reconcile may say that it has proven anything: exit 0, on the sandbox."""

import uuid
from dataclasses import replace

import pytest

from service.ingest.entry import Entry
from service.ingest.spool import Spool, folder_of
from service.reconcile.apply.proof import WORDS
from service.reconcile.plan import causes
from service.reconcile.run import ReconcileRun
from service.reconcile.state.chunks import parts
from workers.config.settings import StoreSettings
from workers.model.changes import (
    Change,
    Delivery,
    FieldProblem,
    FieldValue,
    Incoming,
    LeftOut,
)


@pytest.fixture
def way(reconciling):
    return reconciling(items=6, window=6000, requests_per_minute=6000)


def in_step(way, n=6):
    return way.products_as_source(range(1, n + 1))


def unproven(told):
    return (told.code, told.proven, told.unproven)


def test_what_is_in_step_is_proven(way):
    told = way.command(in_step(way))
    assert unproven(told) == (0, True, {})
    assert told.not_proven == dict.fromkeys(WORDS, 0)
    assert "Proven" in told.said


def test_what_is_put_right_is_proven(way):
    source = in_step(way) | {way.record(1): ({"stock": 77}, None)}
    assert unproven(way.command(source)) == (0, True, {})
    assert unproven(way.command(source, check=True)) == (0, True, {})


@pytest.mark.parametrize("how", [{}, {"check": True}, {"dry_run": True}])
def test_records_that_cannot_be_mapped_are_not_proven_a_second_time_either(way, how):
    for _ in range(2):
        told = way.command(in_step(way), bad=2, **how)
        assert unproven(told) == (1, False, {"unmapped": 2})
        assert "records that could not be mapped: 2" in told.said


def test_what_the_cms_refuses_is_not_proven_and_a_dead_letter_after_that(way):
    source = in_step(way) | {way.record(1): ({"stock": "many"}, None)}
    assert unproven(way.command(source)) == (1, False, {"dead": 1, "refused": 1})
    for how in ({}, {"check": True}):
        assert unproven(way.command(source, **how)) == (1, False, {"dead": 1})


def test_a_dead_letter_of_an_event_is_not_proven_though_no_record_names_its_field(way):
    way.change(2, price="dear", version=1)
    way.run()
    assert unproven(way.command(in_step(way))) == (1, False, {"dead": 1})
    [letter] = way.letters()
    assert way.context.letters.discard(letter.id)
    assert unproven(way.command(in_step(way))) == (0, True, {})


@pytest.mark.parametrize(
    ("left", "counts"),
    [
        pytest.param((), True, id="of nobody knows what"),
        pytest.param(("products",), True, id="of this collection"),
        pytest.param(("shelves",), False, id="of another one"),
    ],
)
def test_an_event_that_could_not_be_mapped_is_not_proven(way, left, counts):
    problem = (FieldProblem("qty", "not a number"),)
    out = tuple(LeftOut(name, "k1", "key", "stock", "t" + "0" * 17) for name in left)
    event = Incoming("e1", "changed", 0, (), problem, left=out, nameless=not out)
    way.context.outbox.accept(Delivery("erp", uuid.uuid4().hex, (event,), b"{}"))
    for _ in range(2):
        expected = (1, False, {"dead": 1}) if counts else (0, True, {})
        assert unproven(way.command(in_step(way))) == expected


def test_what_the_collection_ignores_is_left_as_it_says(reconciling):
    way = reconciling(items=4, missing="ignore", window=6000, requests_per_minute=6000)
    source = in_step(way, 4) | {"nowhere": ({"stock": 1}, None)}
    for _ in range(2):
        assert unproven(way.command(source)) == (0, True, {})


def test_what_waits_since_before_is_not_proven_while_it_does(way):
    source = in_step(way)
    way.change(3, color="#123456", version=1)
    assert unproven(way.command(source, no_wait=True)) == (1, False, {"unsettled": 1})
    assert "values still to be written: 1" in way.command(source, no_wait=True, check=True).said
    assert unproven(way.command(source)) == (0, True, {})


def test_a_run_that_was_killed_before_it_settled_is_not_proven_by_the_next(way):
    source = in_step(way) | {way.record(1): ({"stock": 77}, None)}
    assert unproven(way.command(source, no_wait=True)) == (1, False, {"unsettled": 1})
    assert unproven(way.command(source, no_wait=True)) == (1, False, {"unsettled": 1})
    assert unproven(way.command(source)) == (0, True, {})


def test_without_waiting_a_run_that_had_nothing_to_do_is_proven(way):
    assert unproven(way.command(in_step(way), no_wait=True)) == (0, True, {})


def test_a_busy_shop_can_be_proven(way, monkeypatch):
    source = in_step(way) | {way.record(1): ({"stock": 77}, None)}
    stock = iter(range(1000, 9000))

    def busy():
        for n in range(2, 7):
            way.change(n, stock=next(stock))

    compared, act = ReconcileRun.compare, ReconcileRun.act
    monkeypatch.setattr(ReconcileRun, "compare", lambda *a, **k: busy() or compared(*a, **k))
    monkeypatch.setattr(ReconcileRun, "act", lambda *a, **k: busy() or act(*a, **k))
    busy()
    told = way.command(source)
    assert unproven(told) == (0, True, {})
    assert "on its way" in told.told or "source older" in told.told


def test_what_the_source_has_newer_of_an_item_made_behind_the_listing_is_proven(
    reconciling, monkeypatch
):
    way = reconciling(items=6, missing="create", window=6000, requests_per_minute=6000)
    compared = ReconcileRun.compare
    monkeypatch.setattr(ReconcileRun, "compare", lambda *a, **k: way.run() or compared(*a, **k))
    way.change("new", name="Desk", stock=1, version=1)
    source = in_step(way) | {"new": ({"stock": 2, "name": "Desk", "price": 5}, 2)}
    told = way.command(source)
    assert unproven(told) == (0, True, {})
    assert (told.counts["missing"], told.told) == (0, {"on its way": 1})
    shown = way.the("new").staged.fields
    assert {slug: shown.get(slug) for slug in ("name", "stock", "price")} == {
        "name": "Desk",
        "stock": 2,
        "price": 5,
    }


def test_a_field_that_is_overtaken_again_and_again_ends_no_later(way):
    stock = iter(range(1000, 9000))
    sleep = way.sleep

    def busy(seconds):
        sleep(seconds)
        way.change(1, stock=next(stock))

    way.sleep = busy
    told = way.command(in_step(way) | {way.record(1): ({"stock": 77}, None)})
    assert unproven(told) == (0, True, {})


def test_a_listing_with_holes_is_not_proven(reconciling):
    way = reconciling(items=150, window=6000, requests_per_minute=6000)
    source = in_step(way, 150)
    way.on_request = lambda: setattr(way, "on_request", lambda: [way.remove(n) for n in (1, 2)])
    told = way.command(source, check=True)
    assert (told.code, told.proven) == (1, False)
    assert told.unproven["listing"] >= 1


@pytest.mark.parametrize("how", [{}, {"check": True}])
def test_deliveries_that_wait_on_disk_keep_a_run_from_being_proven(way, tmp_path, how):
    way.settings = replace(way.settings, store=StoreSettings(data=tmp_path))
    way.begin()
    spool = Spool(folder_of(tmp_path), 1)
    for n in range(3):
        spool.append(Entry("erp", f"token{n}", n, body=b"{}"))
    assert unproven(way.command(in_step(way), **how)) == (1, False, {"spool": 3})
    spool.close()


def test_values_that_cannot_be_compared_are_not_proven(way):
    way.change(1, stock=5, version=3)
    way.run()
    # Of the same version, and another value: nothing tells which is newer.
    told = way.command(in_step(way) | {way.record(1): ({"stock": 6}, 3)})
    assert unproven(told) == (1, False, {"not_comparable": 1})


def test_a_large_delivery_that_is_still_taken_in_slices_is_not_proven(way):
    changes = [
        Change("stock", "products", f"k{n}", "key", (FieldValue("stock", "1", "number"),), None)
        for n in range(501)
    ]
    events = tuple(Incoming(f"e{n}", "changed", n, (each,)) for n, each in enumerate(changes))
    way.context.outbox.accept(Delivery("erp", uuid.uuid4().hex, events, b"{}"))
    told = way.command(in_step(way), no_wait=True)
    assert unproven(told) == (1, False, {"unsettled": 1})


def test_more_changes_than_one_step_takes_are_handed_over_in_several():
    one = Change("stock", "products", "k", "key", (), None)
    sizes = [len(part) for part in parts([(one, one, one)] * 200 + [()])]
    assert sizes == [83, 83, 34]  # a change counts twice, see slicing


@pytest.mark.parametrize("orphans", ["report", "archive"])
def test_a_record_that_came_after_the_snapshot_is_no_difference(reconciling, orphans):
    way = reconciling(missing="create", policy={"orphans": orphans})
    source = way.products_as_source(range(1, 21))
    way.reconcile(source)
    way.pass_time(3600)
    way.change(30, {"stock": 1, "name": "New"}, version=way.at())
    way.run()
    told = way.reconcile(source, ago=1800)
    assert (told.by_cause(), told.told()) == ({}, {causes.LATER})
