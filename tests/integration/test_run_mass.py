"""A mass of overwrites or creations by a remap or a replay waits for an approval."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from service.cli import main
from service.ingest.event_mapper import Reader
from service.ingest.remap import Remap
from service.operate import run_mass
from service.operate.bulk_actions import estimate
from service.operate.bulk_actions import start as start_action
from service.operate.bulk_runner import BulkRunner
from service.operate.delivery_replay import DeliverySelection, start_replay
from service.operate.held_runs import approve_run, drop_run
from service.operate.remap_mass import mass_of_dry
from service.operate.selection import Selection
from service.reconcile.state.cms_listing import CmsLister
from tests.support.deliveries_rig import Deliveries
from tests.support.letters_rig import Shop
from workers.errors import ReconcileFailed, RequestRefused
from workers.store import keys
from workers.store.delivery_log import Kept
from workers.store.outbox import balanced

SKUS = "abcd"


@pytest.fixture
def cms(monkeypatch):
    """How many items the CMS has; None: it cannot be asked."""
    told = {"items": 7, "asked": 0}

    def total(*_):
        told["asked"] += 1
        if told["items"] is None:
            raise ReconcileFailed("no answer")
        return told["items"]

    monkeypatch.setattr(run_mass.CmsItems, "total", total)
    return told


@pytest.fixture
def rig(tmp_path, store_socket, store, cms):
    assert (store.dbsize(), cms["asked"]) == (0, 0)
    rig = Deliveries(tmp_path, store_socket)
    for number, sku in enumerate(SKUS):
        rig.send(sku=sku, id=f"e{number}", type="price", cents=500, euros=5)
    rig.correct('data_key="cents"', 'data_key="euros"')
    yield rig
    assert balanced(rig.context.outbox.counts())
    rig.close()


@pytest.fixture
def shop(tmp_path, store_socket, store, cms):
    assert (store.dbsize(), cms["asked"]) == (0, 0)
    shop = Shop(tmp_path, f"unix://{store_socket}")
    shop.refuse(*(f"i{n}" for n in range(4)))
    yield shop
    shop.close()


def begin(rig):
    selection = DeliverySelection(source="erp")
    return start_replay(rig.context, selection, "ada", scope=None, configuration=rig.configuration)


def work(rig):
    runner = BulkRunner(rig.context, lambda: rig.configuration)
    while runner.step():
        pass


def prices(rig):
    return [rig.price(sku) for sku in SKUS]


def test_a_replay_of_a_mass_sends_nothing_before_it_is_approved(rig):
    id = begin(rig)
    work(rig)
    run = rig.context.runs.show(id)
    assert (run.state, run.ended, run.figures["held_overwritten"]) == ("held", None, 4)
    assert run.reason.startswith("products: 4 of 7 items (57.1 %) would be overwritten: half of")
    assert prices(rig) == [500] * 4
    assert approve_run(rig.context, id, by="ada") == {
        "run": id,
        "created": 0,
        "overwritten": 4,
        "left": 0,
        "starts": True,
    }
    work(rig)
    run = rig.context.runs.show(id)
    assert (run.state, run.figures["taken"], run.reason) == ("done", 4, "")
    assert prices(rig) == [5] * 4


def test_a_replay_is_approved_as_a_whole(rig):
    id = begin(rig)
    with pytest.raises(RequestRefused, match="this replay is whole"):
        approve_run(rig.context, id, by="ada", up_to=3)
    assert rig.context.runs.show(id).state == "held"


def test_a_replay_that_is_dropped_sends_nothing(rig):
    id = begin(rig)
    drop_run(rig.context, id, by="ada")
    work(rig)
    assert (rig.context.runs.show(id).state, prices(rig)) == ("stopped", [500] * 4)


def test_the_command_says_how_an_approved_replay_goes_on(rig):
    id = begin(rig)
    result = CliRunner().invoke(main, ["runs", "approve", id, "--yes"], env=rig.environ)
    assert result.exit_code == 0, result.output
    assert "a worker goes on with it" in result.output


def test_what_is_less_than_half_is_not_held(rig, cms):
    cms["items"] = 9
    id = begin(rig)
    work(rig)
    assert (rig.context.runs.show(id).state, prices(rig)) == ("done", [5] * 4)


def test_a_replay_that_changes_nothing_is_not_held(rig, cms):
    approve_run(rig.context, begin(rig), by="ada")
    work(rig)
    id = begin(rig)
    assert (rig.context.runs.show(id).state, cms["asked"]) == ("running", 1)


def test_where_the_cms_cannot_be_asked_the_known_items_count(rig, cms):
    cms["items"] = None
    assert rig.context.runs.show(begin(rig)).state == "held"


def test_a_delivery_that_breaks_the_mapping_hides_no_other(rig):
    rig.send(sku="bad", id="e9", type="price", cents=500, euros=5)
    broken = "key = lambda event: event['sku'] if event['sku'] != 'bad' else 1 / 0"
    rig.correct('key = "sku"', broken)
    assert rig.context.runs.show(begin(rig)).figures["held_overwritten"] == 4


def test_an_estimate_names_the_mass(rig):
    found = rig.replay(source="erp", dry_run=True)
    assert "4 of 7 items" in found["held"]["products"]
    assert rig.replay("erp-1", dry_run=True)["held"] == {}
    result = CliRunner().invoke(
        main, ["remap", "erp", "--since", "1h", "--dry-run"], env=rig.environ
    )
    assert "Many: products: 4 of 7 items" in result.output


def created(rig):
    """What is held of a remap, in a collection whose items are created."""
    settings = rig.context.settings
    products = replace(settings.collections["products"], missing="create")
    changed = replace(settings, collections={"products": products})
    context = replace(rig.context, settings=changed)
    reader = Reader(rig.configuration.senders, rig.configuration.mappings)
    kept = Kept(rig.context.outbox)
    made, window = Remap(kept, reader, "erp", dry=True, wake=str), kept.window("erp")
    made.run(window.since, window.last, lambda *_: None)
    try:
        return mass_of_dry(context, [made])
    finally:
        made.diff.close()


def new_keys(rig, number):
    """Let stored events lead to *number* keys that nothing is known of."""
    for n in range(number):
        rig.send(sku=f"old{n}", new=f"new{n}", id=f"n{n}", type="price", cents=1, euros=5)
    rig.correct('key = "sku"', 'key = "new || sku"')


def test_a_mass_of_new_items_is_held(rig, cms):
    new_keys(rig, 8)
    cms["items"] = 10
    found = created(rig)
    assert found.figures == {"held_created": 8}
    assert "8 items would be created in a collection of 10" in found.words


def test_what_fills_a_new_collection_is_not_held(rig, cms):
    new_keys(rig, 8)
    cms["items"] = 3
    assert "created" not in created(rig).words


def test_items_that_are_known_are_not_created(rig, cms):
    new_keys(rig, 8)
    cms["items"] = 10
    products = rig.context.settings.collections["products"]
    ids = keys.item_ids("products", rig.context.settings.copy_of(products))
    rig.client.hset(ids, mapping={f"new{n}": f"id{n}" for n in range(6)})
    assert created(rig).words == ""


def test_a_replay_of_letters_of_a_mass_is_held_until_it_is_approved(shop):
    id = start_action(shop.context, "replay", Selection(), "ada")
    runner = BulkRunner(shop.context, shop.configured)
    assert not runner.step()
    run = shop.context.runs.show(id)
    assert (run.state, run.figures["held_overwritten"], run.figures["done"]) == ("held", 4, 0)
    approve_run(shop.context, id, by="ada")
    while runner.step():
        pass
    run = shop.context.runs.show(id)
    assert (run.state, run.figures["replayed"]) == ("done", 4)


def test_letters_are_discarded_without_the_guard(shop, cms):
    id = start_action(shop.context, "discard", Selection(), "ada")
    assert (shop.context.runs.show(id).state, cms["asked"]) == ("running", 0)


def test_the_estimate_of_a_replay_of_letters_names_the_mass(shop):
    assert "4 of 7 items" in estimate(shop.context, "replay", Selection())["held"]["products"]
    assert estimate(shop.context, "discard", Selection())["held"] == {}
    result = CliRunner().invoke(main, ["dead", "replay", "--all", "--dry-run"], env=shop.environ)
    assert "Many: products: 4 of 7 items" in result.output
    result = CliRunner().invoke(main, ["dead", "replay", "--all", "--yes"], env=shop.environ)
    assert "Replayed: 4" in result.output


def test_the_number_of_items_is_awaited_for_a_few_seconds_at_most(monkeypatch, rig):
    monkeypatch.undo()
    waits = []

    def page(self, *_):
        for wait in (1.0, 5.0):
            waits.append(wait)
            self.sleep(wait)

    monkeypatch.setattr(CmsLister, "page", page)
    monkeypatch.setattr("service.operate.patience.time.sleep", lambda _: None)
    assert rig.context.runs.show(begin(rig)).state == "held"
    assert waits == [1.0, 5.0]


def test_the_number_of_items_is_asked_for_once_by_runs_and_deletes(rig, cms):
    products = rig.context.settings.collections["products"]
    assert rig.context.item_totals.read(products, run_mass.RECENT) is None
    begin(rig)
    begin(rig)
    assert cms["asked"] == 1
    assert rig.context.item_totals.read(products, run_mass.RECENT) == 7
