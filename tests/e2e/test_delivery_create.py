"""Items that no listing shows are created from all that is held of them."""

import pytest

NEW = {"missing": "create"}


def test_a_key_that_no_item_has_becomes_an_item(making):
    making.change("new-1", name="Oak desk", stock=3, color="#ffffff")
    making.run()
    item = making.the("new-1")
    assert item.live.fields | {"name": "Oak desk", "slug": "oak-desk", "stock": 3} == (
        item.live.fields
    )
    assert (item.staged.draft, item.staged.archived) == (False, False)
    assert making.counts("written", "pending", "dead") == (3, 0, 0)
    assert len(making.posts()) == 1


def test_staged_only_it_is_queued_to_be_published(open_way, api):
    way = open_way(api=api, by="key", collection=NEW, live=False)
    way.change("new-1", name="Oak desk")
    way.run()
    item = way.the("new-1")
    assert item.live is None
    assert item.staged.draft is False


@pytest.mark.parametrize("flag", ["_draft", "_archived"])
def test_what_its_mapping_holds_back_is_created_staged(making, flag):
    making.change("new-1", {"name": "Oak desk", flag: True})
    making.change("new-2", name="Pine desk")
    making.run()
    assert making.the("new-1").live is None
    assert making.the("new-2").live is not None
    assert making.counts("dead", "pending") == (0, 0)


def test_an_item_that_was_created_as_a_draft_is_written_staged_and_published_in_the_end(making):
    making.change("new-1", {"name": "Oak desk", "_draft": True}, version=1)
    making.run()
    making.change("new-1", {"stock": 2}, version=2)
    making.run()
    assert making.the("new-1").staged.fields["stock"] == 2
    making.change("new-1", {"_draft": False}, version=3)
    making.run()
    assert making.the("new-1").live.fields["stock"] == 2
    assert making.counts("dead") == (0,)


def test_a_hundred_are_created_by_one_request(open_way):
    way = open_way(by="key", collection=NEW)
    for n in range(120):
        way.change(f"new-{n}", name=f"Desk {n}", stock=n)
    way.run()
    assert [len(request.body["items"]) for request in way.posts()] == [100, 20]
    assert all(way.the(f"new-{n}").live.fields["stock"] == n for n in range(120))


def test_what_is_there_is_never_sent_together_with_what_is_not(open_way):
    way = open_way(by="key", collection=NEW)
    for n in range(1, 6):
        way.change(n, stock=n)
        way.change(f"new-{n}", name=f"Desk {n}")
    way.run()
    assert len(way.posts()) == 1
    assert len(way.patches()) == 1


def test_a_new_item_is_written_by_its_id_from_then_on(making):
    making.change("new-1", name="Oak desk", stock=1)
    making.run()
    making.forget_requests()
    making.change("new-1", stock=2)
    making.run()
    assert [request.method for request in making.requests] == ["PATCH"]
    assert making.the("new-1").live.fields["stock"] == 2


def test_labels_of_options_are_resolved_and_pictures_imported(making):
    making.change(
        "new-1",
        name="Oak desk",
        category="Desks",
        image="https://shop.example/a.jpg",
        launched=None,
    )
    making.run()
    fields = making.the("new-1").live.fields
    assert making.products.fields["category"].options[fields["category"]] == "Desks"
    assert fields["image"]["fileId"]
    assert making.counts("written", "dead") == (4, 0)
    if not making.by_v1:
        assert making.posts()[0].query == {"skipInvalidFiles": "false"}
    (body,) = making.created()
    assert "launched" not in body


def test_a_label_that_no_option_has_does_not_keep_the_item_from_being_there(making):
    making.change("new-1", name="Oak desk", category="Boats")
    making.run()
    assert making.the("new-1").live.fields["name"] == "Oak desk"
    (letter,) = making.letters()
    assert (letter.kind, set(letter.fields)) == ("refused", {"category"})


def test_a_key_in_a_number_field_goes_as_a_number(open_way, api):
    way = open_way(api=api, by="key", collection=NEW | {"key": "code"})
    way.change("12", name="Oak desk")
    way.change("12a", name="Pine desk")
    way.change("nan", name="Birch desk")
    way.run()
    assert way.the(12, "code")
    letters = {letter.key: letter for letter in way.letters()}
    assert {key: letter.kind for key, letter in letters.items()} == {
        "12a": "refused",
        "nan": "refused",
    }
    assert "12a" in letters["12a"].message


def test_a_slug_that_is_mapped_is_kept(making):
    making.change("new-1", name="Oak desk", slug="the-desk")
    making.run()
    assert making.the("new-1").live.fields["slug"] == "the-desk"
    assert making.counts("written") == (2,)


def test_a_mapped_key_that_is_not_the_key_of_the_record_is_told(making):
    making.change("new-1", name="Oak desk", sku="NEW-1")
    making.run()
    assert making.the("new-1")
    (letter,) = making.letters()
    assert (letter.kind, set(letter.fields)) == ("refused", {"sku"})


def test_without_a_name_nothing_is_created_until_an_event_gives_one(making):
    making.change("new-1", stock=3)
    making.run()
    (letter,) = making.letters()
    assert (letter.kind, letter.key) == ("missing", "new-1")
    assert "name" in letter.message
    assert not making.posts()
    making.change("new-1", name="Oak desk")
    making.run()
    assert making.the("new-1").live.fields["stock"] == 3
    assert not making.letters()
    assert making.counts("written", "dead") == (2, 0)


def test_an_item_that_was_deleted_is_created_from_all_that_is_held(making):
    making.change("P-0001", name="Oak desk", stock=1, image="https://shop.example/a.jpg")
    making.run()
    making.remove(1)
    making.change("P-0001", stock=2)
    making.run()
    item = making.the("P-0001")
    assert (item.live.fields["name"], item.live.fields["stock"]) == ("Oak desk", 2)
    assert item.live.fields["image"]["fileId"]
    # Name and image went a second time, and are counted once.
    assert making.counts("accepted", "written", "pending", "dead") == (4, 4, 0, 0)


def test_a_value_that_comes_while_the_request_is_out_is_written_after_it(making):
    making.change("new-1", name="Oak desk", stock=1, version=1)
    making.step()
    making.step()
    making.on_request = lambda: making.change("new-1", stock=2, version=2)
    making.run()
    assert making.the("new-1").live.fields["stock"] == 2
    assert len(making.posts()) == 1


def test_a_listing_that_says_nothing_of_its_length_creates_nothing(making):
    making.fault(
        "status", status=200, body="{}", times=1, match={"method": "GET", "path": "*/items"}
    )
    making.add(21, sku="new-1")
    making.change("new-1", name="Oak desk", stock=1)
    making.run()
    assert making.the("new-1").live.fields["stock"] == 1
    assert not making.posts()
