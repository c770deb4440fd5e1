"""Files and standard input as sources: forms, times, gzip, and what changes or ends too early."""

import gzip
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from service.cli import main
from service.reconcile.snapshot import snapshot_time
from service.reconcile.snapshot.file_records import KINDS, from_file
from tests.support.snapshot_files import NOW, dated
from workers.errors import ConfigurationInvalid, SnapshotInvalid

CSV = b"sku,qty\nA,1\nB,2\n"
JSON = b'[{"sku": "A", "qty": "1"}, {"sku": "B", "qty": "2"}]'
LINES = b'{"sku": "A", "qty": "1"}\n{"sku": "B", "qty": "2"}\n'
RECORDS = [{"sku": "A", "qty": "1"}, {"sku": "B", "qty": "2"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV),
        ("A.CSV", CSV),
        ("a.tsv", CSV.replace(b",", b"\t")),
        ("a.txt", CSV),
        ("a.json", JSON),
        ("a.jsonl", LINES),
        ("a.ndjson", LINES),
        # mtime: content is part of the test's name, and must not hold the time of its making.
        ("a.csv.gz", gzip.compress(CSV, mtime=0)),
        ("a.json.gz", gzip.compress(JSON, mtime=0)),
        ("packed.jsonl", gzip.compress(LINES, mtime=0)),
    ],
)
def test_the_name_tells_the_form(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    records = from_file(str(path), now=NOW)
    assert [payload for _, payload in records] == RECORDS
    assert (records.size, records.read, records.unit) == (len(content), len(content), "bytes")


def test_a_form_that_is_named_beats_the_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(JSON)
    assert [payload for _, payload in from_file(str(path), now=NOW, form="json")] == RECORDS


@pytest.mark.parametrize("name", ["-", "export", "a.xlsx", "a.gz"])
def test_a_name_that_does_not_tell_needs_a_form(name):
    with pytest.raises(ConfigurationInvalid, match=r"--format: found .* expected one of csv, json"):
        from_file(name, now=NOW, stdin=io.BytesIO())


def test_an_unknown_form_is_refused():
    with pytest.raises(ConfigurationInvalid, match="--format: found 'xml'"):
        from_file("a.csv", now=NOW, form="xml")


def test_every_form_says_what_its_numbers_count():
    assert {name: kind.word for name, kind in KINDS.items()} == {
        "csv": "line",
        "json": "record",
        "jsonl": "line",
    }


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SnapshotInvalid, match=r"none\.csv: found No such file"):
        from_file(str(tmp_path / "none.csv"), now=NOW)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(SnapshotInvalid, match="found Is a directory"):
        list(from_file(str(tmp_path), now=NOW, form="csv"))


def test_the_time_of_a_file_is_its_last_change(tmp_path):
    changed = datetime(2026, 5, 11, 22, 15, tzinfo=UTC)
    path = dated(tmp_path / "a.csv", CSV, changed)
    assert from_file(str(path), now=NOW).as_of == changed


def test_a_file_from_a_clock_ahead_is_of_now(tmp_path):
    path = dated(tmp_path / "a.csv", CSV, NOW + timedelta(hours=3))
    assert from_file(str(path), now=NOW).as_of == NOW


def test_standard_input_is_of_when_reading_begins():
    assert from_file("-", now=NOW, form="csv", stdin=io.BytesIO(CSV)).as_of == NOW


def test_a_time_that_is_given_counts(tmp_path):
    path = dated(tmp_path / "a.csv", CSV, NOW)
    given = snapshot_time.given("2026-05-12T10:00:00+02:00", now=NOW)
    assert from_file(str(path), now=NOW, as_of=given).as_of == datetime(2026, 5, 12, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-05-12T08:00:00", "2026-05-12T09:30:01Z", "1969-01-01T00:00:00Z", ""]
)
def test_a_time_that_is_none_or_to_come_is_refused(text):
    with pytest.raises(
        ConfigurationInvalid, match=r"--as-of: found .* give the time at which the export began"
    ):
        snapshot_time.given(text, now=NOW)


@pytest.mark.parametrize("length", [2, 11, 30])
def test_gzip_that_is_cut_off_is_refused(tmp_path, length):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(CSV)[:length])
    with pytest.raises(SnapshotInvalid, match="found damaged gzip data"):
        list(from_file(str(path), now=NOW))


def test_gzip_with_a_wrong_sum_is_refused(tmp_path):
    path = tmp_path / "a.csv.gz"
    content = bytearray(gzip.compress(CSV))
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotInvalid, match="found damaged gzip data"):
        list(from_file(str(path), now=NOW))


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", CSV), ("a.json", JSON), ("a.jsonl", LINES)]
)
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    records = iter(from_file(str(path), now=NOW))
    next(records)
    with path.open("ab") as more:
        more.write(b"\n")
    with pytest.raises(SnapshotInvalid, match="found a file that changed while it was read"):
        list(records)


def test_a_file_is_closed_when_reading_stops_half_way(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    before = len(os.listdir("/proc/self/fd"))
    records = iter(from_file(str(path), now=NOW))
    next(records)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    records.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_pipe_is_read_as_it_comes():
    program = (
        "import sys; from datetime import *\n"
        "from service.reconcile.snapshot.file_records import from_file\n"
        "source = from_file('-', now=datetime.now(UTC), form='csv', stdin=sys.stdin.buffer)\n"
        "for number, record in source: print(number, record['sku'], flush=True)\n"
        "print(source.size, source.read)"
    )
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        child.stdin.write(CSV)
        child.stdin.flush()
        seen = [child.stdout.readline()]
        child.stdin.close()
        seen += child.stdout.readlines()
    assert seen == [b"2 A\n", b"3 B\n", b"None 16\n"]


@pytest.mark.parametrize("text", ["9999-01-01T00:00:00Z", "1969-01-01T00:00:00Z", "yesterday"])
def test_the_command_refuses_a_time_that_is_none_or_to_come(text):
    """Else every snapshot until then would be called older."""
    done = CliRunner().invoke(main, ["reconcile", "products", "a.csv", "--as-of", text])
    assert done.exit_code == 2
    assert "expected a time in the past" in done.stderr
