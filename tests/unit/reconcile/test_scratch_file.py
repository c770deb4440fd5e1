"""What a run does whose temporary folder cannot be written."""

import pytest

from service.pulls.read_records import ReadRecords
from service.reconcile.state.working_set import WorkingSet
from workers.errors import ReconcileFailed


@pytest.mark.parametrize("kind", [ReadRecords, WorkingSet])
def test_a_full_disk_ends_the_run_and_says_what_to_do(kind):
    scratch = kind()
    scratch._db.execute("PRAGMA max_page_count = 12")
    with pytest.raises(ReconcileFailed, match=r"or disk is full.*; make room, or"):
        fill(scratch)


def fill(scratch):
    with scratch:
        for number in range(100):
            add(scratch, number, "x" * 500)


def add(scratch, number, text):
    if isinstance(scratch, ReadRecords):
        scratch.add(text, [f"{number}"], 1)
    else:
        scratch.add_record(f"{number}{text}", number, [])


def test_a_folder_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    with pytest.raises(ReconcileFailed, match="TMPDIR"):
        ReadRecords()


def test_another_error_stays_as_it_is():
    def fails():
        with ReadRecords():
            raise ValueError("of ours")

    with pytest.raises(ValueError, match="of ours"):
        fails()
