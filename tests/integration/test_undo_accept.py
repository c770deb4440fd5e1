"""What was written is taken back: while it is still there, and until something newer comes."""

import json
from dataclasses import replace

import pytest

from tests.support.outbox_creating import created, knowing, wanted
from tests.support.outbox_driver import at, bad, change, event, sent
from tests.support.undoing import entry_of, undo
from workers.model.attempts import FieldFailure, ItemOutcome, Wait
from workers.model.changes import Again, Incoming, Snapshot
from workers.model.retirement import GONE
from workers.store.outbox import balanced
from workers.store.undo_log import UndoLog


@pytest.fixture(autouse=True)
def check(bench):
    """Each accepted value has one fate, whatever happened."""
    yield
    assert balanced(bench.counts())


@pytest.fixture
def written(bench):
    """1, then 2 by the event e2, are in the CMS; returns the entry of the second."""
    bench.confirm("i1", {"stock": 1}, version=at(1), id="e1")
    bench.confirm("i1", {"stock": 2}, version=at(2), id="e2")
    return entry_of(bench, "i1")


def why(bench, record="i1"):
    """What the last value of a record was held against."""
    entry = [e for e in bench.lives.read("products", record).entries if e.what == "accepted"][-1]
    fate = next(iter(entry.fields.values()))
    return fate.fate, fate.against and fate.against.why


def test_what_was_there_before_is_written_again(bench, written):
    assert undo(bench, written) == "accepted"
    batch = bench.batch()
    assert sent(batch) == {"i1": {"stock": 1}}
    bench.write(batch)
    field = bench.field("i1")
    assert (field["s"], field["r"], field["U"]) == ("written", at(2), "r9")
    assert field["a"] > written.arrival
    assert bench.counts("accepted", "written") == (3, 3)


def test_a_source_that_is_configured_no_longer_can_be_undone(bench, written):
    written = replace(written, source="old")
    assert undo(bench, written) == "accepted"


def test_its_life_tells_the_run(bench, written):
    undo(bench, written, run="r12")
    entry = bench.lives.read("products", "i1").entries[-1]
    assert (entry.by, entry.run, entry.source) == ("undo", "r12", "erp")


@pytest.mark.parametrize("version", [at(2), at(3)])
def test_what_has_changed_since_stays(bench, written, version):
    bench.confirm("i1", {"stock": 3}, version=version, id="e3")
    assert undo(bench, written) == "stale"
    assert bench.value("i1") == 3
    assert why(bench) == ("stale", "newer value")


def test_it_is_taken_back_once(bench, written):
    assert undo(bench, written, run="r1") == "accepted"
    assert undo(bench, written, run="r2") == "stale"
    assert bench.field("i1")["U"] == "r1"


def test_the_same_call_again_is_one_undo(bench, written):
    undo(bench, written)
    counts = bench.counts()
    bench.steps.repeat("accept")
    assert bench.counts() == counts


def again(record, fields, number=7, arrival=0, **options):
    """An event that runs again, as it was kept."""
    made = event(record, fields, **options)
    return replace(made, again=Again(number, 0, at(2), arrival=arrival))


def taken_now(bench):
    """A snapshot of now, and the version of its rows that have none."""
    now = bench.now_ms()
    return Snapshot(now, now - 60_000), f"t{now * 1000:017}"


def snapshot(bench, fields, version=None):
    taken, as_of = taken_now(bench)
    made = event("i1", fields, version=version or as_of)
    return replace(made, changes=(replace(made.changes[0], snapshot=taken),))


REPEATS = {
    "the event": lambda b: b.accept(event("i1", {"stock": 2}, version=at(2), id="e2")),
    "the same without an id": lambda b: b.accept(event("i1", {"stock": 2}, version=at(2))),
    "an older one": lambda b: b.accept(event("i1", {"stock": 5}, version=at(1), id="e9")),
    "a remap": lambda b: b.accept(again("i1", {"stock": 5}, version=at(2)), mode="remap"),
    "a snapshot's row": lambda b: b.accept(snapshot(b, {"stock": 2}, at(2)), mode="reconcile"),
    "a snapshot of now": lambda b: b.accept(snapshot(b, {"stock": 2}), mode="reconcile"),
}


@pytest.mark.parametrize("come", REPEATS.values(), ids=REPEATS)
@pytest.mark.parametrize("sent_before", [True, False])
def test_what_it_took_back_does_not_come_back(bench, written, come, sent_before):
    undo(bench, written)
    if sent_before:
        bench.write(bench.batch())
    bench.pass_time(7200)
    bench.client.delete(*bench.client.keys("instep:seen*"))
    come(bench)
    assert bench.value("i1") == 1
    assert bench.field("i1")["U"] == "r9"


def test_a_snapshot_tells_that_it_was_undone(bench, written):
    undo(bench, written)
    bench.accept(snapshot(bench, {"stock": 2}), mode="reconcile")
    assert why(bench) == ("stale", "undone")


LATER = {
    "a newer one": lambda b: b.accept(event("i1", {"stock": 5}, version=at(3))),
    "another of the same time": lambda b: b.accept(
        event("i1", {"stock": 5}, version=at(2), id="x")
    ),
    "one without a time": lambda b: b.accept(event("i1", {"stock": 5})),
    "a snapshot's newer row": lambda b: b.accept(
        snapshot(b, {"stock": 5}, at(3)), mode="reconcile"
    ),
    "a newer one that runs again": lambda b: b.accept(
        again("i1", {"stock": 5}, version=at(3)), mode="remap"
    ),
}


@pytest.mark.parametrize("come", LATER.values(), ids=LATER)
def test_something_newer_goes_over_it(bench, written, come):
    undo(bench, written)
    bench.write(bench.batch())
    bench.pass_time(7200)
    come(bench)
    assert bench.value("i1") == 5
    assert "U" not in bench.field("i1")


def test_an_undo_can_be_undone_and_then_what_runs_again_writes(bench, written):
    undo(bench, written, run="r1")
    bench.write(bench.batch())
    entry = entry_of(bench, "i1")
    assert (entry.run, entry.undone, entry.before, entry.value) == ("r1", "r1", "2", "1")
    assert undo(bench, entry, run="r2") == "accepted"
    bench.write(bench.batch())
    assert bench.value("i1") == 2
    assert "U" not in bench.field("i1")
    bench.accept(snapshot(bench, {"stock": 7}), mode="reconcile")
    assert bench.value("i1") == 7


def test_a_mended_mapping_goes_over_an_undo_that_was_undone(bench):
    bench.confirm("i1", {"stock": 1}, version=at(1), id="e1")
    bench.accept(event("i1", {"stock": 2}, version=at(2), id="e2"))
    held = bench.field("i1")
    bench.write(bench.batch())
    mended = again("i1", {"stock": 3}, number=held.get("f", 0), arrival=0, version=at(2), id="e2")
    undo(bench, entry_of(bench, "i1"), run="r1")
    bench.write(bench.batch())
    bench.accept(mended, mode="remap")
    assert bench.value("i1") == 1
    undo(bench, entry_of(bench, "i1"), run="r2")
    bench.accept(mended, mode="remap")
    assert bench.value("i1") == 3


def test_what_waits_is_taken_out_and_nothing_is_sent(bench):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    assert undo(bench, entry_of(bench, "i1")) == "unchanged"
    assert bench.counts("accepted", "written", "superseded", "unchanged") == (3, 1, 1, 1)
    assert isinstance(bench.claim(), Wait)
    [undone, *_] = UndoLog(bench.steps).of_record("products", "i1")
    assert (undone.before, undone.value, undone.run) == ("2", "1", "r9")
    assert undo(bench, undone, run="r10") == "accepted"
    assert bench.value("i1") == 2


def test_what_is_being_sent_is_taken_back_behind_it(bench):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    batch = bench.batch()
    assert undo(bench, entry_of(bench, "i1")) == "accepted"
    bench.write(batch)
    assert bench.state("i1") == "pending"
    bench.write(bench.batch())
    entry = entry_of(bench, "i1")
    assert (entry.before, entry.value, entry.undone) == ("2", "1", "r9")


def test_what_may_be_there_is_written_over(bench):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    bench.settle(bench.batch(), ItemOutcome("i1", unknown=True), health="failure")
    assert undo(bench, entry_of(bench, "i1")) == "accepted"
    assert bench.field("i1")["m"] > bench.now_ms()
    bench.write(bench.batch())
    bench.pass_time(61)
    again = bench.batch()
    assert sent(again) == {"i1": {"stock": 1}}
    bench.write(again)


def test_what_is_dead_leaves_its_letter(bench):
    bench.confirm("i1", {"stock": 1}, version=at(1))
    bench.accept(event("i1", {"stock": 2}, version=at(2)))
    failure = FieldFailure("refused", ("stock",), "no")
    bench.settle(bench.batch(), ItemOutcome("i1", failures=(failure,)), health="refusal")
    assert len(bench.letters()) == 1
    undo(bench, entry_of(bench, "i1"))
    assert bench.letters() == []
    assert bench.value("i1") == 1


def test_nothing_is_what_a_field_is_cleared_to(bench):
    bench.confirm("i1", {"stock": None}, version=at(1))
    bench.confirm("i1", {"stock": 2}, version=at(2))
    undo(bench, entry_of(bench, "i1"))
    assert sent(bench.batch()) == {"i1": {"stock": None}}


def test_an_undo_is_no_event_of_its_source(bench, written):
    """It neither stands for a letter of an empty body, nor gives the key another look."""
    bench.client.hset("instep:item:products:i1", mapping={"shown": "I1", "partial": "u1"})
    bench.accept(bad(), body=b"")
    undo(bench, written)
    meta, _ = bench.item("i1")
    assert (meta["shown"], meta["partial"]) == ("I1", "u1")
    assert len(bench.letters()) == 1


# Retirements and creations ----------------------------------------------------------------------


def retire(bench, *, version=None, id="gone"):
    gone = replace(change("i1", {}, version=version or at(5)), retire="archive")
    bench.accept(Incoming(id, "gone", 0, (gone,)))


@pytest.mark.usefixtures("written")
def test_a_retirement_is_lifted(bench):
    retire(bench)
    bench.write(bench.batch())
    assert undo(bench, entry_of(bench, "i1", GONE)) == "unchanged"
    batch = bench.batch()
    assert [f.value for f in batch.items[0].fields] == ['["_archived"]']
    bench.write(batch)
    assert bench.field("i1", GONE)["U"] == "r9"


@pytest.mark.usefixtures("written")
def test_a_retirement_that_was_lifted_does_not_come_back_but_by_a_newer_one(bench):
    retire(bench)
    bench.write(bench.batch())
    undo(bench, entry_of(bench, "i1", GONE))
    bench.write(bench.batch())
    bench.client.delete(*bench.client.keys("instep:seen*"))
    retire(bench)
    assert "b" in bench.field("i1", GONE)
    taken, as_of = taken_now(bench)
    gone = replace(change("i1", {}, version=as_of), retire="archive", snapshot=taken)
    bench.accept(Incoming(None, None, 0, (gone,)), mode="reconcile")
    assert "b" in bench.field("i1", GONE)
    assert why(bench) == ("stale", "undone")
    retire(bench, version=at(9), id="gone again")
    assert "b" not in bench.field("i1", GONE)


@pytest.mark.usefixtures("written")
def test_a_lifted_retirement_can_be_put_back(bench):
    retire(bench)
    bench.write(bench.batch())
    undo(bench, entry_of(bench, "i1", GONE), run="r1")
    bench.write(bench.batch())
    entry = entry_of(bench, "i1", GONE)
    assert (entry.run, entry.before, entry.value, entry.act) == ("r1", '"archive"', "null", "write")
    assert undo(bench, entry, run="r2") == "accepted"
    assert "b" not in bench.field("i1", GONE)
    assert "U" not in bench.field("i1", GONE)


def test_a_row_that_has_the_version_of_a_retirement_does_not_go_over_an_undo(bench, written):
    undo(bench, written)
    bench.write(bench.batch())
    retire(bench)
    bench.write(bench.batch())
    undo(bench, entry_of(bench, "i1", GONE))
    bench.write(bench.batch())
    bench.accept(snapshot(bench, {"stock": 2}, at(5)), mode="reconcile")
    assert why(bench) == ("stale", "undone")


def test_a_write_to_a_retired_item_is_not_taken_back(bench, written):
    retire(bench)
    bench.write(bench.batch())
    assert undo(bench, written) == "stale"
    assert "b" not in bench.field("i1", GONE)


def creating(bench_with):
    bench = knowing(bench_with(missing="create"))
    wanted(bench, "k1", version=at(1))
    bench.settle(batch := bench.batch(), *created(batch))
    return bench


def test_a_creation_is_taken_off_the_site(bench_with):
    bench = creating(bench_with)
    entry = entry_of(bench, "k1", "")
    assert undo(bench, entry, by="key") == "accepted"
    batch = bench.batch()
    assert batch.kind == "unpublish"
    bench.write(batch, retired=True)
    batch = bench.batch()
    assert (batch.kind, [f.value for f in batch.items[0].fields]) == ("update", ['"archive"'])
    bench.write(batch)
    held = bench.field("k1", GONE)
    assert (held["v"], held["U"], held["s"]) == ('"unpublish"', "r9", "written")
    assert set(held["u"]) == {"_archived", "_draft"}
    put = event("k1", {"stock": 1}, by="key", version=at(1))
    bench.accept(replace(put, again=Again(7, 0, at(1), arrival=0)), mode="remap")
    assert "b" not in bench.field("k1", GONE)
    bench.accept(event("k1", {"stock": 5}, by="key", version=at(3)))
    assert "b" in bench.field("k1", GONE)


def test_a_creation_is_not_taken_back_once_the_item_has_changed(bench_with):
    bench = creating(bench_with)
    entry = entry_of(bench, "k1", "")
    bench.accept(event("k1", {"stock": 5}, by="key", version=at(3)))
    assert undo(bench, entry, by="key") == "stale"
    newest = bench.field("k1")["a"]
    assert undo(bench, entry, by="key", undoes=newest) == "accepted"


def test_what_was_deleted_is_made_anew(bench_with):
    bench = creating(bench_with)
    gone = replace(change("k1", {}, version=at(5), by="key"), retire="delete")
    bench.accept(Incoming(None, "gone", 0, (gone,)))
    for kind in ("unpublish", "delete"):
        batch = bench.batch()
        assert batch.kind == kind
        bench.write(batch, retired=True)
    undo(bench, entry_of(bench, "k1", GONE), by="key")
    bench.pass_time(31)
    bench.list_all()
    batch = bench.batch()
    assert batch.create
    assert json.dumps(sent(batch), sort_keys=True) == '{"k1": {"name": "Oak desk", "stock": 1}}'
