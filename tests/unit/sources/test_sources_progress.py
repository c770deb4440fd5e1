"""The bar of long work: on a terminal, and nowhere else."""

import io

import pytest

from service.reconcile.progress import Progress


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
        bar.at(10)
    assert out.getvalue() == ""


def test_a_terminal_shows_how_far_the_work_has_got(terminal):
    with Progress("listing products", 1000, "items", out=terminal) as bar:
        bar.at(201)
    assert "listing products" in terminal.getvalue()
    assert "201/1,000 items" in terminal.getvalue()


def test_bytes_are_shown_as_sizes(terminal):
    with Progress("reading", 2_000_000, "bytes", out=terminal) as bar:
        bar.at(1_500_000)
    assert "1.5 MB/2.0 MB" in terminal.getvalue()


def test_a_whole_that_is_not_known_is_left_out(terminal):
    with Progress("reading", None, "rows", out=terminal) as bar:
        bar.at(1234)
    assert "1,234 rows" in terminal.getvalue()


def test_lines_stand_above_the_bar_and_alone_in_a_pipe(terminal):
    pipe = io.StringIO()
    for out in (terminal, pipe):
        with Progress("reading", 10, out=out) as bar:
            bar.say("The CMS is [down].")
    assert "The CMS is [down]." in terminal.getvalue()
    assert pipe.getvalue() == "The CMS is [down].\n"
