"""The entries of an undo that are too many to be held: each piece reads its own again."""

import pytest

from service.operate import undo_entries
from service.operate.undo_entries import UndoEntries
from service.operate.undo_scope import UndoScope
from tests.support.outbox_driver import at, event
from workers.store import undo_keys, undo_log
from workers.store.undo_log import UndoLog

LAST = 10**9


@pytest.fixture
def log(bench):
    """Of a run that has written three records, one of them twice, and of which one value waits."""
    for number, record in enumerate(("i1", "i2", "i3", "i1", "i2"), start=1):
        value = event(record, {"stock": number}, version=at(number))
        bench.accept(value, run="r1" if number != 5 else "r2")
        bench.write(bench.batch())
    bench.accept(event("i3", {"stock": 9}, version=at(9)), run="r1")
    return UndoLog(bench.steps)


def entries(log, monkeypatch, held, **scope):
    monkeypatch.setattr(undo_entries, "HELD", held)
    return UndoEntries(log, UndoScope(last=LAST, **scope))


def values(found):
    return {record: [(e.value, e.waits) for e in own] for record, own in found.items()}


@pytest.mark.parametrize("size", [2, 5000])
def test_they_are_the_same_as_those_that_are_held(log, monkeypatch, size):
    monkeypatch.setattr(undo_log, "_IDS", size)
    held = entries(log, monkeypatch, 100, run="r1")
    again = entries(log, monkeypatch, 1, run="r1")
    assert again.places == held.places
    for records in (["i1"], ["i2", "i3"], ["i3", "none"]):
        assert again.of("products", records) == held.of("products", records)
    assert again.of("stores", ["i1"]) == {}
    assert values(again.of("products", ["i1", "i3"])) == {
        "i1": [("4", False), ("1", False)],
        "i3": [("9", True), ("3", False)],
    }


def test_a_piece_reads_no_more_of_the_log_than_tells_of_it(bench, log, monkeypatch):
    again = entries(log, monkeypatch, 1, run="r1")
    ids = bench.client.lrange(undo_keys.UNDO_IDS, 0, -1)
    read, texts_of = [], UndoLog._texts_of
    monkeypatch.setattr(
        UndoLog, "_texts_of", lambda self, ids: read.extend(ids) or texts_of(self, ids)
    )
    assert values(again.of("products", ["i1"])) == {"i1": [("4", False), ("1", False)]}
    assert read == [ids[3], ids[0]]


def test_what_waited_is_undone_as_it_was_when_the_undo_began(bench, log, monkeypatch):
    again = entries(log, monkeypatch, 1, run="r1")
    bench.write(bench.batch())
    assert values(again.of("products", ["i3"])) == {"i3": [("9", True), ("3", False)]}


def test_of_a_source_only_what_was_written_since_a_time(log, monkeypatch):
    (first, *_, last) = log.of_source("erp", undo_log._moment(0))
    since = {"erp": last.at}
    for held in (100, 1):
        found = entries(log, monkeypatch, held, since=since).of("products", ["i1", "i3"])
        assert values(found)["i3"] == [("3", False)]
    assert not entries(log, monkeypatch, 1, since={"shop": last.at}).places
    assert first.told != last.told


def test_what_the_log_has_dropped_meanwhile_is_left_out(bench, log, monkeypatch):
    again = entries(log, monkeypatch, 1, run="r1")
    bench.client.hdel(undo_keys.UNDO, bench.client.lindex(undo_keys.UNDO_IDS, 0))
    assert values(again.of("products", ["i1"])) == {"i1": [("4", False)]}


def test_entries_are_read_some_at_a_time_by_their_bytes(bench, log, monkeypatch):
    text = bench.client.hget(undo_keys.UNDO, bench.client.lindex(undo_keys.UNDO_IDS, 0))
    monkeypatch.setattr(undo_log, "_BYTES", 2 * len(text) + 20)
    for number in range(12):
        bench.client.hset(undo_keys.UNDO, f"{number}-x", text)
    read, client = [], bench.steps.client
    hmget = client.hmget
    monkeypatch.setattr(client, "hmget", lambda key, ids: read.append(len(ids)) or hmget(key, ids))
    ids = [f"{number}-x" for number in range(12)]
    assert [id for id, _ in log._texts_of(ids)] == ids
    assert read == [1, 2, 2, 2, 2, 2, 1]
    monkeypatch.setattr(undo_log, "_BYTES", 10**6)
    read.clear()
    assert len(list(log._texts_of([*ids, "none"]))) == 12
    assert read == [1, 2, 4, 6]
