"""New items held against the schema: what can be known to be refused makes no call."""

from dataclasses import replace

import pytest

CHECKED = {"missing": "create", "preflight": True}


@pytest.fixture
def way(open_way, api):
    """A way out by keys, by each version, that creates what is missing and checks it first."""
    return open_way(api=api, by="key", collection=CHECKED, linger=0.0)


def require(way, slug):
    fields = way.products.fields
    fields[slug] = replace(fields[slug], required=True)


def test_a_bad_field_of_a_new_item_costs_no_call_and_the_item_is_created_without_it(way):
    way.change("new-1", name="Oak desk", stock="many", price=12.5)
    way.run()
    assert len(way.posts()) == 1
    assert way.the("new-1").live.fields["price"] == 12.5
    (letter,) = way.letters()
    assert (letter.kind, set(letter.fields)) == ("refused", {"stock"})


def test_a_bad_name_keeps_the_item_from_being_created_without_a_call(way):
    way.change("new-1", name="x" * 300, stock=1)
    way.change("new-2", name="Pine desk", stock=2)
    way.run()
    assert way.the("new-2")
    assert not way.made("new-1")
    assert not [request for request in way.posts() if "x" * 300 in str(request.body)]
    (letter,) = way.letters()
    assert (letter.key, set(letter.fields), letter.status) == ("new-1", {"name", "stock"}, None)
    assert {problem["field"] for problem in letter.problems} == {"name"}


def test_a_required_field_that_no_event_has_given_is_named_without_a_call(way):
    require(way, "price")
    way.change("new-1", name="Oak desk", stock=1)
    way.run()
    assert not way.posts()
    (letter,) = way.letters()
    assert set(letter.fields) == {"name", "stock"}
    assert "price: the field is required" in letter.message


def test_it_is_created_once_the_required_field_has_come(way):
    require(way, "price")
    way.change("new-1", name="Oak desk", stock=1)
    way.run()
    (letter,) = way.letters()
    way.change("new-1", price=3)
    way.context.letters.replay(letter.id)
    way.run()
    assert way.the("new-1").live.fields["stock"] == 1
    assert not way.letters()
