"""The page of pending deletes: why they wait, and what is decided on them."""

import re
from html import unescape

import pytest

from service.operate.bulk_runner import BulkRunner
from tests.support.api_rig import TOML, Rig
from tests.support.console import Console, words
from tests.support.held_deletes_fake import FakeHeldDeletes, held
from workers.model.held_reason import HeldReason
from workers.store import keys

LONG, HTML, HEBREW = "k" * 190, "<b>x</b>&\"'", "שלום"
REASON = HeldReason(waiting=5, gone=2, items=8, at_most=10, percent=5.0, window=86_400)

# All of a collection wait for an approval, or all for their delay.
PAGES = """
[collections.pages]
destination = "site"
id = "65f000000000000000000003"
key = "number"
preflight = false
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory, store_socket):
    fake = FakeHeldDeletes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.delivery.context.HeldDeletes", lambda *_: fake)
        rig = Rig(tmp_path_factory.mktemp("deletes"), store_socket, toml=TOML + PAGES)
        yield Console(rig), fake
        rig.close()


@pytest.fixture
def console(built, store):
    assert store.dbsize() == 0
    console, fake = built
    fake.__init__(
        *(held(n) for n in range(1, 6)),
        held(6, "orders", source="till", action="delete", run="r3"),
        held(7, "pages", waits="delay", until=held(7).since),
    )
    fake.reasons = lambda names: dict.fromkeys(names, REASON)
    store.set(keys.ARRIVAL, 7)
    return console, fake


def page(console, path="/deletes", name="admin"):
    return console[0].person(name).page(path)


def shown(text):
    return re.findall(r'name="ids" value="([^"]+)"', text)


def carried_out(console, answer):
    assert answer.status_code == 303, answer.text
    console[0].context.runs.now()
    runner = BulkRunner(console[0].context, lambda: console[0].rig.configuration)
    while runner.step():
        pass
    return console[0].context.runs.show(answer.location.rpartition("/")[2])


def test_it_says_why_they_wait_and_lists_them_oldest_first(console):
    text = page(console)
    told = words(text)
    assert "6 deletes wait for an approval." in told
    assert "5 of 8 items would go within 24 h, after 2 that have gone: half of the" in told
    assert shown(text) == [*(f"products:{n}" for n in range(1, 6)), "orders:6", "pages:7"]
    assert "run r3" in told
    assert "its delay due" in told
    assert 'href="/runs/r3"' in text
    assert "All 6 that match" in told


def test_one_collection_by_the_address(console):
    text = page(console, "/deletes?collection=orders")
    assert shown(text) == ["orders:6"]
    assert "1 delete waits" in words(text)
    assert console[0].person().get("/deletes?collection=nothing").status_code == 404
    assert console[0].person().get("/deletes?colour=red").status_code == 404


def test_by_pages(console):
    console[1].deletes = {each.id: each for each in map(held, range(1, 54))}
    text = page(console)
    assert len(shown(text)) == 50
    following = unescape(re.search(r'rel="next" href="([^"]+)"', text)[1])
    assert shown(page(console, following)) == ["products:51", "products:52", "products:53"]
    assert "decided on meanwhile" in page(console, "/deletes?cursor=products:53")


def test_names_of_every_kind_are_text(console):
    made = [held(n, key=key) for n, key in enumerate((LONG, HTML, HEBREW), 1)]
    console[1].deletes = {each.id: each for each in made}
    text = page(console)
    assert HTML not in text
    assert f'<bdi class="name">{HEBREW}</bdi>' in text
    assert LONG in text


def test_what_is_empty_says_what_that_means(console):
    console[1].deletes = {}
    assert "No deletes wait" in page(console)
    assert "None of orders waits" in page(console, "/deletes?collection=orders")


def test_those_that_wait_for_their_delay_go_by_themselves(console):
    console[1].deletes = {"pages:7": held(7, "pages", waits="delay", until=held(7).since)}
    told = words(page(console))
    assert "They go out by themselves after their delay" in told
    assert "wait for an approval" not in told


def test_who_may_only_look_sees_no_button(console):
    text = page(console, name="viewer")
    assert "products" in text
    assert "<button formaction" not in text
    assert "data-pick" not in text
    assert 'name="filter-oldest"' not in text


def test_who_sees_one_destination_sees_and_decides_on_its_deletes_alone(console):
    someone = console[0].person("clerk")
    text = someone.page("/deletes")
    assert shown(text) == ["orders:6"]
    assert "products" not in text
    answer = someone.post("/deletes/drop", ids=["products:1", "orders:6"], which="selected")
    assert "K1<" not in answer.text
    run = carried_out(console, someone.confirm(answer))
    assert (run.figures["dropped"], run.by) == (1, "clerk")
    assert "products:1" in console[1].deletes
    assert someone.get("/deletes?collection=products").status_code == 404


def test_selected_ones_are_approved_with_the_number_typed(console):
    someone = console[0].person("operator")
    answer = someone.post(
        "/deletes/approve", ids=["products:2", "pages:7", "x:9"], which="selected"
    )
    told = words(answer.text)
    assert "1 of them would go out by themselves after their delay" in told
    assert "K2" in told
    assert "Wait no longer 1" in told
    assert console[1].decided == []
    refused = someone.confirm(answer, number="3")
    assert "The number is 2, not 3" in refused.text
    run = carried_out(console, someone.confirm(refused, number="2", reason="Season's end <i>"))
    assert (run.kind, run.figures["approved"], run.state) == ("approve", 2, "done")
    assert {id for _, id, _ in console[1].decided} == {"products:2", "pages:7"}
    text = page(console, f"/runs/{run.id}")
    assert "2 approved, 1 left as they were." in words(text)
    assert "Season&#39;s end &lt;i&gt;" in text


def test_all_that_match_are_dropped_but_not_what_came_later(console):
    someone = console[0].person()
    fields = {"which": "all", "filter-collection": "products"}
    answer = someone.post("/deletes/drop", **fields)
    assert "Drop: 5 deletes" in words(answer.text)
    assert "Their items stay as they are" in answer.text
    console[1].deletes["products:9"] = held(9)
    run = carried_out(console, someone.confirm(answer))
    assert run.figures["dropped"] == 5
    assert [*console[1].deletes] == ["orders:6", "pages:7", "products:9"]


def test_only_the_oldest(console):
    someone = console[0].person()
    assert 'name="filter-oldest"' in someone.page("/deletes")
    answer = someone.post("/deletes/approve", which="all", **{"filter-oldest": "2"})
    told = words(answer.text)
    assert "More that wait 4" in told
    assert "products: 2" not in told  # one collection needs no list of them
    run = carried_out(console, someone.confirm(answer, number="2"))
    assert (run.figures["approved"], run.figures["more"]) == (2, 4)
    assert {id for _, id, _ in console[1].decided} == {"products:1", "products:2"}


@pytest.mark.parametrize("number", ["two", "-1", "²", "9" * 16])
def test_a_number_that_is_none(console, number):
    answer = console[0].person().post("/deletes/approve", which="all", **{"filter-oldest": number})
    assert answer.status_code == 404
    assert "a whole number" in answer.text


def test_of_several_collections_the_estimate_says_how_many_of_each(console):
    answer = console[0].person().post("/deletes/drop", which="all")
    assert "products: 5, orders: 1" in words(answer.text)
