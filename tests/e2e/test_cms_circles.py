"""Items that are to be deleted and refer to one another: the CMS deletes none that is in use."""

import pytest

from service.sandbox.model.schema import Field
from service.sandbox.seeds.samples import PRODUCTS


@pytest.fixture
def used(open_way, api):
    """A way out to twelve products that can refer to one another."""
    way = open_way(api=api, items=12)
    way.products.fields["also"] = Field("also", "Reference", validations={"collectionId": PRODUCTS})
    return way


def refer(way, *pairs):
    for n, other in pairs:
        way.edit(n, also=way.id(other))


def delete(way, numbers):
    for n in numbers:
        way.retire(n, "delete", version=5)
        if way.by_v1:
            way.step()  # in this order
    way.run()


@pytest.fixture
def circle(used):
    """Twelve of thirteen products are deleted, of which the thirteenth and the first are a pair."""
    used.add(13)
    refer(used, (1, 13), (13, 1))
    delete(used, range(1, 13))
    return used


def test_what_one_that_is_also_deleted_refers_to_is_deleted_after_it(used):
    refer(used, (2, 1), (3, 2))
    delete(used, range(1, 13))
    assert not used.products.items
    assert used.counts("written", "pending", "dead") == (12, 0, 0)


def test_all_others_are_deleted_and_a_letter_says_what_to_do(circle):
    assert set(circle.products.items) == {circle.id(1), circle.id(13)}
    (letter,) = circle.letters()
    assert (letter.kind, letter.status) == ("refused", 400 if circle.by_v1 else 409)
    assert "remove the references to it in the CMS" in letter.message
    assert circle.counts("pending", "dead") == (0, 1)


def test_once_it_is_used_no_more_a_replay_deletes_it(circle):
    circle.edit(13, also=None)
    (letter,) = circle.letters()
    circle.context.letters.replay(letter.id)
    circle.run()
    assert set(circle.products.items) == {circle.id(13)}
    assert circle.counts("pending", "dead") == (0, 0)
