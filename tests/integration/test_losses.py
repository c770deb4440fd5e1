"""What a store may lack: noted once, told, and proven away collection by collection."""

import json
import shutil
from datetime import datetime

import pytest
import redis

from tests.support.outbox_driver import event
from workers.store import witness
from workers.store.losses import Losses, message, problem
from workers.store.scripts import Steps
from workers.store.witness import Witness

CUT = {
    "id": "cut 1",
    "kind": "cut",
    "file": "/data/store/a.aof",
    "bytes": 4096,
    "written": "2026-01-02T03:04:05+00:00",
    "copy": "/data/damaged/a.aof",
}


@pytest.fixture
def losses(store):
    return Losses(Steps(store))


def test_a_loss_stands_in_every_collection_until_each_is_proven(losses):
    losses.note(CUT)
    number = losses.number()
    losses.proven("products", number, ["products", "colours"])
    (loss,) = losses.open(["products", "colours"])
    assert (loss["kind"], loss["unproven"]) == ("cut", ["colours"])
    losses.proven("colours", number, ["products", "colours"])
    assert losses.open(["products", "colours"]) == []


def test_a_run_that_began_before_the_loss_proves_nothing_of_it(losses):
    number = losses.number()
    losses.note(CUT)
    losses.proven("products", number, ["products"])
    assert [loss["unproven"] for loss in losses.open(["products"])] == [["products"]]


def test_a_snapshot_of_before_the_loss_proves_nothing_of_it(losses):
    losses.note({"id": "o", "kind": "older", "held": 1, "had": 2})
    (loss,) = losses.open(["products"])
    at = datetime.fromisoformat(loss["at"]).timestamp() * 1000
    losses.proven("products", losses.number(), ["products"], as_of_ms=at - 1000)
    assert len(losses.open(["products"])) == 1
    losses.proven("products", losses.number(), ["products"], as_of_ms=at + 1000)
    assert losses.open(["products"]) == []


def test_a_snapshot_proves_what_was_lost_before_it_and_nothing_later(losses):
    losses.note(CUT)
    losses.note({"id": "o", "kind": "older", "held": 1, "had": 2})
    after = datetime.fromisoformat(CUT["written"]).timestamp() * 1000 + 1000
    losses.proven("products", losses.number(), ["products"], as_of_ms=after)
    assert [loss["kind"] for loss in losses.open(["products"])] == ["older"]
    losses.proven("products", losses.number() - 2, ["products"])
    assert [loss["kind"] for loss in losses.open(["products"])] == ["older"]


def test_the_same_loss_is_noted_once(losses):
    losses.note(CUT)
    losses.note(CUT)
    assert (losses.number(), len(losses.open(["products"]))) == (1, 1)


def test_of_many_losses_the_newest_twenty_are_kept(losses):
    for number in range(25):
        losses.note(CUT | {"id": f"cut {number}", "bytes": number})
    assert [loss["bytes"] for loss in losses.open(["products"])] == list(range(5, 25))


def test_a_cut_is_told_with_its_bytes_its_time_and_its_copy(losses):
    losses.note(CUT)
    told = str(problem(losses.open(["products"])[0]))
    for words in ("4096 bytes", "2026-01-02T03:04:05", "/data/damaged/a.aof", "reconcile", "prod"):
        assert words in told


def test_after_a_loss_no_confirmation_of_before_suppresses_a_value(bench):
    bench.confirm("i1", {"stock": 5})
    Losses(Steps(bench.client)).note(CUT)
    bench.accept(event("i1", {"stock": 5}))
    assert bench.told()[-1] == "accepted"


def test_after_a_loss_new_confirmations_count_again(bench):
    Losses(Steps(bench.client)).note(CUT)
    bench.confirm("i1", {"stock": 5})
    bench.accept(event("i1", {"stock": 5}))
    assert bench.told()[-1] == "unchanged"


# the witness ---------------------------------------------------------------------------------


@pytest.fixture
def look(store, tmp_path):
    """A look by a process that has just started, at a store that holds so many values."""

    def _look(arrival, *, copies=True, path=tmp_path / "store.seen"):
        store.set("instep:arrival", arrival)
        loss = Witness(Steps(store), path, copies=copies).look()
        return loss and loss["kind"]

    return _look


def test_a_store_that_goes_on_is_no_loss(look):
    assert [look(5), look(5), look(9)] == [None, None, None]


def test_a_store_that_holds_less_than_it_did_is_told_and_noted(look, losses):
    look(9)
    assert look(5) == "older"
    (loss,) = losses.open(["products"])
    assert (loss["had"], loss["held"]) == (9, 5)
    assert "after 9 before" in message(loss)


def test_an_older_store_is_told_once(look, losses):
    look(9)
    look(5)
    assert look(5) is None
    assert losses.number() == 1


def test_a_store_that_goes_back_while_it_is_watched_is_told(store, tmp_path):
    watched = Witness(Steps(store), tmp_path / "seen", copies=False)
    store.set("instep:arrival", 9)
    assert watched.look() is None
    store.set("instep:arrival", 3)
    assert watched.look()["kind"] == "older"


def test_an_empty_store_beside_a_file_that_has_seen_more_is_told(look, store):
    look(9)
    store.delete("instep:arrival")
    assert look(0) == "older"


def test_a_copy_of_store_and_file_is_told(look, tmp_path):
    look(5)
    shutil.copy2(tmp_path / "store.seen", tmp_path / "copy.seen")
    assert look(5, path=tmp_path / "copy.seen") == "copied"


def test_a_copy_that_was_written_over_the_file_is_told(look, tmp_path):
    look(5)
    shutil.copy2(tmp_path / "store.seen", tmp_path / "backup")
    look(9)
    shutil.copyfile(tmp_path / "backup", tmp_path / "store.seen")
    assert look(5) == "copied"


def test_a_directory_that_was_moved_is_no_copy(look, tmp_path):
    look(5)
    (tmp_path / "store.seen").rename(tmp_path / "moved.seen")
    assert look(5, path=tmp_path / "moved.seen") is None


def test_a_store_that_comes_without_its_file_is_a_copy(look, tmp_path):
    look(5)
    (tmp_path / "store.seen").unlink()
    assert look(5) == "copied"


def test_a_store_of_an_older_release_has_no_file_and_is_no_copy(look):
    assert look(5) is None


def test_a_given_store_is_told_by_its_numbers_alone(look, tmp_path):
    look(5, copies=False)
    (tmp_path / "store.seen").unlink()
    assert look(5, copies=False) is None


def test_a_file_that_cannot_be_read_says_nothing(tmp_path):
    (tmp_path / "seen").write_text(json.dumps({"arrival": "x"}))
    assert witness.read(tmp_path / "seen") is None


def test_the_file_of_a_given_store_tells_no_secret(tmp_path):
    with redis.Redis.from_url("redis://user:s3cret@db.example:6379/2") as client:
        path = witness.path_of_given(client, tmp_path)
    with redis.Redis.from_url("redis://other@db.example:6379/2") as client:
        assert witness.path_of_given(client, tmp_path) == path
    assert path.parent == tmp_path
