"""A short form of the attacks: `python -m tests.attack --all` plays all of them."""

import random
from dataclasses import replace

import pytest

from tests.attack import crashes, histories, network
from tests.attack.holdings import NUMBERS
from tests.attack.installation import INSTALLATIONS
from tests.attack.judge import Judge, Outcome
from tests.attack.spoils import spoiled
from tests.attack.table import Figures, markdown
from tests.attack.truth import GONE, Event
from tests.attack.world import World
from tests.support.depth import depth
from tests.support.undoing import taking_back
from workers.model.changes import Delivery
from workers.store.clock import read_us
from workers.store.undo_log import UndoLog

FAULTS = (
    "answer cut after half the body, reset",
    "the answer of the request before instead of its own",
    "carried after the client was cut off",
)


@pytest.fixture(scope="module")
def world(store_socket):
    world = World(store_socket)
    yield world
    world.close()


@pytest.mark.parametrize("seed", range(depth(3, 6)))
def test_whatever_happens_the_newest_is_shown_and_each_value_is_counted(world, seed):
    assert histories.played(world, histories.made(seed), width=4).problems == []


@pytest.mark.parametrize("name", ["staged", "v1", "v1-staged", "locales", "two-locales"])
def test_so_it_is_however_it_is_set_up(world, name):
    installation = INSTALLATIONS[name]
    operations = histories.made(1, installation)
    assert histories.played(world, operations, 3, installation).problems == []


@pytest.mark.parametrize("seed", [*range(depth(2, 4)), 199, 421])
def test_so_it_is_where_deletes_are_held_and_writes_undone(world, seed):
    steered = INSTALLATIONS["steered"]
    operations = histories.made(seed, steered)
    assert histories.played(world, operations, 3, steered).problems == []


@pytest.mark.parametrize("process", crashes.PROCESSES)
def test_a_process_may_die_at_any_command(world, process):
    stride = {"worker": depth(37, 17), "reconcile": depth(23, 11)}.get(process, depth(5, 3))
    found = list(crashes.every(world, process, 0, stride=stride))
    assert len(found) >= 2
    assert {n: outcome.problems for n, outcome in found if outcome.problems} == {}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_network_costs_nothing(store, name):
    assert network.play(store, name, seed=1).problems == []


def test_a_remap_brings_again_what_was_discarded_of_a_record_that_never_was(world):
    world.reset(1)
    history = histories.History(world)
    payload = {"type": "changed", "sku": "Ghost"}
    for number, price in ((2, 878), (1, 245)):
        world.pass_time(60)
        id = f"s{number}"
        told = {**payload, "id": id, "price": price, "rev": number}
        event = Event("erp", id, "products", "Ghost", {"price": price}, (2, number, 0), told)
        history.arrive("erp", [event])
        world.run(60)
        if number == 2:
            (letter,) = world.letters()
            world.discard(letter)
            assert history.truth.fields == {}
            world.remap("erp")
            history.exact = False
    outcome = Outcome()
    history.end(outcome)
    Judge(world).judge(outcome)
    assert outcome.problems == []
    assert history.truth.fields["products", "Ghost", "price"].value == 878


# What judges must see what is wrong ------------------------------------------------------------


def test_an_older_value_in_the_cms_is_told(world):
    def put_back(history):
        place, held = next((p, h) for p, h in history.truth.fields.items() if h.older)
        world.cms.edit(place[0], place[1], **{place[2]: held.older[-1]})

    assert spoiled(world, put_back).stale


def test_a_value_that_never_came_is_told(world):
    assert spoiled(world, lambda _: world.cms.edit("notes", "K1", note="other")).lost


def test_a_second_item_of_one_record_is_told(world):
    def make_another(history):
        collection, key = next(place[:2] for place in history.truth.fields if place[1] == "K1")
        world.cms.edit(collection, "K2", sku=key)

    assert spoiled(world, make_another).twice


def test_a_count_that_is_wrong_is_told(world):
    world.reset(1)
    history = histories.History(world)
    history.op_events(random.Random(1))  # noqa: S311  # no secret
    world.client.hincrby("instep:counts", "written", 1)
    world.check(exact=True)
    assert world.failed


def steered(world):
    """A history in which a value of K1 is written, and its delete held."""
    world.reset(1, INSTALLATIONS["steered"])
    history = histories.History(world)
    for number, (kind, values) in enumerate((("changed", {"price": 4}), ("gone", {})), start=1):
        payload = {"id": f"e{number}", "type": kind, "sku": "K1", "rev": number, **values}
        told = values or {GONE: "archive"}
        event = Event("erp", f"e{number}", "products", "K1", told, (2, number, 0), payload)
        history.arrive("erp", [event])
        world.run(5)
    world.check(exact=True)
    assert world.failed == []
    assert list(world.held()) == [("products", "K1")]
    return history


def test_a_held_delete_that_reaches_the_cms_is_told(world):
    steered(world)
    (item,) = world.cms.items("products", "K1")
    item.staged = replace(item.staged, archived=True)
    world.check(exact=True)
    assert "it is away" in world.failed[0]


def test_a_held_delete_that_is_over_is_told(world):
    history = steered(world)
    history.truth.held.clear()
    world.check(exact=True)
    assert "though it is over" in world.failed[0]


def test_a_held_delete_that_is_counted_wrong_is_told(world):
    steered(world)
    world.client.hset("instep:item:products:K9", "held", "{}")
    world.check(exact=True)
    assert any("not listed" in each for each in world.failed)


def test_an_undo_over_an_edit_is_told(world):
    history = steered(world)
    world.cms.edit("products", "K1", price=9)
    history.truth.edited["products", "K1", "price"] = 9
    (entry,) = UndoLog(world.steps).of_record("products", "K1")
    taken = Delivery("erp", "t1", (taking_back(entry, by="key"),), mode="undo", run="r1")
    world.context.outbox.accept(taken)
    assert "which an editor wrote" in world.failed[0]


def test_a_variant_that_is_written_is_looked_at(world):
    def spoil(history):
        collection, key = next(place[:2] for place in history.truth.fields if place[1] == "K1")
        (item,) = world.cms.items(collection, key)
        variant = world.cms.variants(collection, item.id)["de"]
        variant.staged = world.cms.given[NUMBERS[collection], variant.locale, item.id][0]

    assert spoiled(world, spoil, "locales").lost
    assert not spoiled(world, lambda _: None, "locales").problems


def test_a_variant_that_is_not_written_is_looked_at(world):
    def spoil(_):
        (item,) = world.cms.items("notes", "K1")
        variant = world.cms.variants("notes", item.id)["fr"]
        variant.staged = replace(variant.staged, fields={**variant.staged.fields, "note": "!"})

    assert spoiled(world, spoil, "two-locales").lost
    assert not spoiled(world, lambda _: None, "two-locales").problems


def test_a_live_copy_is_looked_at_where_the_staged_one_alone_is_written(world):
    def spoil(_):
        (item,) = world.cms.items("notes", "K1")
        item.live = replace(item.live, fields={**item.live.fields, "note": "!"})

    assert spoiled(world, spoil, "staged").lost
    assert not spoiled(world, lambda _: None, "staged").problems


def waits(world):
    """Begin with a value that the CMS refuses for now: it waits for its next attempt."""
    world.reset(1)
    history = histories.History(world)
    history.op_events(random.Random(1))  # noqa: S311  # no secret
    world.cms.armed += ["429"] * 3


def test_whoever_is_due_and_not_woken_is_told(world, monkeypatch):
    waits(world)
    monkeypatch.setattr(world, "sweep", lambda: ((), 1.0))
    world.run(60)
    assert "nobody is woken" in " ".join(world.failed)


def test_a_wake_up_that_no_job_took_is_made_up_for(world):
    waits(world)
    world.run(1)
    world.pass_time(5)
    world.sweep()  # what it asks for is lost
    world._await_sweep({"site"})
    assert world.failed == []


def test_a_clock_that_is_set_back_holds_up_nobody_for_longer_than_a_second(world):
    waits(world)
    world.sweep()
    before = read_us(world.client)
    world.clock.leap(-1500.0)
    world.pass_time(45)
    assert read_us(world.client) >= before + 43_000_000


def stock_event(kind, rev, **values):
    payload = {"id": f"e{rev}", "type": kind, "sku": "K1", "rev": rev, **values}
    taken = values or {GONE: "archive"}
    return Event("erp", f"e{rev}", "products", "K1", taken, (2, rev, 0), payload)


def test_what_a_run_wrote_into_the_archive_is_live_once_the_record_is_back(world, monkeypatch):
    world.reset(1)
    history = histories.History(world)
    for event in (stock_event("changed", 1, stock=1), stock_event("gone", 2)):
        history.arrive("erp", [event])
        world.run(100)
    late, sleep = [stock_event("gone", 4)], world.sleep

    def overtake(seconds):
        if late:
            history.arrive("erp", [late.pop()])
        sleep(seconds)

    monkeypatch.setattr(world, "sleep", overtake, raising=False)
    history.reconcile({"K1": ({"stock": 7}, 3)})
    history.arrive("erp", [stock_event("changed", 5, price=3)])
    world.run(100)
    (item,) = world.cms.items("products", "K1")
    shown = (item.live.archived, item.live.fields["stock"], item.live.fields["price"])
    assert shown == (False, 7, 3)


def test_the_shortest_history_is_found(world):
    """Of ten operations the one that goes wrong alone is left."""

    def breaks(history, _):
        history.world.failed.append("broken")

    histories.History.op_break = breaks
    try:
        operations = [*histories.made(0)[:5], ("break", 0), *histories.made(0)[5:]]
        assert histories.shortest(world, operations) == [("break", 0)]
    finally:
        del histories.History.op_break


def test_the_table_says_what_was_not_run():
    shown = markdown([Figures("rolling restarts", left_out="no repository")])
    assert "| rolling restarts | not run: no repository |" in shown


def test_anything_that_is_wrong_fails():
    assert not Figures("all is well", histories=3).failed
    assert Figures("one is lost", lost=1).failed
