"""What was written is put back, but for what has been changed since; and it stays so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.operate import undo, undo_model
from service.operate.bulk_runner import BulkRunner
from service.operate.held_runs import release
from service.operate.page import FilterInvalid
from service.operate.undo_figures import DROPPED, OVERTAKEN
from service.operate.undo_reads import at_once
from service.operate.undo_records import NO_COLLECTION
from service.operate.undo_runner import UndoRunner
from service.reconcile.plan import causes
from tests.support.locale_rig import add_variant, edit_in, live_in, localize
from tests.support.undo_rig import Undoing
from workers.config.writeback import WriteBack
from workers.policy import writeback as policy
from workers.store import undo_keys
from workers.store.audit import Audit


@pytest.fixture
def undoing(store):
    ways = []

    def open(**options):
        ways.append(Undoing(store, **{"items": 20} | options))
        return ways[-1]

    yield open
    for way in ways:
        way.close()
        way.check()


def stock(way, numbers):
    return way.shown("stock", numbers)


SOME = range(1, 6)


@pytest.mark.parametrize("by", ["key", "item"])
@pytest.mark.parametrize("api", ["v1", "v2"])
def test_what_a_run_has_written_is_put_back(undoing, api, by):
    way = undoing(api=api, by=by)
    for n in SOME:
        way.change(n, stock=n, version=way.at())
    way.run()
    way.written_by("r9", SOME, stock=900)
    assert stock(way, SOME) == [900] * 5
    found = way.estimate(run="r9")
    assert (found["records"], found["fields"], found["items"], found["left"]) == (5, 5, 5, 0)
    first = found["changes"][0]
    assert (first["key"], first["field"], first["now"], first["back"]) == (
        way.record(1),
        "stock",
        900,
        1,
    )
    run = way.undo(run="r9")
    assert (run.state, run.figures["fields"], run.figures["left"]) == ("done", 5, 0)
    assert stock(way, SOME) == [1, 2, 3, 4, 5]


def written_over(undoing):
    """The way to some items whose stock the run r9 has written over by 900."""
    way = undoing(by="key")
    for n in SOME:
        way.change(n, stock=n, version=way.at())
    way.run()
    way.written_by("r9", SOME, stock=900)
    return way


def test_an_estimate_changes_nothing_and_reads_a_hundred_items_a_call(undoing):
    way = undoing(by="key", items=120)
    for n in range(1, 121):
        way.change(n, stock=n, version=way.at())
    way.run()
    way.written_by("r9", range(1, 121), stock=900)
    found = way.estimate(run="r9")
    assert (found["fields"], found["calls"]) == (120, 2)
    assert {call.method for call in way.requests} == {"GET"}
    assert stock(way, [1, 120]) == [900, 900]
    assert not way.context.runs.list()


def test_what_was_changed_since_is_left_and_told(undoing):
    way = written_over(undoing)
    way.pass_time(5)
    way.change(1, stock=11, version=way.at())  # a later event
    way.written_by("r10", [2], stock=22)  # another run
    way.edit(3, stock=33)  # an editor
    way.remove(4)
    way.run()
    run = way.undo(run="r9")
    assert run.figures["reasons"] == {
        "it was changed since, by erp": 1,
        "it was changed since, by run r10": 1,
        undo_model.EDITED: 1,
        undo_model.NO_ITEM: 1,
    }
    assert (run.figures["fields"], run.figures["left"]) == (1, 4)
    assert stock(way, [1, 2, 3, 5]) == [11, 22, 33, 5]
    assert f"products {way.record(3)} stock" in way.left


def test_what_was_never_read_before_it_was_written_is_left(undoing):
    way = undoing(by="item")
    way.written_by("r9", [1], stock=900)
    run = way.undo(run="r9")
    assert run.figures["reasons"] == {undo_model.UNKNOWN: 1}
    assert stock(way, [1]) == [900]


def test_events_of_a_source_are_undone_since_a_time(undoing):
    way = undoing(by="key")
    way.change(1, stock=1, version=way.at())
    way.run()
    way.pass_time(3600)
    since = way.context.runs.now()
    way.change(1, stock=900, version=way.at())
    way.run()
    way.change(1, stock=901, version=way.at())
    way.run()
    assert way.undo(source="erp", since=since).figures["fields"] == 1
    assert stock(way, [1]) == [1]
    with pytest.raises(FilterInvalid, match="a source"):
        way.estimate(source="shop", since=since)


def test_all_that_is_kept_of_a_record_is_undone_or_what_was_written_since(undoing):
    way = undoing(by="key")
    for value in (1, 2):
        way.change(1, stock=value, price=value, version=way.at())
        way.change(2, stock=value, version=way.at())
        way.run()
        way.pass_time(60)
    since = way.context.runs.now()
    way.change(1, stock=3, version=way.at())
    way.run()
    assert way.undo(1, since=since).figures["fields"] == 1
    assert stock(way, [1, 2]) == [2, 2]
    assert way.undo(2).figures["records"] == 1


def test_nothing_that_matches_is_a_run_that_has_ended(undoing):
    way = undoing(by="key")
    run = way.undo(run="r77")
    assert (run.state, run.figures["records"]) == ("done", 0)
    with pytest.raises(FilterInvalid, match="a collection"):
        way.estimate(collection="stores", key="a")


def test_values_that_still_wait_are_taken_back(undoing):
    way = undoing(by="key")
    for n in SOME:
        way.change(n, stock=n, version=way.at())
    way.run()
    for n in SOME:
        way.change(n, stock=900, version=way.at(), run="r9")
    run = way.undo(run="r9")
    assert (run.figures["fields"], run.figures["same"]) == (5, 5)
    assert stock(way, SOME) == [1, 2, 3, 4, 5]


def test_a_mass_of_overwrites_is_held_until_it_is_approved(undoing):
    way = undoing(by="key", items=8, guard={"half_from": 3})
    for n in range(1, 9):
        way.change(n, stock=n, version=way.at())
    way.run()
    way.written_by("r9", SOME, stock=900)
    assert "products" in way.estimate(run="r9")["held"]
    id = way.begin_undo(run="r9", approved=False)
    run = way.context.runs.show(id)
    assert (run.state, run.ended) == ("held", None)
    assert "half of the collection" in run.reason
    assert way.context.runs.queued() == []
    assert way.undo(run="r9").figures["fields"] == 5
    assert stock(way, SOME) == [1, 2, 3, 4, 5]


def test_a_piece_that_is_done_again_after_a_crash_changes_and_counts_nothing_twice(undoing):
    way = written_over(undoing)
    id = way.begin_undo(run="r9")
    run = way.context.runs.show(id)
    # As a worker that dies behind the step of the store, and before it takes the piece off.
    figures = {**run.figures, "reasons": {}}
    UndoRunner(way.context, way.wait).work(run, way.context.runs.todo(id, 1), figures, print)
    way.run()
    before = way.counts("accepted")
    again = {**run.figures, "reasons": {}}
    UndoRunner(way.context, way.wait).work(run, way.context.runs.todo(id, 1), again, print)
    assert {**again, "same": 0} == {**figures, "same": 0}
    assert way.counts("accepted") == before
    assert stock(way, SOME) == [1, 2, 3, 4, 5]


def test_a_later_reconcile_brings_nothing_back_and_tells_it_while_a_newer_event_does(undoing):
    way = written_over(undoing)
    way.undo(run="r9")
    way.pass_time(86_400)
    source = {way.record(n): ({"stock": 900}, None) for n in SOME}
    told = way.command(source, partial=True)
    assert (told.code, told.unproven) == (1, {"undone": 5})
    assert "values undone by hand: 5" in told.said
    assert told.told[causes.UNDONE] == 5
    assert stock(way, SOME) == [1, 2, 3, 4, 5]
    way.change(1, stock=901, version=way.at())
    way.run()
    assert stock(way, SOME) == [901, 2, 3, 4, 5]


def test_an_undo_is_undone_and_then_the_source_counts_again(undoing):
    way = written_over(undoing)
    first = way.undo(run="r9")
    second = way.undo(run=first.id)
    assert second.figures["fields"] == 5
    assert stock(way, SOME) == [900] * 5
    way.pass_time(86_400)
    told = way.command({way.record(n): ({"stock": n}, None) for n in SOME}, partial=True)
    assert (told.code, told.unproven) == (0, {})
    assert stock(way, SOME) == [1, 2, 3, 4, 5]


def test_a_retirement_is_undone_and_that_too(undoing):
    way = undoing(by="key", items=3)
    for n in range(1, 4):
        way.change(n, stock=n, version=way.at())
    way.run()
    way.retire(way.record(1), "archive", version=way.at(1))
    way.run()
    assert way.products.items[way.id(1)].staged.archived
    run = way.undo(1)
    assert run.figures["fields"] >= 1
    assert not way.products.items[way.id(1)].staged.archived
    again = way.undo(run=run.id)
    assert again.figures["reasons"] == {}
    assert way.products.items[way.id(1)].staged.archived


def test_who_undid_what_stands_in_the_audit_list_without_the_key(undoing):
    way = undoing(by="key")
    way.change(1, stock=1, version=way.at())
    way.run()
    run = way.undo(1)
    (entry, *_), _ = Audit(way.context.steps).list(None, 5)
    assert (entry["by"], entry["action"]) == ("alice", "undo")
    assert entry["target"] == "a record of products"
    assert run.by == "alice"
    assert way.record(1) not in way.store.hgetall(f"instep:run:{run.id}").__repr__()


def test_a_created_item_is_taken_off_the_site_and_not_made_again(undoing):
    way = undoing(by="key", missing="create")
    way.change("new-1", name="New desk", stock=1, version=way.at(), run="r9")
    way.run()
    item = way.the("new-1")
    assert item.live is not None
    run = way.undo(run="r9")
    assert (run.figures["fields"], run.figures["left"]) == (1, 0)
    assert item.live is None
    assert item.staged.archived
    way.pass_time(86_400)
    told = way.command({"new-1": ({"stock": 7, "name": "New desk"}, None)}, partial=True)
    assert (told.code, told.unproven) == (1, {"undone": 1})
    assert item.live is None
    again = way.undo(run=run.id)
    assert again.figures["fields"] == 1
    assert way.the("new-1").live.fields["stock"] == 1


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_creation_that_is_undone_is_told_as_the_cms_shows_it(undoing, api):
    way = undoing(api=api, by="key", missing="create")
    own = WriteBack("shop", "products", url="https://shop.example/")
    way.settings = replace(way.settings, writebacks={"shop": own})
    way.begin()
    way.change("new-1", name="New desk", stock=1, version=way.at(), run="r9")
    way.run()
    way.undo(run="r9")
    assert way.the("new-1").staged.archived
    (owed,) = way.context.writebacks.claim(own).owed
    assert (owed.event, policy.told_of(own, owed).state) == ("retired", "archived")


def test_a_created_item_waits_like_any_that_is_retired_and_counts_as_taken_back(undoing):
    way = undoing(by="key", missing="create", guard={"half_from": 1000, "delay": 60})
    way.change("new-1", name="New desk", stock=1, version=way.at(), run="r9")
    way.run()
    id = way.begin_undo(run="r9")
    run = BulkRunner(way.context, sleep=way.wait).carry_out(id)
    assert (run.figures["fields"], run.figures["left"]) == (1, 0)
    assert way.the("new-1").live is not None
    way.run()
    assert way.the("new-1").live is None


def test_an_item_that_an_editor_has_changed_since_its_creation_stays(undoing):
    way = undoing(by="key", missing="create")
    way.change("new-1", name="New desk", stock=1, version=way.at(), run="r9")
    way.run()
    item = way.the("new-1")
    item.staged.fields["stock"] = 5
    run = way.undo(run="r9")
    assert run.figures["reasons"] == {undo_model.EDITED: 1}
    assert item.live is not None


def test_a_deleted_item_is_made_anew(undoing):
    way = undoing(by="key", missing="create", items=3)
    way.change(1, name="Desk", stock=1, version=way.at())
    way.run()
    way.pass_time(600)
    way.retire(way.record(1), "delete", version=way.at(1))
    way.run()
    assert way.id(1) not in way.products.items
    run = way.undo(1, since=way.context.runs.now() - timedelta(seconds=100))
    assert run.figures["left"] == 0
    made = way.the(way.record(1))
    assert (made.staged.fields["stock"], made.staged.fields["name"]) == (1, "Desk")


def test_a_retirement_by_a_snapshot_is_undone_and_not_repeated_by_the_next(undoing):
    way = undoing(by="key", items=5, policy={"orphans": "archive"})
    for n in SOME:
        way.change(n, stock=n, version=way.at())
    way.run()
    way.pass_time(3600)
    source = {way.record(n): ({"stock": n}, None) for n in range(2, 6)}
    assert way.command(source, retire_up_to=5).code == 0
    assert way.products.items[way.id(1)].staged.archived
    assert way.undo(1, since=way.context.runs.now() - timedelta(seconds=600)).figures["left"] == 0
    assert not way.products.items[way.id(1)].staged.archived
    way.pass_time(3600)
    told = way.command(source, retire_up_to=5)
    assert (told.code, told.unproven) == (1, {"undone": 1})
    assert not way.products.items[way.id(1)].staged.archived


def test_a_collection_that_is_not_configured_any_more_is_left(undoing):
    way = undoing(by="key")
    way.change(1, stock=1, version=way.at())
    way.run()
    since = way.context.runs.now() - timedelta(hours=1)
    products = way.settings.collections["products"]
    settings = replace(way.settings, collections={"others": replace(products, name="others")})
    way.context = replace(way.context, settings=settings)
    found = way.estimate(source="erp", since=since)
    assert found["reasons"] == {NO_COLLECTION: 1}


def test_where_no_slot_is_free_a_worker_comes_again(undoing):
    way = undoing(by="item", items=20, requests_per_minute=60, window=60)
    for n in SOME:
        way.change(n, stock=n, version=way.at())
        way.run()
    for n in SOME:
        way.change(n, stock=900, version=way.at(), run="r9")
        way.run()
    id = way.begin_undo(run="r9")
    runner = BulkRunner(way.context)
    steps = 0
    while way.context.runs.queued():
        runner.step()
        runner._later.clear()
        way.pass_time(0.5)
        steps += 1
        assert steps < 100
    assert steps > 2
    assert way.context.runs.show(id).figures["fields"] == 5
    way.run()
    assert stock(way, SOME) == [1, 2, 3, 4, 5]


def test_a_held_undo_goes_on_once_it_is_released(undoing):
    way = undoing(by="key", items=8, guard={"half_from": 3})
    for n in SOME:
        way.change(n, stock=n, version=way.at())
    way.run()
    way.written_by("r9", SOME, stock=900)
    id = way.begin_undo(run="r9", approved=False)
    assert way.context.runs.show(id).figures["held_overwritten"] == 5
    assert release(way.context, id, "ada")
    assert not release(way.context, id, "ada")
    run = BulkRunner(way.context, sleep=way.wait).carry_out(id)
    assert (run.state, run.figures["fields"]) == ("done", 5)
    way.run()
    assert stock(way, SOME) == [1, 2, 3, 4, 5]


def test_a_live_event_that_comes_while_the_cms_is_read_stays(undoing):
    way = written_over(undoing)
    later = way.at(5)
    way.pass_time(5)
    way.on_request = lambda: way.change(1, stock=11, version=later)
    run = way.undo(run="r9")
    assert run.figures["reasons"] == {OVERTAKEN: 1}
    assert (run.figures["fields"], run.figures["left"]) == (4, 1)
    assert stock(way, SOME) == [11, 2, 3, 4, 5]


def test_what_the_log_drops_before_its_turn_is_told(undoing):
    way = written_over(undoing)
    id = way.begin_undo(run="r9")
    way.store.delete(undo_keys.UNDO, undo_keys.UNDO_IDS)
    run = BulkRunner(way.context, sleep=way.wait).carry_out(id)
    assert (run.state, run.figures["done"]) == ("done", 5)
    assert run.figures["reasons"] == {DROPPED: 5}


def test_an_estimate_that_may_not_wait_says_what_it_has_not_seen(undoing):
    way = undoing(by="item", items=20, requests_per_minute=60, window=60)
    for n in SOME:
        way.change(n, stock=900, version=way.at(), run="r9")
        way.run()
    found = undo.estimate(way.context, way.selection(run="r9"), sleep=at_once)
    assert found["unseen"] == 5
    assert found["fields"] == 0


def test_every_variant_that_is_written_is_compared_and_put_back(undoing):
    way = undoing(items=5)
    localize(way, "en", "de")
    for n in SOME:
        add_variant(way, n)
    way.configure(locales="all")
    for n in SOME:
        way.change(n, stock=n, version=way.at())
    way.run()
    way.written_by("r9", SOME, stock=900)
    assert [live_in(way, n) for n in SOME] == [900] * 5
    edit_in(way, 2, stock=22)
    run = way.undo(run="r9")
    assert run.figures["reasons"] == {undo_model.EDITED: 1}
    assert stock(way, SOME) == [1, 900, 3, 4, 5]
    assert [live_in(way, n) for n in SOME] == [1, 22, 3, 4, 5]
