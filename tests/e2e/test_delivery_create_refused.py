"""New items that the CMS refuses: slugs that are taken, bad fields, parked collections."""

import pytest

from service.sandbox.model.schema import Field

ALL = {"name", "slug", "stock"}


def test_a_picture_by_its_id_alone_does_not_keep_the_item_from_being_there(making):
    making.change("new-1", name="Oak desk", image={"fileId": "f" * 24})
    making.run()
    assert making.the("new-1").live.fields["name"] == "Oak desk"
    assert making.counts("pending") == (0,)


def test_a_slug_of_a_mapping_that_another_item_has_is_told(making):
    making.change("new-1", name="Desk", slug="product-3", stock=1)
    making.change("new-2", name="Oak desk")
    making.run()
    assert making.the("new-2")
    assert not making.made("new-1")
    (letter,) = making.letters()
    assert (letter.kind, letter.key, set(letter.fields)) == ("refused", "new-1", ALL)
    assert "product-3" in letter.message
    if not making.by_v1:
        assert making.id(3) in letter.message


def test_the_letter_of_a_slug_can_be_replayed_once_it_is_free(making):
    making.change("new-1", name="Desk", slug="product-3", stock=1)
    making.run()
    making.edit(3, slug="another")
    (letter,) = making.letters()
    making.context.letters.replay(letter.id)
    making.run()
    assert making.the("new-1").live.fields["slug"] == "product-3"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        pytest.param("Oak desk", "oak-desk", id="the slug of its name"),
        pytest.param("Product 3", "product-3-new-1", id="the next one, the first is another's"),
    ],
)
def test_an_item_with_our_key_and_our_slug_that_appeared_meanwhile_is_adopted(making, name, slug):
    making.change("new-1", name=name, stock=7)
    making.step()  # the look-up
    making.step()  # the schema
    making.add(21, sku="new-1", slug=slug)
    making.run()
    item = making.the("new-1")
    assert item.id == making.id(21)
    assert item.live.fields["stock"] == 7
    assert making.counts("dead", "pending") == (0, 0)


def test_a_bad_field_dies_and_the_item_is_created_without_it(making):
    making.change("new-1", name="Oak desk", price="a lot")
    for n in range(2, 5):
        making.change(f"new-{n}", name=f"Desk {n}")
    making.run()
    assert making.the("new-1").live.fields["name"] == "Oak desk"
    assert all(making.the(f"new-{n}") for n in range(2, 5))
    (letter,) = making.letters()
    assert (letter.kind, letter.key, set(letter.fields)) == ("refused", "new-1", {"price"})


def test_a_name_that_is_refused_refuses_the_item(making):
    making.change("new-1", name="x" * 300, stock=1)
    making.run()
    (letter,) = making.letters()
    assert (letter.kind, set(letter.fields)) == ("refused", {"name", "stock"})
    assert not making.made("new-1")


def test_a_field_that_the_collection_wants_and_no_event_gave_is_told(making):
    making.products.fields["brand"] = Field("brand", "PlainText", required=True)
    making.change("new-1", name="Oak desk")
    making.run()
    (letter,) = making.letters()
    assert letter.kind == "refused"
    assert [problem["field"] for problem in letter.problems] == ["brand"]


def test_after_a_long_pause_it_is_looked_up_again(making):
    making.products.blocked = "The site is not published"
    making.change("new-1", name="Oak desk", stock=1)
    making.run()
    making.products.blocked = None
    making.add(21, sku="new-1")
    making.pass_time(4000)
    making.resume("products")
    making.run()
    assert making.the("new-1").id == making.id(21)
    assert not [request for request in making.posts() if request.at > making.now() - 3000]
