"""preview on a terminal: what changes stands out, unless colours are not wanted."""

import io
import sys

import pytest

from service.commands import preview_page
from service.ingest.intake import Preview
from service.operate.unmatched import why_none
from workers.model.changes import Change, FieldProblem, FieldValue

RED, GREEN, DIM = "\x1b[31m", "\x1b[32m", "\x1b[2m"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """What is shown of two fields, one of which changes."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    fields = (FieldValue("stock", "7", "number"), FieldValue("color", '"red"', "color"))
    change = Change("Stock", "products", "P-1", "key", fields, None)
    row = {
        "topic": "stock.changed",
        "before": {"stock": 5, "color": "red"},
        "after": {"stock": 7, "color": "red"},
    }

    def _shown(out, *, changes=(change,), problems=(), unmatched=(), none=""):
        monkeypatch.setattr(sys, "stdout", out)
        rows = [row] * len(changes)
        found = Preview(changes=changes, problems=problems, topics=("stock.changed",))
        preview_page.show(found, {"changes": rows, "unmatched": unmatched}, none)
        return out.getvalue()

    return _shown


def test_a_value_that_changes_is_red_before_and_green_after(shown):
    text = shown(Terminal())
    assert text.startswith("Topic: stock.changed\nStock: products, key P-1 ")
    assert f"{RED}5" in text
    assert f"{GREEN}7" in text
    assert f"{DIM}red" in text


def test_no_colour_is_obeyed(shown, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown(Terminal(), problems=(FieldProblem("qty", "no number"),))
    assert not {RED, GREEN} & {text[n : n + 5] for n in range(len(text))}


def test_a_pipe_gets_no_colour(shown):
    assert "\x1b" not in shown(io.StringIO(), problems=(FieldProblem("qty", "no number"),))


def test_why_none_is_used_is_said(shown):
    unmatched = [{"mapping": "Stock", "why": "it takes a; the topic is b"}]
    text = shown(io.StringIO(), changes=(), unmatched=unmatched, none="it holds no event")
    assert text.splitlines() == [
        "No mapping uses this payload: it holds no event",
        "Stock: not used: it takes a; the topic is b",
    ]


@pytest.mark.parametrize(
    ("source", "events", "why"),
    [
        ("erp", [("a", {})], ""),
        ("erp", [], "it holds no event, as a test of the connection"),
        ("crm", [("a", {})], "none has the source crm"),
    ],
)
def test_why_no_mapping_at_all_can_use_it(source, events, why):
    class Named:
        source = "erp"

    class Rule:
        options = Named

    class Configuration:
        class mappings:
            rules = (Rule,)

    assert why_none(Configuration, source, events) == why
