"""The states of an item in v2, row by row: staged, live, draft, queued, archived."""

import pytest

from service.sandbox.seeds.samples import product_id
from service.sandbox.site.site import SITE_ID

ONE, TWO = product_id(1), product_id(2)


@pytest.fixture
def publish(v2, clock):
    """Publish the site; a minute goes by first, so that it is let through."""

    def publish():
        clock.at += 60
        body = {"publishToWebflowSubdomain": True}
        answer = v2.call("POST", f"{v2.root}/v2/sites/{SITE_ID}/publish", body)
        assert answer.status_code == 202, answer.text
        return answer

    return publish


def state(v2, id=ONE):
    """Archived, draft, when published, and whether there is a live copy."""
    item = v2.get(f"/items/{id}").json()
    live = v2.get(f"/items/{id}/live").status_code == 200
    return item["isArchived"], item["isDraft"], item["lastPublished"], live


def made(v2, path="/items", **more):
    answer = v2.call("POST", path, {"fieldData": {"name": "Oak desk"}, **more})
    assert answer.status_code == 202
    return answer.json()["id"]


def test_a_staged_item_starts_as_a_draft_that_was_never_published(v2):
    assert state(v2, made(v2)) == (False, True, None, False)


def test_a_draft_is_held_back_from_the_site(v2, publish):
    id = made(v2)
    publish()
    assert state(v2, id) == (False, True, None, False)


def test_a_staged_item_that_is_no_draft_is_queued_for_the_site(v2, publish):
    id = made(v2, isDraft=False)
    assert state(v2, id) == (False, False, None, False)
    publish()
    assert state(v2, id)[3] is True


def test_a_live_item_is_published_at_once(v2):
    archived, draft, published, live = state(v2, made(v2, "/items/live"))
    assert (archived, draft, live) == (False, False, True)
    assert published is not None


def test_a_live_item_may_be_made_as_a_draft_and_is_published_all_the_same(v2):
    archived, draft, published, live = state(v2, made(v2, "/items/live", isDraft=True))
    assert (archived, draft, live) == (False, True, True)
    assert published is not None


def test_a_staged_change_of_a_published_item_is_queued(v2, publish):
    before = state(v2)[2]
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    assert state(v2)[2] == before < v2.get(f"/items/{ONE}").json()["lastUpdated"]
    assert v2.field("stock", copy="live") != 777
    publish()
    assert v2.field("stock", copy="live") == 777
    assert state(v2)[2] > before


def test_publishing_the_site_leaves_what_did_not_change_as_it_was(v2, publish):
    before = v2.get(f"/items/{TWO}").json()
    publish()
    assert v2.get(f"/items/{TWO}").json() == before


def test_a_staged_draft_of_a_live_item_stays_live_and_its_changes_are_held_back(v2, publish):
    v2.patch(f"/items/{ONE}", {"isDraft": True, "fieldData": {"stock": 777}})
    publish()
    archived, draft, published, live = state(v2)
    assert (archived, draft, live) == (False, True, True)
    assert published is not None
    assert v2.field("stock", copy="live") != 777
    v2.patch(f"/items/{ONE}", {"isDraft": False})
    publish()
    assert v2.field("stock", copy="live") == 777


@pytest.mark.parametrize("flag", ["isDraft", "isArchived"])
def test_a_live_patch_that_sets_a_flag_publishes_as_well(v2, flag):
    before = v2.get(f"/items/{ONE}").json()
    item = v2.patch(f"/items/{ONE}/live", {flag: True}).json()
    assert item[flag] is True
    assert item["lastPublished"] == item["lastUpdated"] > before["lastPublished"]
    assert v2.get(f"/items/{ONE}/live").json()[flag] is True


def test_an_archived_item_leaves_with_the_next_publish_of_the_site(v2, publish):
    v2.patch(f"/items/{ONE}", {"isArchived": True})
    assert state(v2)[3] is True
    publish()
    archived, _, published, live = state(v2)
    assert (archived, live) == (True, False)
    assert published is not None


def test_an_archived_item_comes_back_by_a_live_patch(v2, publish):
    v2.patch(f"/items/{ONE}", {"isArchived": True})
    publish()
    assert v2.patch(f"/items/{ONE}/live", {"isArchived": False}).status_code == 200
    assert state(v2)[3] is True


def test_publishing_an_item_moves_when_it_was_published_and_updated_to_one_time(v2):
    before = v2.get(f"/items/{ONE}").json()
    v2.call("POST", "/items/publish", {"itemIds": [ONE]})
    after = v2.get(f"/items/{ONE}").json()
    assert after["lastPublished"] == after["lastUpdated"] > before["lastUpdated"]


def test_publishing_the_site_leaves_when_an_item_was_updated(v2, publish):
    v2.patch(f"/items/{ONE}", {"fieldData": {"stock": 777}})
    before = v2.get(f"/items/{ONE}").json()
    publish()
    after = v2.get(f"/items/{ONE}").json()
    assert after["lastPublished"] > after["lastUpdated"] == before["lastUpdated"]


def test_publishing_the_site_publishes_anew_what_changed_since_it_was_last_published(
    v2, publish, clock
):
    publish()
    clock.at += 1
    v2.call("POST", "/items/publish", {"itemIds": [ONE]})
    before = v2.get(f"/items/{ONE}").json()
    publish()
    after = v2.get(f"/items/{ONE}").json()
    assert after["lastPublished"] > before["lastPublished"]
    assert after["lastUpdated"] == before["lastUpdated"]
    publish()
    assert v2.get(f"/items/{ONE}").json() == after


@pytest.mark.parametrize(("refuses", "status"), [(False, 204), (True, 404)])
def test_what_is_not_live_is_unpublished_or_not_found_as_the_site_is_set(v2, refuses, status):
    v2.control("POST", "/site", {"refuses_unlive": refuses})
    id = made(v2)
    assert v2.call("DELETE", f"/items/{id}/live").status_code == status
    batch = {"items": [{"id": id}, {"id": ONE}]}
    assert v2.call("DELETE", "/items/live", batch).status_code == status
    assert state(v2)[3] is refuses  # all of a batch, or nothing


def test_an_unpublished_item_may_keep_when_it_was_published_and_takes_no_live_change(v2):
    v2.control("POST", "/site", {"keeps_published": True})
    before = state(v2)[2]
    v2.call("DELETE", f"/items/{ONE}/live")
    assert state(v2) == (False, True, before, False)
    answer = v2.patch(f"/items/{ONE}/live", {"fieldData": {"stock": 777}})
    assert answer.status_code == 409
    assert "never been published" in answer.json()["message"]
    v2.call("POST", "/items/publish", {"itemIds": [ONE]})
    answer = v2.patch(f"/items/{ONE}/live", {"fieldData": {"stock": 777}})
    assert answer.status_code == 200


def test_an_unpublished_item_is_a_draft_again(v2, publish):
    answer = v2.call("DELETE", f"/items/{ONE}/live")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert "Retry-After" in answer.headers
    publish()
    assert state(v2) == (False, True, None, False)


def test_the_slug_of_a_deleted_live_item_is_taken_until_the_site_is_published(v2, publish):
    assert v2.call("DELETE", f"/items/{ONE}").status_code == 204
    change = {"fieldData": {"slug": "product-1"}}
    answer = v2.patch(f"/items/{TWO}", change)
    assert answer.status_code == 400
    assert answer.json()["details"] == [
        {"param": "slug", "description": "Unique value is already in database: 'product-1'"}
    ]
    publish()
    assert v2.patch(f"/items/{TWO}", change).status_code == 200


def test_what_can_only_be_read_is_passed_over_in_a_patch(v2):
    item = v2.get(f"/items/{ONE}").json()
    sent = {**item, "lastUpdated": "2001-01-01T00:00:00.000Z", "createdOn": None}
    after = v2.patch(f"/items/{ONE}", sent).json()
    assert after["createdOn"] == item["createdOn"]
    assert after["lastUpdated"] > item["lastUpdated"]
    assert after["fieldData"] == item["fieldData"]
