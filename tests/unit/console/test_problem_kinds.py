"""Problems in the words of a page."""

import pytest

from service.console.problem_kinds import KINDS, kind_of, to_do
from service.operate import remedies
from service.operate.documentation import pages
from service.web.docs_pages import html
from workers.store import dead_letters

DONE = [*(each.do for each in remedies._REMEDIES), remedies._LAST]


def test_each_kind_has_its_words():
    assert set(KINDS) == set(dead_letters.KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_the_documentation_of_a_kind_is_there(name):
    kind = KINDS[name]
    page = pages()[kind.page]
    assert not kind.anchor or f'id="{kind.anchor}"' in html(page.name, page.text, "/docs")


def test_a_kind_of_another_release_keeps_its_name():
    assert (kind_of("odd").title, kind_of("odd").explains) == ("odd", "")


@pytest.mark.parametrize("text", DONE)
def test_what_to_do_needs_no_command_that_the_page_has_a_button_for(text):
    shown = str(to_do(text))
    for word in ("replay", "letter", "instep dead", "`"):
        assert word not in shown.lower(), shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mend it, then replay", "Mend it, then send it again"),
        ("see it, then replay or discard", "See it, then send it again or discard it"),
        ("run `instep reload <X>`", "Run <code>instep reload &lt;X&gt;</code>"),
        ("<b>do</b>", "&lt;b&gt;do&lt;/b&gt;"),
        ("reconcile, then discard it", "Reconcile, then discard it"),
        ("(the letter then closes itself)", "(it then closes itself)"),
    ],
)
def test_words_of_a_page(text, shown):
    assert to_do(text) == shown
