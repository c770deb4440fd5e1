"""The bar of long work: on a terminal, and nowhere else."""

import io

import pytest

from service.mapping.load import Mappings
from service.reconcile.progress import OFTEN, Progress, followed
from service.reconcile.snapshot.mapping_choice import Chosen
from service.reconcile.snapshot.rows import Rows
from tests.support.snapshot_files import source


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return Terminal()


def test_nothing_is_written_into_a_pipe():
    out = io.StringIO()
    with Progress("listing", 10, out=out) as bar:
        bar.step()
        bar.at(10)
    assert out.getvalue() == ""


def test_a_terminal_shows_how_far_the_work_has_got(terminal):
    with Progress("listing products", 1000, "items", out=terminal) as bar:
        bar.step(200)
        bar.step()
    assert "listing products" in terminal.getvalue()
    assert "201/1,000 items" in terminal.getvalue()


def test_bytes_are_shown_as_sizes_and_words_beside_them(terminal):
    with Progress("reading", 2_000_000, "bytes", out=terminal) as bar:
        bar.at(1_500_000, "12 [rows]")
    assert "1.5 MB/2.0 MB" in terminal.getvalue()
    assert "12 [rows]" in terminal.getvalue()


def test_a_whole_that_is_not_known_is_left_out(terminal):
    with Progress("reading", None, "rows", out=terminal) as bar:
        bar.at(1234)
    assert "1,234 rows" in terminal.getvalue()


def test_rows_are_followed_with_their_rate(terminal):
    content = "sku\n" + "A\n" * OFTEN
    rows = Rows(source(content, "csv"), Chosen("erp", "products", "key", Mappings([]).rules))
    assert len(list(followed(rows, out=terminal))) == OFTEN
    assert "reading standard input" in terminal.getvalue()
    assert "rows/s" in terminal.getvalue()
