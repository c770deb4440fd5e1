"""Keys of several parts that stand in several fields of the item: listed, created, compared."""

import pytest

TWO = {"key": ("sku", "supplier")}
NEW = TWO | {"missing": "create"}


@pytest.fixture
def parted(open_way, api):
    """A way out to twenty products whose key is their sku and supplier."""
    return open_way(api=api, by="key", collection=TWO)


def key(way, n):
    return f"P-{n:04d}|{way.live(n)['supplier']}"


def test_an_item_is_found_by_all_parts_of_its_key(parted):
    parted.edit(1, sku="P-0002")  # as the second, of another supplier
    parted.edit(1, supplier="Other & Sons")
    parted.change("P-0002|Other & Sons", stock=1)
    parted.change(key(parted, 2), stock=2)
    parted.run()
    assert parted.shown("stock", (1, 2)) == [1, 2]
    assert parted.counts("dead", "pending") == (0, 0)


def test_an_item_that_lacks_a_part_of_its_key_has_none(parted):
    parted.edit(1, supplier=None)
    parted.change("P-0001|Acme", stock=1)
    parted.run()
    (letter,) = parted.letters()
    assert letter.kind == "missing"
    assert letter.message == "no item of products has sku|supplier = P-0001|Acme"


def test_a_new_item_carries_every_part_of_its_key(open_way, api):
    way = open_way(api=api, by="key", collection=NEW)
    way.change(r"A\|1|Acme", name="Oak desk", stock=1)
    way.run()
    item = way.the("A|1")
    assert (item.live.fields["supplier"], item.live.fields["stock"]) == ("Acme", 1)
    way.forget_requests()
    way.change(r"A\|1|Acme", stock=2)
    way.run()
    assert [request.method for request in way.requests] == ["PATCH"]
    assert way.the("A|1").live.fields["stock"] == 2


def test_a_value_that_contradicts_a_part_of_the_key_is_not_written_into_a_new_item(open_way):
    way = open_way(by="key", collection=NEW)
    way.change("A1|Acme", name="Oak desk", supplier="Other & Sons")
    way.run()
    assert way.the("A1").live.fields["supplier"] == "Acme"
    (letter,) = way.letters()
    assert [problem["field"] for problem in letter.problems] == ["supplier"]
    assert "which is Acme" in letter.message


def test_an_item_that_is_another_by_one_part_is_told_from_the_answer(parted):
    first = key(parted, 1)
    parted.change(first, stock=1)
    parted.run()
    parted.edit(1, supplier="Other & Sons")
    parted.change(first, stock=2)
    parted.run()
    (letter,) = parted.letters()
    assert letter.kind == "missing"
