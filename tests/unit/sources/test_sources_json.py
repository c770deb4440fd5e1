"""JSON and JSON lines as sources of records: what is read of them, and what is refused."""

import io
import json
import math

import pytest

from service.reconcile.snapshot.file_records import from_file
from tests.support.snapshot_files import NOW, Trickle, numbers, read
from workers.errors import SnapshotInvalid

RECORDS = [{"sku": "A", "price": 1.5, "tags": ["x"], "n": None}, {"sku": 'B"]}', "d": {"e": [1]}}]
LINES = "".join(f"{json.dumps(record)}\n" for record in RECORDS)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        json.dumps({"views": 7, "products": RECORDS, "note": "x"}),
        "\ufeff" + json.dumps(RECORDS),
    ],
)
def test_a_list_alone_or_in_an_object(content):
    assert read(content, "json") == RECORDS


def test_an_object_a_line():
    assert read(LINES, "jsonl") == RECORDS
    assert read(LINES.replace("\n", "\r\n\r\n"), "jsonl") == RECORDS
    assert read(LINES.rstrip(), "jsonl") == RECORDS


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_every_cut_between_two_reads_gives_the_same(form):
    content = json.dumps(RECORDS) if form == "json" else LINES
    for step in range(1, 9):
        stream = io.BufferedReader(Trickle(content.encode(), step), 1)
        records = from_file("-", now=NOW, form=form, stdin=stream)
        assert [payload for _, payload in records] == RECORDS


def test_a_number_that_two_reads_share_is_whole():
    content = '{"total": '.ljust(2**16 - 1) + '10, "list": [{"n": '.ljust(2**16 - 3) + "1234567}]}"
    with pytest.raises(SnapshotInvalid, match="found total = 10 beside 1 record,"):
        read(content, "json")
    assert read(content.replace("total", "grade"), "json") == [{"n": 1234567}]


def test_records_longer_than_one_read():
    records = [{"text": str(n) * size} for n, size in enumerate((10, 200_000, 1, 70_000))]
    assert read(json.dumps(records), "json") == records


def test_numbers_are_what_a_webhook_would_make_of_them():
    content = '[{"a": 1.10, "b": 12345678901234567890, "c": 1e2, "d": -0}]'
    assert read(content, "json") == [{"a": 1.1, "b": 12345678901234567890, "c": 100.0, "d": 0}]
    assert isinstance(read(content, "json")[0]["c"], float)


def test_records_are_numbered_by_place_or_by_line():
    assert numbers(json.dumps(RECORDS), "json") == [1, 2]
    assert numbers("\n" + LINES, "jsonl") == [2, 3]


def test_records_may_be_put_under_a_name():
    assert read('[{"a": 1}]', "json", under="data") == [{"data": {"a": 1}}]
    assert read('{"a": 1}\n', "jsonl", under="data") == [{"data": {"a": 1}}]


def test_a_list_is_chosen_by_its_path():
    content = json.dumps({"errors": [1], "data": {"x": [], "items": RECORDS}, "tail": []})
    assert read(content, "json", list="data.items") == RECORDS


@pytest.mark.parametrize("content", ["", " \n", "[]", '{"products": []}'])
def test_an_empty_source_has_no_records_and_is_no_error(content):
    assert read(content, "json") == []
    assert read(" \n\n", "jsonl") == []


@pytest.mark.parametrize("length", range(1, len(json.dumps(RECORDS))))
def test_a_list_that_does_not_end_is_refused(length):
    with pytest.raises(SnapshotInvalid):
        read(json.dumps(RECORDS)[:length], "json")


def test_what_no_store_can_keep_is_read_as_in_a_webhook():
    text = '[{"a": 1e999, "b": -Infinity, "c": "\\ud83d", "\\ud800": 1}]'
    rows = [{"a": math.inf, "b": -math.inf, "c": "\ufffd", "\ufffd": 1}]
    assert read(text, "json") == rows
    assert read(text[1:-1], "jsonl") == rows


DEEP = '[{"a":' + "[" * 101 + "]" * 101 + "}]"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param('[{"a": 1},\n', "line 2: found the end of the file", id="cut off"),
        pytest.param('[{"a": 1}\n{"a": 2}]', "line 2: found '{', expected ',' or ']'", id="comma"),
        pytest.param("[{'a': 1}]" + " " * 99, "line 1: found invalid JSON (Expecting", id="quotes"),
        pytest.param('[{"a": 1},\n\n7]', "line 3: found 7 as record 2, expected an", id="number"),
        pytest.param(b'[{"a": 1},\n{"b": "\xe4"}]', "found byte 0xe4 in what", id="not UTF-8"),
        pytest.param(DEEP, "found JSON nested deeper than 100 levels", id="depth"),
        pytest.param("7", "found JSON that starts with 7, expected a list", id="no list"),
        pytest.param('{"a": 1}', "found no list of records, expected", id="an object"),
        pytest.param('{"a": [], "b": []}', "found several lists: a, b, expected", id="two lists"),
        pytest.param("{a: []}", "found 'a', expected a name in quotes", id="names"),
        pytest.param('{"a": 1}\n{"a": 2}', "found no list of records", id="lines"),
        pytest.param('[]\n{"a": 2}', "line 2: found '{' after the end", id="more after the end"),
    ],
)
def test_what_is_no_list_of_objects_is_refused(content, said):
    with pytest.raises(SnapshotInvalid) as caught:
        read(content, "json")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"a": 1},\n{"a": 2},\n]', "line 3: found invalid JSON (Expecting value"),
        ('[{"a": 1},\n{"a": 2,}]', "line 2: found invalid JSON (Expecting property name"),
        ('[{"a": 1},\n{"a": tru}]', "line 2: found invalid JSON (Expecting value"),
        ('[{"a": 1},\n{"a" 2}]', "line 2: found invalid JSON (Expecting ':' delimiter"),
        (
            '[{"a": 1},\n{"a": "b}]\n',
            "line 2: found text without its closing quote: the quote is missing",
        ),
        ('[{"a": 1},\n{"a": "\\x"}]', "line 2: found invalid JSON (Invalid"),
        ('[{"a": 1}\n', "line 2: found the end of the file"),
        ('[{"a": 1},\n{"a": 2', "line 2: found the end of the file"),
        ('[{"a": 1},\n{"a": tr', "line 2: found the end of the file"),
        ('[{"a": 1},\n{"a": -', "line 2: found the end of the file"),
        ('[{"a": 1},\n{"a": ', "line 2: found the end of the file"),
    ],
)
def test_the_end_of_a_file_is_told_as_what_it_is(content, said):
    with pytest.raises(SnapshotInvalid) as caught:
        read(content, "json")
    assert said in str(caught.value)


def test_brackets_in_a_text_that_two_reads_share_are_no_depth():
    text = "[" * 70_000
    assert read(json.dumps([{"a": text}]), "json") == [{"a": text}]


def test_an_error_is_told_without_reading_on():
    class Invalid(io.RawIOBase):
        begun = False

        def readable(self):
            return True

        def readinto(self, buffer):
            start = b"" if self.begun else b"[{'a': 1},"
            self.begun = True
            buffer[:] = start + b" " * (len(buffer) - len(start))
            return len(buffer)

    stream = io.BufferedReader(Invalid())
    with pytest.raises(SnapshotInvalid, match=r"found invalid JSON \(Expecting property name"):
        list(from_file("-", now=NOW, form="json", stdin=stream))


def test_a_record_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(SnapshotInvalid, match="found more than 16777216 characters"):
        read(b'[{"a": "' + b"x" * (40 * 2**20), "json")


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("has_more", True, True),
        ("has_more", False, False),
        ("hasNextPage", True, True),
        ("next", "https://shop.example/products?page=2", True),
        ("next", None, False),
        ("nextPageToken", "abc", True),
        ("nextPageToken", "", False),
        ("total_count", 3, True),
        ("total_count", 2, False),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_one_page_of_several_is_refused(name, value, refused, first):
    beside, inner = {name: value}, {"paging": {name: value}}
    for extra in (beside, inner):
        content = json.dumps(extra | {"list": RECORDS} if first else {"list": RECORDS} | extra)
        if refused:
            with pytest.raises(SnapshotInvalid, match="expected all records, not one page of them"):
                read(content, "json")
        else:
            assert read(content, "json") == RECORDS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n{"a": 1, "b', "line 2: found what is not JSON"),
        ('{"a": 1}\n[1]\n', "line 2: found a list, expected an object"),
        ('[{"a": 1},\n{"a": 2}]', "line 1: found what is not JSON"),
        (b'{"a": "\xe4"}\n', "line 1: found byte 0xe4"),
    ],
)
def test_a_line_that_is_no_object_is_refused(content, said):
    with pytest.raises(SnapshotInvalid) as caught:
        read(content, "jsonl")
    assert said in str(caught.value)
