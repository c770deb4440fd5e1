"""What people see: tables on a terminal, and one line per log record."""

import io
import json
import logging
import sys

import pytest

from service.commands.output import table
from service.config import logging_setup


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def record():
    def _record(message, **extra):
        made = logging.makeLogRecord(
            {"name": "workers.delivery.deliver", "levelno": logging.INFO, "levelname": "INFO"}
        )
        made.msg, made.created = message, 1748779200.5
        vars(made).update(extra)
        return made

    return _record


@pytest.fixture
def kept_logging():
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def test_a_terminal_gets_a_drawn_table_with_values_as_they_are(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    table("Letters", ("key", "why"), [("[bold]a", None)])
    drawn = sys.stdout.getvalue()
    assert "[bold]a" in drawn
    assert "│" in drawn


@pytest.mark.parametrize(("width", "drawn"), [(80, 1), (20, 2)])
def test_where_a_terminal_is_too_narrow_for_a_name_each_value_has_its_line(
    monkeypatch, width, drawn
):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys, "stdout", Terminal())
    table("Letters", ("superseded", "discarded"), [(1, 2)])
    lines = [line for line in sys.stdout.getvalue().splitlines() if "ded" in line]
    assert len(lines) == drawn


def test_a_pipe_gets_aligned_columns(capsys):
    table("Letters", ("key", "fields"), [("a\nb", {"x": 1}), ("c", None)])
    assert capsys.readouterr().out.splitlines() == [
        "Letters:",
        "  key  fields",
        '  a\N{REPLACEMENT CHARACTER}b  {"x": 1}',
        "  c    -",
    ]


def test_a_table_without_rows_says_so(capsys):
    table("Letters", ("key",), [])
    assert capsys.readouterr().out == "Letters: none\n"


def test_a_record_is_one_line_with_its_extras(record):
    line = logging_setup.Line().format(record("attempt", items=3, key="a\nb", outcome="200"))
    assert line == (
        "2025-06-01T12:00:00.500Z info workers.delivery.deliver: attempt"
        ' items=3 key="a\\nb" outcome="200"'
    )


def test_an_error_stays_on_its_line(record):
    try:
        raise ValueError("a\nb")
    except ValueError:
        line = logging_setup.Line().format(record("failed", exc_info=sys.exc_info()))
    assert "\n" not in line
    assert "ValueError: a\nb" in json.loads(line.partition(" error=")[2])


@pytest.mark.usefixtures("kept_logging")
def test_a_long_running_command_logs_to_stderr(capsys):
    logging_setup.configure()
    logging.getLogger("workers.x").info("attempt", extra={"items": 1})
    logging.getLogger("urllib3.pool").info("connection")
    logged = capsys.readouterr()
    assert logged.out == ""
    assert logged.err.endswith("info workers.x: attempt items=1\n")
    assert "connection" not in logged.err
