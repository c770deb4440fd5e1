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


def test_where_nothing_was_sent_no_request_is_told(way):
    patches = len(way.patches())
    way.receive("P-0001", name="x" * 999, ahead=1)
    way.receive("P-0002", name="A shelf")
    way.run()
    assert len(way.patches()) == patches + 1
    told = [each for each in way.why("P-0001")["life"] if each["call"]]
    assert [each["call"]["method"] for each in told] == ["PATCH", None, None]
    assert told[1]["says"].startswith("nothing was sent; the collection's schema is read first")
    assert told[2]["says"].startswith("not sent: checked here against the schema")
    assert [each["call"]["path"] for each in told[1:]] == [None, None]


def test_a_record_that_a_request_goes_without_is_told_so(way):
    way.receive("P-0002", name="A shelf")
    way.run()
    way.context.breaker.pause("products", "stock-taking")  # so that both go together
    way.receive("P-0001", name="x" * 999, ahead=1)
    way.receive("P-0002", name="A rack", ahead=1)
    way.context.breaker.resume("products")
    while not way.patches()[2:]:
        way.step()
    last = way.why("P-0001")["life"][-1]
    assert last["says"].startswith("the request went without it; it goes again")
    assert last["call"]["method"] is None
