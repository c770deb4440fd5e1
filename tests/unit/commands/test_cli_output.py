"""What people see: tables on a terminal, columns in a pipe."""

import io
import sys

import pytest

from service.commands.output import table


class Terminal(io.StringIO):
    def isatty(self):
        return True


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
