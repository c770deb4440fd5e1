"""A spool file that was cut off or damaged at any byte."""

import os

import pytest

from service.ingest import frames, spool_file
from service.ingest.entry import Entry
from service.ingest.spool import Spool

BODIES = (b"one", b"two\nand more", b"")


@pytest.fixture(autouse=True)
def _no_disk(monkeypatch):
    """What is read back here comes from memory: waits for a disk would tell nothing."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(spool_file, "_sync", lambda _: None)


def entry(n, body=b"{}", source="erp"):
    return Entry(source, f"t{n}", n, body=body)


def filled(folder):
    """Return the bytes of a file with three deliveries, and where each ends."""
    spool = Spool(folder, 1)
    ends = []
    for n, body in enumerate(BODIES):
        spool.append(entry(n, body))
        (path,) = folder.iterdir()
        ends.append(path.stat().st_size)
    spool.close()
    return path.read_bytes(), ends


def held(folder):
    """Return the bodies that a process which adopts *folder* drains, and what it says of it."""
    spool = Spool(folder, 1)
    spool.adopt()
    found = []
    while turns := spool.turns("erp"):
        turn = turns[0]
        found.append(turn.file.read(turn.ref).body)
        spool.drained(turn, turn.number)
    state = spool.state()
    spool.remove_empty()
    spool.close()
    return found, state


def test_whatever_byte_it_is_cut_at_the_whole_deliveries_are_drained(tmp_path):
    text, ends = filled(tmp_path / "made")
    folder = tmp_path / "cut"
    folder.mkdir()
    for cut in range(frames.HEAD, len(text) + 1):
        (folder / "1-a.spool").write_bytes(text[:cut])
        whole = sum(end <= cut for end in ends)
        found, state = held(folder)
        assert (found, state.damaged) == (list(BODIES[:whole]), False), cut
        assert list(folder.iterdir()) == []


def test_whatever_byte_is_zeroed_to_the_end_the_deliveries_before_it_are_drained(tmp_path):
    text, ends = filled(tmp_path / "made")
    folder = tmp_path / "zeroed"
    folder.mkdir()
    for cut in range(frames.HEAD, len(text)):
        (folder / "1-a.spool").write_bytes(text[:cut].ljust(len(text) + 100, b"\0"))
        whole = sum(end <= cut for end in ends)
        assert held(folder)[0] == list(BODIES[:whole]), cut


def test_whatever_byte_is_flipped_only_its_delivery_is_missed_and_that_is_told(tmp_path):
    text, ends = filled(tmp_path / "made")
    folder = tmp_path / "flipped"
    folder.mkdir()
    for place in range(frames.HEAD, len(text)):
        broken = bytearray(text)
        broken[place] ^= 0x10
        (folder / "1-a.spool").write_bytes(broken)
        struck = sum(end <= place for end in ends)
        found, state = held(folder)
        assert found == [body for n, body in enumerate(BODIES) if n != struck], place
        last = struck == len(BODIES) - 1  # as if its write had been cut off
        assert state.damaged is not last
        for path in folder.iterdir():
            assert path.suffix == ".damaged"
            path.unlink()


def test_whatever_byte_of_the_head_is_flipped_all_is_drained(tmp_path):
    text, _ = filled(tmp_path / "made")
    folder = tmp_path / "flipped"
    folder.mkdir()
    for place in range(frames.HEAD):
        broken = bytearray(text)
        broken[place] ^= 0x10
        (folder / "1-a.spool").write_bytes(broken)
        assert held(folder)[0] == list(BODIES), place


def test_what_a_sender_writes_never_looks_like_a_delivery(tmp_path):
    other = filled(tmp_path / "other")[0][frames.HEAD :]
    spool = Spool(tmp_path / "spool", 1)
    spool.append(entry(0, other))
    spool.append(entry(1, b"after"))
    spool.close()
    (path,) = (tmp_path / "spool").iterdir()
    broken = bytearray(path.read_bytes())
    broken[frames.HEAD + 3] ^= 0x10  # the frame around it is lost
    path.write_bytes(broken)
    assert held(tmp_path / "spool")[0] == [b"after"]


@pytest.mark.parametrize("text", [b"", b"INSTEPS1", b"\0" * 200], ids=["empty", "short", "zeros"])
def test_a_file_that_holds_no_delivery_is_no_trouble(tmp_path, text):
    (tmp_path / "1-a.spool").write_bytes(text)
    assert held(tmp_path)[0] == []
