"""Write-backs on the pages: in the overview, among the problems, and in a record's life."""

import pytest

from tests.support.api_rig import Rig
from tests.support.console import Console, words
from tests.support.refusals import FAST, group_of, refuse
from workers.model.writeback_attempts import Answer

TOML = (
    FAST
    + """
[writeback.shop]
collection = "products"
url = "https://erp.example/a-secret-path/{{key}}"
attempts = 1
"""
)
SAYS = "write-back shop: POST https://erp.example/***: 422: no such row"


@pytest.fixture(scope="module")
def application(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("writeback"), store_socket, toml=TOML)
    yield rig
    rig.close()


@pytest.fixture
def console(application, store):
    assert store.dbsize() == 0
    return Console(application)


def answer(console, *answers):
    """Have the target of the write-back give *answers* about what is to be told."""
    own, store = console.context.settings.writebacks["shop"], console.context.writebacks
    claim = store.claim(own)
    store.settle(own, claim, {each.record: a for each, a in zip(claim.owed, answers, strict=True)})


def test_what_could_not_be_told_is_a_problem_with_what_to_do(console):
    refuse(console.context, "A", values={"stock": "many"})
    answer(console, Answer("failed", SAYS, 422))
    (letter,) = console.context.letters.list(kind="writeback")
    person, group = console.person(), group_of(console.context, letter.id)
    for path in ("/problems", f"/problems/{group}"):
        assert "Not told where it came from" in words(person.page(path))
    text = words(person.page(f"/problems/{group}"))
    assert "422: no such row" in text
    assert "Correct the write-back in instep.toml" in text
    life = words(person.page("/records/record?collection=products&key=A"))
    assert "ot told shop: refused" in life


def test_a_target_that_lets_nobody_in_is_in_the_overview_and_is_resumed_there(console):
    refuse(console.context, "A", values={"stock": "many"})
    answer(console, Answer("unsent", SAYS, 401, pause="401: no"))
    person = console.person("admin")
    text = person.page("/")
    assert "The write-back shop is paused" in words(text)
    assert "writeback:shop" in text
    assert "a-secret-path" not in person.page("/settings") + text
    estimate = person.post("/overview/resume", ids=["writeback:shop"])
    assert estimate.status_code == 200, estimate.text
    done = person.confirm(estimate)
    assert done.status_code in (302, 303)
    assert "shop is resumed." in words(person.page("/"))
    assert console.context.writeback_states.read()["shop"]["state"] == "flowing"
