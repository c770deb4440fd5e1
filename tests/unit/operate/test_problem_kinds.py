"""Kinds of problems have words and a place in the documentation."""

import pytest

from service.operate.documentation import pages
from service.operate.problem_kinds import KINDS, kind_of
from service.web.docs_pages import html
from workers.store import dead_letters


def test_each_kind_has_its_words():
    assert set(KINDS) == set(dead_letters.KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_the_documentation_of_a_kind_is_there(name):
    kind = KINDS[name]
    page = pages()[kind.page]
    assert not kind.anchor or f'id="{kind.anchor}"' in html(page.name, page.text, "/docs")


def test_a_kind_of_another_release_keeps_its_name():
    assert (kind_of("odd").title, kind_of("odd").explains) == ("odd", "")
