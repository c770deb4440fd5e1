"""CSV as a source of records: what is read of it, and what is refused."""

import gzip

import pytest

from tests.support.snapshot_files import numbers, read
from workers.errors import ConfigurationInvalid, SnapshotInvalid


def test_a_header_and_its_records():
    assert read("sku,qty\nA,1\nB,2\n", "csv") == [
        {"sku": "A", "qty": "1"},
        {"sku": "B", "qty": "2"},
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_in_the_header(delimiter):
    name = ",,;;\t\t".replace(delimiter, "")
    content = f'sku{delimiter}"{name}"\nA{delimiter}1\n'
    assert read(content, "csv") == [{"sku": "A", name.strip(): "1"}]


def test_a_delimiter_can_be_named():
    assert read("sku|a,b\nA|1\n", "csv", delimiter="|") == [{"sku": "A", "a,b": "1"}]


def test_two_delimiters_in_a_header_are_refused():
    with pytest.raises(SnapshotInvalid, match=r"line 1: found 1 each of ',' and ';'.*--delimiter"):
        read("a,b;c\n1,2;3\n", "csv")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("sku,qty\r\nA,1\r\n", id="lines as Windows ends them"),
        pytest.param("sku,qty\nA,1", id="no end of the last line"),
        pytest.param("\ufeffsku,qty\nA,1\n", id="a byte order mark"),
        pytest.param("\n \nsku;qty\n\n\nA;1\n\n", id="empty lines"),
        pytest.param(" sku , qty\nA,1\n", id="blanks around the names"),
        pytest.param("sku,,qty\nA,x,1\n", id="a column without a name"),
        pytest.param('"sku","qty"\n"A","1"\n', id="quotes"),
    ],
)
def test_forms_that_programs_write(content):
    assert read(content, "csv") == [{"sku": "A", "qty": "1"}]


def test_a_quoted_cell_may_hold_lines_and_quotes():
    assert read('a,b\n"x\ny","say ""hi"""\n', "csv") == [{"a": "x\ny", "b": 'say "hi"'}]


def test_a_record_is_numbered_by_the_line_at_which_it_begins():
    assert numbers('a,b\n"x\ny",1\n\nz,2\n', "csv") == [2, 5]
    assert numbers("\n\na,b\n1,2\n", "csv") == [4]


def test_a_name_with_dots_is_a_path():
    content = "data.sku,data.stock.qty,Art.Nr.\nA,1,7\n"
    assert read(content, "csv") == [{"data": {"sku": "A", "stock": {"qty": "1"}}, "Art.Nr.": "7"}]


def test_records_may_be_put_under_a_name():
    assert read("sku\nA\n", "csv", under="a.b") == [{"a": {"b": {"sku": "A"}}}]


def test_a_cell_may_be_longer_than_the_module_allows():
    text = "x" * 200_000
    assert read(f"a,b\n{text},1\n", "csv") == [{"a": text, "b": "1"}]


@pytest.mark.parametrize("content", ["", "sku,qty\n", "\ufeff", "\n\n"])
def test_an_empty_source_has_no_records_and_is_no_error(content):
    assert read(content, "csv") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            "a,b,c\n1,2,3\n4,5",
            "standard input: line 3: found 2 cells, expected 3, as in the header; "
            "export the file again; quote cells that contain the delimiter",
            id="a line that is cut off",
        ),
        pytest.param("a,b\n1,2,3\n", "line 2: found 3 cells", id="a line with more cells"),
        pytest.param(
            'a,b\n1,"x', "line 2: found invalid CSV (unexpected end of data", id="open quote"
        ),
        pytest.param('a,b\n1,"x\n2,3\n4,5\n', "line 2: found invalid CSV", id="a quote left open"),
        pytest.param('a,b\n1,"x"y\n', "line 2: found invalid CSV", id="text after a quote"),
        pytest.param("a,a\n1,2\n", "line 1: found two columns named 'a'", id="a column twice"),
        pytest.param("a.b,a\n1,2\n", "found a column 'a' beside 'a.b'", id="one within another"),
        pytest.param(b"a,b\n1,2\n3,\xe4\n", "line 3: found byte 0xe4, which is", id="not UTF-8"),
        pytest.param(b"a,b\n1,\xc3", "line 2: found byte 0xc3, which is", id="half a letter"),
    ],
)
def test_what_is_cut_off_or_no_csv_is_refused_by_line(content, said):
    with pytest.raises(SnapshotInvalid) as caught:
        read(content, "csv")
    assert said in str(caught.value)


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(SnapshotInvalid, match="line 1: found more than 16777216 bytes"):
        read(b"x" * (16 * 2**20 + 2), "csv")


@pytest.mark.parametrize("first", ["sep=|", '"sep=|"', "\ufeffsep=|", "sep=|\r"])
def test_the_line_that_tells_excel_the_delimiter_is_no_header(first):
    content = f"{first}\nsku|a,b;c\nA|1\n"
    assert read(content, "csv") == [{"sku": "A", "a,b;c": "1"}]
    assert numbers(content, "csv") == [3]


def test_a_file_of_that_line_alone_is_empty():
    assert read("sep=;\n", "csv") == []


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16-le", "shift_jis", "UTF-8"])
def test_an_encoding_can_be_named(encoding):
    text = "sku;name\nA;Tür\n" if encoding != "shift_jis" else "sku;name\nA;椅子\n"
    name = text.split(";")[-1].strip()
    read_back = read(text.encode(encoding), "csv", encoding=encoding)
    assert read_back == [{"sku": "A", "name": name}]


def test_utf_16_is_seen_by_its_byte_order_mark():
    content = "sku\tname\r\n" + "A\tTür\r\n" * 30_000
    assert read(content.encode("utf-16"), "csv") == [{"sku": "A", "name": "Tür"}] * 30_000
    assert read(gzip.compress("sku\nÄ\n".encode("utf-16")), "csv") == [{"sku": "Ä"}]


def test_a_byte_that_is_none_of_the_encoding_is_told():
    with pytest.raises(SnapshotInvalid, match="found byte 0xe4, which is not ascii"):
        read(b"sku\n\xe4\n", "csv", encoding="ascii")


def test_what_is_not_utf_8_is_told_with_the_way_to_name_it():
    with pytest.raises(SnapshotInvalid, match=r"line 2: found byte 0xe4.*--encoding windows-1252"):
        read(b"sku\n\xe4\n", "csv")


@pytest.mark.parametrize("name", ["latin-17", "base64"])
def test_an_encoding_that_is_none_is_refused(name):
    with pytest.raises(ConfigurationInvalid, match=r"--encoding: found .*expected an encoding"):
        read("sku\nA\n", "csv", encoding=name)
