"""What was taken out before a request: `why` never says that the CMS holds it."""

import pytest

from tests.support.life_rig import Planted


@pytest.fixture
def way(store, tmp_path):
    """A record that the CMS shows as a chair."""
    planted = Planted(store, tmp_path, collection={"preflight": True})
    planted.receive("P-0001", name="A chair")
    planted.run()
    yield planted
    planted.close()
    planted.check()


def told(way, slug="name"):
    field = way.why("P-0001")["fields"][slug]
    return field["state"], field["known"], field["held"]


def test_a_value_that_the_schema_refused_is_not_what_the_cms_holds(way):
    way.receive("P-0001", qty=5, name="x" * 999, ahead=1)
    way.run()
    assert told(way, "stock") == ("written", "confirmed", 5)
    assert told(way) == ("dead", "history", "A chair")
    way.context.breaker.pause("products", "stock-taking")
    way.receive("P-0001", name="A table", ahead=2)
    assert told(way) == ("pending", "history", "A chair")


def test_a_value_that_waits_for_the_schema_is_told_as_not_sent(way):
    way.receive("P-0001", qty=5, name="x" * 999, ahead=1)
    while not way.patches()[1:]:
        way.step()
    assert told(way) == ("pending", "history", "A chair")
    last = way.why("P-0001")["life"][-1]
    assert {slug: each["outcome"] for slug, each in last["fields"].items()} == {
        "stock": "written",
        "name": "not sent",
    }
    assert last["fields"]["name"]["fate"] == "pending"


def test_a_value_that_the_cms_did_not_apply_is_told_by_what_it_shows(way):
    way.fault("drop-field", slug="name")
    way.receive("P-0001", qty=5, name="A table", ahead=1)
    way.run()
    assert told(way) == ("dead", "history", "A chair")
