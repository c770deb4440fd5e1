"""``instep docs``: the pages in a terminal and in a pipe."""

import re

import pytest
from click.testing import CliRunner

from service.cli import main
from service.commands import docs
from service.operate import documentation


def run(*arguments):
    return CliRunner().invoke(main, ["docs", *arguments])


def test_without_a_page_all_are_listed_in_the_order_of_the_index():
    lines = run().output.splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(documentation.pages())
    for line, page in zip(lines, documentation.pages().values(), strict=True):
        assert line.endswith(page.summary)


@pytest.mark.parametrize("name", ["mappings", "senders/shopify"])
def test_in_a_pipe_a_page_is_its_markdown(name):
    assert run(name).output == documentation.pages()[name].text


@pytest.mark.parametrize(
    ("asked", "near"),
    [("shopify", "senders/shopify"), ("mapings", "mappings"), ("Reconcile", "reconcile")],
)
def test_an_unknown_page_names_those_near_it(asked, near):
    result = run(asked)
    assert result.exit_code == 2
    assert f"found no page '{asked}'" in result.output
    assert near in result.output


@pytest.mark.parametrize("asked", ["../../pyproject", "zzz", ""])
def test_what_is_near_nothing_is_told_how_to_list_the_pages(asked):
    result = run(asked)
    assert result.exit_code == 2
    assert "`instep docs` lists the pages" in result.output


@pytest.fixture
def drawn(monkeypatch, capsys):
    """Shows a page in a terminal, and returns it without colours and line breaks."""

    def draw(name):
        monkeypatch.setattr(docs.sys.stdout, "isatty", lambda: True)
        docs._show(documentation.pages()[name])
        return " ".join(re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out).split())

    return draw


@pytest.mark.parametrize("name", ["decisions", "first-steps", "sandbox"])
def test_a_page_is_drawn_in_a_terminal(drawn, name):
    assert documentation.pages()[name].text.splitlines()[0].removeprefix("# ") in drawn(name)


def test_a_link_in_a_terminal_names_the_page_to_ask_for(drawn):
    text = drawn("senders/shopify")
    assert "reconcile (reconcile)" in text
    assert ".md" not in text
