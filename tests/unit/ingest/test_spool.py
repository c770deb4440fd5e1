"""The spool of a process: room, order, several threads, several processes."""

import errno
import os
import subprocess
import sys
import threading

import pytest

from service.ingest import spool_file, spool_recovery
from service.ingest.entry import Entry
from service.ingest.spool import Spool
from service.ingest.spool_count import waiting
from workers.errors import SpoolFull
from workers.model.changes import Slot


def entry(n, body=b"{}", source="erp", came=None):
    return Entry(source, f"token{n}", 1_000 + n, came, body=body)


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool", 1)
    yield spool
    spool.close()


def drain(spool, source="erp"):
    tokens = []
    while turns := spool.turns(source):
        turn = turns[0]
        tokens.append(turn.file.read(turn.ref).token)
        spool.drained(turn, turn.number)
    return tokens


def test_an_entry_is_read_as_it_was_written(spool):
    kept = Entry("erp", "t", 5, 7, "mark", Slot("f", "1"), {"x-ö": "é"}, b"\xff\n{")
    spool.append(kept)
    turn = spool.turns("erp")[0]
    assert turn.file.read(turn.ref) == kept


def test_what_proves_a_delivery_is_not_shown_in_its_repr():
    assert "sesame" not in repr(Entry("erp", "t", 5, headers={"a": "sesame"}, body=b"sesame"))


def test_deliveries_are_drained_in_the_order_in_which_they_came(spool):
    for n in range(5):
        spool.append(entry(n))
    assert drain(spool) == [f"token{n}" for n in range(5)]


def test_of_several_files_the_one_that_came_first_is_drained_first(tmp_path):
    spools = [Spool(tmp_path, 1) for _ in range(2)]
    for n, came in enumerate((20, 10, 30, 40)):
        spools[n % 2].append(entry(n, came=came))
    for each in spools:
        each.close()
    heir = Spool(tmp_path, 1)
    heir.adopt()
    assert drain(heir) == ["token1", "token0", "token2", "token3"]
    heir.close()


def test_one_source_is_drained_whatever_becomes_of_another(spool):
    for n, source in enumerate(("erp", "shop", "erp", "shop")):
        spool.append(entry(n, source=source))
    assert drain(spool, "shop") == ["token1", "token3"]
    assert spool.holds("erp")
    assert not spool.holds("shop")


def test_a_spool_that_is_full_says_so_and_takes_again_once_it_is_drained(spool):
    body = b"x" * 200_000
    for n in range(5):
        spool.append(entry(n, body))
    with pytest.raises(SpoolFull, match="full: 1 MiB"):
        spool.append(entry(5, body))
    assert spool.state().full
    assert len(drain(spool)) == 5
    spool.remove_empty()
    spool.append(entry(9, body))
    assert spool.state().deliveries == 1


def test_a_spool_of_no_room_takes_nothing_and_drains_what_is_there(tmp_path):
    first = Spool(tmp_path, 1)
    first.append(entry(1))
    first.close()
    off = Spool(tmp_path, 0)
    assert (off.state().takes, off.state().full) == (False, False)
    with pytest.raises(SpoolFull):
        off.append(entry(2))
    off.adopt()
    assert drain(off) == ["token1"]
    off.close()


def test_what_is_drained_leaves_no_file(spool):
    spool.append(entry(1))
    assert waiting(spool.folder.parent).deliveries == 1
    drain(spool)
    spool.remove_empty()
    assert list(spool.folder.iterdir()) == []
    assert waiting(spool.folder.parent).deliveries == 0


def test_what_waits_is_counted_by_others_without_a_store(spool):
    for n in range(3):
        spool.append(entry(n))
    turn = spool.turns("erp")[0]
    spool.drained(turn, turn.number)
    found = waiting(spool.folder.parent)
    assert found.deliveries == 2
    assert found.bytes == spool.state().bytes > 100


def test_what_threads_append_at_once_is_drained_by_number(spool):
    def send(n):
        for k in range(20):
            spool.append(entry(100 * n + k))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = []
    while turns := spool.turns("erp"):
        turn = turns[0]
        numbers.append(turn.number)
        spool.drained(turn, turn.number)
    assert len(numbers) == 160
    assert len(set(numbers)) == 160


def test_threads_that_wait_for_the_disk_share_its_answer(spool, monkeypatch):
    spool.append(entry(0))
    asked, go = [], threading.Event()

    def slow(fd):
        asked.append(fd)
        go.wait()

    monkeypatch.setattr(spool_file, "_sync", slow)
    threads = [threading.Thread(target=spool.append, args=(entry(n),)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    while spool.state().deliveries < 9:
        pass
    go.set()
    for thread in threads:
        thread.join()
    assert len(asked) == 2


def test_a_disk_that_fails_is_told_and_what_it_has_is_drained(spool, monkeypatch):
    spool.append(entry(1))

    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(spool_file, "_sync", fail)
    with pytest.raises(SpoolFull, match="Input/output error"):
        spool.append(entry(2))
    assert not spool.state().takes
    monkeypatch.undo()
    spool.append(entry(3))
    assert spool.state().takes
    assert drain(spool) == ["token1", "token3"]


def test_a_disk_without_room_costs_only_who_met_it(spool, monkeypatch):
    spool.append(entry(1))
    write = os.pwrite

    def full(fd, data, place):
        if b"token2" in data:
            write(fd, data[:10], place)
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data, place)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(SpoolFull, match="No space left"):
        spool.append(entry(2))
    spool.append(entry(3))
    assert drain(spool) == ["token1", "token3"]


def test_a_living_process_keeps_its_file(spool):
    spool.append(entry(1))
    other = Spool(spool.folder, 1)
    assert other.adopt() == []
    assert spool.adopt() == []


ADOPT = """
import sys
from pathlib import Path
from service.ingest.spool import Spool

spool = Spool(Path(sys.argv[1]), 1)
print("ready", flush=True)
sys.stdin.readline()
print(sum(file.deliveries for file in spool.adopt()), flush=True)
sys.stdin.readline()
"""


def test_of_two_processes_one_adopts_the_file_of_a_process_that_is_gone(spool):
    for n in range(3):
        spool.append(entry(n))
    spool.close()
    heirs = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", ADOPT, str(spool.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for heir in heirs:
        assert heir.stdout.readline() == "ready\n"
    for heir in heirs:
        heir.stdin.write("\n")
        heir.stdin.flush()
    assert sorted(int(heir.stdout.readline()) for heir in heirs) == [0, 3]
    for heir in heirs:
        heir.communicate("\n")


def test_what_another_process_has_drained_and_removed_is_nobodys(tmp_path):
    assert spool_recovery.adopt(tmp_path / "1-a.spool") is None


def test_a_file_whose_maker_died_before_its_first_delivery_is_removed(tmp_path):
    (tmp_path / "1-a.new").write_bytes(b"INST")
    spool = Spool(tmp_path, 1)
    assert spool.adopt() == []
    assert list(tmp_path.iterdir()) == []
