"""What became of a record is told where it came from: what, when, and never in a loop."""

import pytest
from standardwebhooks.webhooks import Webhook

from tests.support.stored_items import field_of
from tests.support.writeback_rig import events, told
from workers.store import keys
from workers.store.rewrites import Repair, Repairs

SECRET = "whsec_" + "A" * 32


def test_a_new_item_writes_its_id_and_slug_into_the_row_that_it_came_from(telling, shop):
    way = telling(shop)
    shop.add("new-1")
    way.change("new-1", name="Oak desk", stock=3)
    way.run()
    way.tell()
    item = way.the("new-1")
    assert shop.row("new-1") == (item.id, "oak-desk", "live", None, 1)
    assert way.waiting() == 0


def test_an_echo_of_the_write_back_changes_nothing(telling, shop):
    way = telling(shop)
    shop.add("new-1")
    way.change("new-1", name="Oak desk", stock=3, version=1)
    way.run()
    way.tell()
    before = len(way.patches()), len(way.posts()), shop.row("new-1")
    # The row has changed, and so the shop sends it again: a later version, the same values.
    for version in (2, 3):
        way.change("new-1", name="Oak desk", stock=3, version=version)
        way.run()
        way.tell()
    assert (len(way.patches()), len(way.posts()), shop.row("new-1")) == before
    assert way.counts("unchanged") == (4,)


def test_an_id_that_is_mapped_itself_is_written_once_and_ends(telling, shop):
    way = telling(shop)
    shop.add("new-1")
    way.change("new-1", name="Oak desk", version=1)
    for version in range(2, 8):
        way.run()
        way.tell()
        way.change("new-1", name="Oak desk", description=shop.row("new-1")[0], version=version)
    assert shop.row("new-1")[-1] == 2  # created, and changed by the description
    assert len(way.patches()) == 1


def test_each_event_is_told_whole_and_signed(telling):
    way = telling(secret=SECRET)
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell()
    way.change("new-1", stock=4)
    way.run()
    way.tell()
    way.retire("new-1", "archive")
    way.run()
    way.tell()
    first, second, third = told(way)
    assert (first["event"], first["state"], first["key"]) == ("created", "live", "new-1")
    assert (first["slug"], first["item"], first["problem"]) == (
        "oak-desk",
        way.the("new-1").id,
        None,
    )
    assert (second["event"], third["event"], third["state"]) == ("changed", "retired", "archived")
    assert first["sequence"] < second["sequence"] < third["sequence"]
    method, url, _, headers = way.sinks["shop"].requests[0]
    assert (method, url) == ("POST", "https://shop.example/new-1")
    assert headers["webhook-id"] == headers["idempotency-key"] == first["id"]
    body = way.sinks["shop"].requests[0][2]
    assert Webhook(SECRET).verify(body, dict(headers)) == first


def test_the_address_of_its_page_is_told_once_the_domain_of_the_site_is_known(telling):
    way = telling()
    own = way.settings.collections["products"]
    place = ("products", way.settings.copy_of(own))
    way.store.hset(keys.site(*place), "domain", "shop.example")
    way.store.hset(keys.index(*place), "slug", "products")
    way.change("new-1", name="Oak desk", version=1)
    way.run()
    way.tell()
    way.retire("new-1", "archive", version=2)
    way.run()
    way.tell()
    assert [each["url"] for each in told(way)] == ["https://shop.example/products/oak-desk", None]


def test_a_deleted_item_has_no_id_any_more(telling, shop):
    way = telling(shop)
    shop.add(way.key(1))
    way.retire(way.key(1), "delete")
    way.run()
    way.tell()
    assert shop.row(way.key(1)) == (None, None, "deleted", None, 1)


def test_a_record_that_comes_back_is_told_as_changed(telling):
    way = telling()
    way.retire(way.key(1), "archive", version=1)
    way.run()
    way.tell()
    way.change(way.key(1), stock=4, version=2)
    way.run()
    way.tell()
    assert [(each["event"], each["state"]) for each in told(way)] == [
        ("retired", "archived"),
        ("changed", "live"),
    ]


def test_a_value_that_the_cms_refuses_is_told_with_its_words_until_it_is_mended(telling):
    way = telling()
    way.change(way.key(1), {"color": "no colour"}, version=1)
    way.run()
    way.tell()
    way.change(way.key(1), {"color": "#ffffff"}, version=2)
    way.run()
    way.tell()
    (refused, mended) = told(way)
    assert (refused["event"], refused["state"]) == ("refused", "live")
    assert refused["problem"] == way.letters(all=True)[0].message
    assert (mended["event"], mended["problem"]) == ("changed", None)


def test_a_key_without_an_item_is_told_as_refused(telling):
    way = telling(options={"collection": {"missing": "dead-letter"}})
    way.change("nowhere", stock=1)
    way.run()
    way.tell()
    (only,) = told(way)
    assert (only["event"], only["state"], only["item"]) == ("refused", "none", None)
    assert "nowhere" in only["problem"]


def test_only_what_it_asks_for_is_told(telling):
    way = telling(on=("created", "retired"))
    way.change("new-1", name="Oak desk")
    way.run()
    way.change("new-1", stock=2)
    way.run()
    way.tell()
    way.change("new-1", stock=3)
    way.run()
    way.tell()
    assert events(way) == ["created"]


def test_what_comes_while_one_waits_is_told_once_with_the_newest_state(telling):
    way = telling()
    way.change("new-1", name="Oak desk")
    for stock in range(5):
        way.run()
        way.change("new-1", stock=stock)
    way.run()
    way.retire("new-1", "archive")
    way.run()
    way.tell()
    (only,) = told(way)
    assert (only["event"], only["state"]) == ("retired", "archived")


def test_a_change_while_it_is_told_is_told_after_it(telling):
    way = telling()
    way.change("new-1", name="Oak desk")
    way.run()

    def meanwhile():
        way.sinks["shop"].before = lambda: None
        way.change("new-1", stock=7)
        way.run()

    way.sinks["shop"].before = meanwhile
    way.tell()
    assert events(way) == ["created", "changed"]
    assert len(set(way.sinks["shop"].ids)) == 2


def test_a_change_while_it_fails_is_told_as_created_all_the_same(telling):
    way = telling()
    way.sinks["shop"].answers = [404, 200]
    way.change("new-1", name="Oak desk")
    way.run()

    def meanwhile():
        way.sinks["shop"].before = lambda: None
        way.change("new-1", stock=7)
        way.run()

    way.sinks["shop"].before = meanwhile
    way.tell()
    assert events(way) == ["created", "created"]


@pytest.mark.parametrize("on", [("created",), ("created", "changed")])
def test_an_item_that_was_made_by_a_request_without_an_answer_is_told_as_created(telling, on):
    way = telling(on=on)
    way.fault("reset-after", times=1, match={"method": "POST"})
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell()
    assert len(way.posts()) == 1
    assert events(way) == ["created"]
    assert (told(way)[0]["item"], told(way)[0]["slug"]) == (way.the("new-1").id, "oak-desk")


def test_a_new_item_is_not_told_as_changed_as_well(telling):
    way = telling(on=("changed",))
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell()
    assert events(way) == []
    way.change("new-1", stock=4)
    way.run()
    way.tell()
    assert events(way) == ["changed"]


def test_a_write_that_changes_nothing_in_the_cms_tells_nothing(telling):
    way = telling()
    name = way.live(1)["name"]
    way.change(way.key(1), name=name)  # asked for by its key, its item shows that already
    way.run()
    way.tell()
    assert (len(way.patches()), events(way)) == (1, [])


@pytest.mark.parametrize(
    ("shown", "told"), [({}, ["changed"]), ({"stock": ("9", "number")}, ["changed", "changed"])]
)
def test_a_value_that_is_written_once_more_is_told_where_an_editor_had_changed_it(
    telling, shown, told
):
    way = telling()
    way.change(way.key(1), stock=7)
    way.run()
    way.tell()
    held = field_of(way.store, keys.item("products", way.key(1)), "stock")
    repair = Repair(way.key(1), way.id(1), (("stock", held["a"]),), before=shown)
    repairs = Repairs(way.steps, way.settings)
    assert repairs.repair(way.settings.collections["products"], [repair]).fields == 1
    way.run()
    way.tell()
    assert (len(way.patches()), events(way)) == (2, told)


def test_a_record_that_comes_back_as_it_was_is_told_though_no_value_is_new(telling):
    way = telling()
    way.change(way.key(1), stock=7, version=1)
    way.run()
    way.retire(way.key(1), "archive", version=2)
    way.run()
    way.tell()
    way.change(way.key(1), stock=7, version=3)
    way.run()
    way.tell()
    assert [(each["event"], each["state"]) for each in told(way)] == [
        ("retired", "archived"),
        ("changed", "live"),
    ]


def test_staged_only_it_says_so(telling):
    way = telling(options={"live": False})
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell()
    assert [(each["state"], each["url"]) for each in told(way)] == [("staged", None)]


def test_its_life_tells_of_it(telling):
    way = telling(attempts=1)
    way.sinks["shop"].answers = [200, 422]
    way.change("new-1", name="Oak desk")
    way.run()
    way.tell()
    way.change("new-1", stock=4)
    way.run()
    way.tell()
    mine = [each.detail for each in way.lives()["new-1"] if each.what == "written-back"]
    assert [(each["writeback"], each["event"], each["status"]) for each in mine] == [
        ("shop", "created", "200"),
        ("shop", "changed", "422"),
    ]
    assert mine[1]["letter"] == way.letters()[0].id
