"""What the pages and the API show of a source that is pulled."""

import json

import pytest

from service.reconcile.state.past_runs import note_begin, note_end
from tests.support.api_rig import ADMIN, CLERK, MAPPINGS, SHOP, TOML, Rig
from tests.support.console import Console

PULL = """
[pulls.feed]
url = "http://127.0.0.1:1/products?key=query-secret"
auth = "bearer"
token = "t0ken-of-the-feed"
every = "1h"
"""


@pytest.fixture
def rig(tmp_path, store_socket, store):  # noqa: ARG001  # it is empty
    stock = MAPPINGS.partition("class Stock")[2].partition("class Order")[0]
    feed = "class Feed" + stock.replace('"erp"', '"feed"').replace('topics = ("stock",)', "")
    rig = Rig(tmp_path, store_socket, toml=TOML + PULL, mappings=f"{MAPPINGS}\n\n{feed}")
    yield rig
    rig.close()


@pytest.fixture
def ended(rig):
    client = rig.context.steps.client

    def _ended(state, said="feed: 3 records"):
        note_begin(client, "pull:feed", scheduled=True)
        if state != "killed":
            note_end(client, "pull:feed", int(state != "done"), said, state=state, compared=(3, 3))

    return _ended


def answer(rig, path, token=ADMIN):
    return json.loads(rig.get(path, token).text)


def test_it_stands_among_the_sources(rig, ended):
    ended("done")
    found = {each["name"]: each for each in answer(rig, "/api/sources")["items"]}
    feed = found["feed"]
    assert (feed["sender"], feed["collections"]) == ("pull", ["products"])
    assert (feed["pull"]["state"], feed["pull"]["records"]) == ("done", 3)
    assert feed["pull"]["message"] == "feed: 3 records"
    assert found["erp"]["pull"] is None
    assert answer(rig, "/api/status")["pulls"]["feed"]["state"] == "done"


def test_an_access_sees_those_of_its_destinations_only(rig, ended):
    ended("done")
    assert "feed" not in {each["name"] for each in answer(rig, "/api/sources", SHOP)["items"]}
    assert answer(rig, "/api/status", CLERK)["pulls"] == {}
    assert answer(rig, "/api/settings", SHOP)["pulls"] == {}


def test_a_preview_takes_an_answer_of_it(rig):
    sent = rig.post("/api/preview", ADMIN, source="feed", body='[{"sku": "P-0001", "qty": 3}]')
    assert [each["key"] for each in sent.get_json()["changes"]] == ["P-0001"]
    assert rig.post("/api/preview", ADMIN, source="feed", body="{").status_code == 409


def test_its_secrets_stay(rig):
    text = rig.get("/api/settings", ADMIN).text
    assert "query-secret" not in text
    assert "t0ken-of-the-feed" not in text
    assert answer(rig, "/api/settings")["pulls"]["feed"]["url"] == "***"


@pytest.mark.parametrize("state", ["failed", "held", "killed"])
def test_what_went_wrong_is_a_notice_of_the_source(rig, ended, state):
    ended(state, "page 2: the source answers 500")
    notices = {each["name"] for each in answer(rig, "/api/status")["notices"]}
    assert f"source feed: pull {state}" in notices
    (feed,) = [each for each in answer(rig, "/api/sources")["items"] if each["name"] == "feed"]
    assert [each["name"] for each in feed["attention"]] == [f"pull {state}"]
    text = Console(rig).person().page("/sources")
    assert f"pull {state}" in text


def test_its_page_shows_the_last_run_and_no_deliveries(rig, ended):
    ended("failed", "page 2: the source answers 500")
    page = Console(rig).person().page("/sources/feed")
    assert "<strong>feed could not be pulled as a whole</strong>" in page
    assert "<dt>Last pull</dt>" in page
    assert "page 2: the source answers 500" in page
    assert "/runs?kind=pull" in page
    for other in ("Try a payload", "Deliveries", "Secrets"):
        assert f">{other}</h2>" not in page


def test_nothing_listens_for_it(rig):
    assert rig.client.post("/webhooks/feed", data=b"{}").status_code == 404
