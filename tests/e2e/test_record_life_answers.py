"""What the answer of `why` claims to be on the site, and what not."""

import pytest

from tests.support.life_rig import Planted

NEWEST = "Its newest values are not on the site. "
NOT_ALL = "Not all of its newest values are on the site"


@pytest.fixture
def way(store, tmp_path):
    planted = Planted(store, tmp_path)
    yield planted
    planted.close()
    planted.check()


def answer(way, key="P-0001"):
    return way.why(key)["answer"]


def test_a_record_whose_newest_event_could_not_be_read_may_be_shown_with_older_values(way):
    way.receive("P-0001", qty=5)
    way.run()
    way.receive("P-0001", qty="many", ahead=1)
    way.run()
    assert way.why("P-0001")["state"] == "left out"
    assert answer(way).startswith(NEWEST)


def test_a_record_whose_only_event_could_not_be_read_may_have_an_item(way):
    way.receive("P-0001", qty="many")
    way.run()
    assert answer(way).startswith(NEWEST)


def test_an_event_of_which_a_part_could_not_be_read_is_shown_in_part(way):
    way.receive("P-0001", qty="many", name="A chair")
    way.run()
    assert answer(way).startswith(f"{NOT_ALL}. ")


def test_a_newer_event_that_was_refused_leaves_the_older_values(way):
    way.receive("P-0001", qty=5)
    way.run()
    way.receive("P-0001", category="Nonsense", ahead=1)
    way.run()
    assert way.why("P-0001")["state"] == "dead"
    assert answer(way).startswith(NEWEST)


def test_an_event_of_which_one_value_was_refused_is_shown_in_part(way):
    way.receive("P-0001", qty=5, category="Nonsense")
    way.run()
    assert answer(way).startswith(f"{NOT_ALL}. ")


def test_a_record_without_an_item_is_not_on_the_site(way):
    way.receive("P-0OO1", qty=5)
    way.run()
    assert answer(way, "P-0OO1").startswith("Not on the site. No item for it: no item of products")


def test_a_newer_event_that_waits_leaves_the_older_values(way):
    way.receive("P-0001", qty=5)
    way.run()
    way.context.breaker.pause("products", "stock-taking")
    way.receive("P-0001", qty=6, ahead=1)
    assert answer(way).startswith("Its newest values are not on the site yet. It waits for")


def test_a_first_event_that_waits_is_not_on_the_site(way):
    way.context.breaker.pause("products", "stock-taking")
    way.receive("P-0001", qty=5)
    assert answer(way).startswith("Not yet on the site. It waits for")


def test_a_retirement_that_waits_claims_nothing_of_values(way):
    way.receive("P-0001", qty=5)
    way.run()
    way.context.breaker.pause("products", "stock-taking")
    way.retire("P-0001", "archive")
    assert answer(way).startswith(
        "It is gone at its source, and its item is not retired yet. It waits for"
    )
