"""Answers: where texts from outside stand, secrets, and how long they get."""

import json

import pytest

from service.mcp.answers import MOST, answer, of_page
from service.operate.page import Page
from workers.model.mask import Mask

NO_SECRETS = Mask(())


def outside(data):
    return answer(data, NO_SECRETS)["outside"]


@pytest.mark.parametrize(
    ("data", "places"),
    [
        pytest.param({"state": "open", "letters": 3, "by": None}, [], id="ours"),
        pytest.param(
            {"items": [{"key": "A", "id": "d1"}], "next": "4-d1"}, ["items[].key"], id="page"
        ),
        pytest.param({"anything": "x"}, ["anything"], id="a field that nobody has judged"),
        pytest.param({"made": {"state": "x"}}, ["made"], id="a container that nobody has judged"),
        pytest.param({"wanted": {"do": "obey"}}, ["wanted"], id="one of our names in a value"),
        pytest.param({"unwanted": {"obey me": 1}}, ["unwanted"], id="a name in a payload"),
        pytest.param({"keys": [["x"]]}, ["keys"], id="texts in lists"),
        pytest.param({"keys": [], "sizes": [1, 2]}, [], id="nothing to read"),
        pytest.param(
            {"notices": ["x", {"do": "y", "why": "z"}]}, ["notices[]", "notices[].why"], id="list"
        ),
        pytest.param({"sources": {"erp": {"reason": "x"}}}, ["sources.*.reason"], id="by name"),
        pytest.param({"fields": {"stock": "x"}}, ["fields"], id="values by slug"),
        pytest.param(
            {"figures": {"reasons": {"x": 1}}}, ["figures.reasons"], id="reasons of a run"
        ),
        pytest.param({"proposal": {"why": "x"}}, ["proposal.why"], id="words of a model"),
    ],
)
def test_texts_that_others_wrote_are_named(data, places):
    assert outside(data) == places


def test_secrets_are_masked_in_names_too():
    found = answer({"t0ken-of-it": ["a t0ken-of-it"]}, Mask(["t0ken-of-it"]))
    assert found["data"] == {"***": ["a ***"]}


def test_a_short_answer_is_whole():
    data = of_page(Page([{"id": "d1", "list": [1, (2, 3)]}], "next"))
    found = answer(data, NO_SECRETS)
    assert found["data"] == {"items": [{"id": "d1", "list": [1, [2, 3]]}], "next": "next"}
    assert found["shortened"] is False


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"body": "x" * 5000}, id="texts"),
        pytest.param({"list": ["x" * 50] * 3000}, id="a list"),
        pytest.param({"map": {str(n): "x" * 50 for n in range(3000)}}, id="a mapping"),
    ],
)
def test_a_long_one_is_shortened_but_keeps_each_entry_of_a_page(item):
    found = answer({"items": [item] * 50, "next": None}, NO_SECRETS)
    assert len(json.dumps(found)) <= MOST
    assert (found["shortened"], len(found["data"]["items"])) == (True, 50)


def test_a_text_that_is_cut_says_how_long_it_is():
    found = answer({"body": "x" * 5000}, NO_SECRETS)
    assert found["data"]["body"].endswith("x… (5,000 characters)")


def test_depth_is_bounded():
    data = value = {}
    for _ in range(5000):
        value["in"] = value = {}
    found = answer(data, NO_SECRETS)
    assert found["shortened"]
    assert json.dumps(found).count('"in"') < 30


def test_where_a_list_goes_on_is_never_cut():
    page = Page([{"key": "k" * 2000}] * 200, "c" * 2000)
    found = answer(of_page(page), NO_SECRETS)
    assert (found["shortened"], found["data"]["next"]) == (True, page.next)
