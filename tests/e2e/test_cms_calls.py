"""How many requests everyday situations take: none of them grows with the number of items."""

from collections import Counter
from dataclasses import replace

from service.sandbox.site.site import new_id
from tests.support.depth import depth

MANY, MOST = depth((200, 6), (400, 11))  # items, and requests for them


def restore(way):
    """Give every item another id, as a site that is restored from a backup does."""
    held = way.products.items
    for item in list(held.values()):
        del held[item.id]
        item.id = new_id()
        held[item.id] = item
        way.products.variants(item.locale).slugs[item.staged.fields["slug"]] = item.id


def change_all(way, numbers, **fields):
    for n in numbers:
        way.change(n, **fields)
    way.run(600)


def told(way):
    """How many requests there were of each method, status and number of items."""
    return Counter(
        (r.method, r.path.rsplit("/", 1)[-1], len(r.body.get("items", r.body.get("itemIds", ()))))
        for r in way.requests
    )


def test_a_site_that_was_restored_from_a_backup_is_listed_once(open_way):
    way = open_way(by="key", items=200)
    change_all(way, range(1, 201), stock=1)
    restore(way)
    way.pass_time(5)
    way.forget_requests()
    change_all(way, range(1, 201), stock=2)
    held = way.products.items.values()
    assert [item.live.fields["stock"] for item in held] == [2] * 200
    assert len(way.requests) <= 8, told(way)
    assert way.counts("pending", "dead") == (0, 0)


def test_one_of_a_batch_that_is_gone_holds_up_none_of_the_others(open_way):
    way = open_way(by="key", items=100)
    change_all(way, range(1, 101), stock=1)
    way.remove(37)
    way.forget_requests()
    for n in range(1, 101):
        way.change(n, stock=2)
    way.run(10)
    others = [n for n in range(1, 101) if n != 37]
    assert way.shown("stock", others) == [2] * 99
    way.run(600)
    assert len(way.requests) <= 6, told(way)
    assert [letter.kind for letter in way.letters()] == ["missing"]


def test_by_item_id_halves_find_it(open_way):
    way = open_way(items=100)
    way.remove(37)
    change_all(way, range(1, 101), stock=2)
    assert way.shown("stock", [n for n in range(1, 101) if n != 37]) == [2] * 99
    assert len(way.requests) <= 16, told(way)
    assert [letter.kind for letter in way.letters()] == ["missing"]


def test_of_a_large_collection_halves_find_it_too(open_way):
    way = open_way(by="key", items=1100)
    change_all(way, range(1, 101), stock=1)
    way.remove(37)
    way.forget_requests()
    for n in range(1, 101):
        way.change(n, stock=2)
    way.run(10)
    assert way.shown("stock", [n for n in range(1, 101) if n != 37]) == [2] * 99
    assert len(way.patches()) <= 16, told(way)


def test_drafts_that_the_listing_shows_are_written_staged_from_the_start(open_way):
    way = open_way(by="key", items=MANY)
    drafts = range(1, MANY + 1, 10)
    way.unpublish(*drafts)
    change_all(way, range(1, MANY + 1), stock=2)
    live = [n for n in range(1, MANY + 1) if n not in drafts]
    assert way.shown("stock", live) == [2] * len(live)
    assert [(way.staged(n)["stock"], way.live(n)) for n in drafts] == [(2, None)] * len(drafts)
    assert len(way.requests) <= MOST, told(way)


def test_so_are_those_that_were_listed_before_anything_came_of_them(open_way):
    way = open_way(by="key", items=MANY)
    drafts = range(1, MANY + 1, 10)
    way.unpublish(*drafts)
    way.change(2, stock=1)
    way.change("P-9999", stock=1)  # no filter shows it: the whole is listed
    way.run(600)
    way.forget_requests()
    change_all(way, range(1, MANY + 1), stock=2)
    assert [(way.staged(n)["stock"], way.live(n)) for n in drafts] == [(2, None)] * len(drafts)
    assert len(way.requests) <= MOST, told(way)


def test_drafts_that_nobody_knew_are_found_by_one_look(open_way):
    way = open_way(items=100)
    drafts = range(1, 101, 10)
    way.unpublish(*drafts)
    change_all(way, range(1, 101), stock=2)
    assert [(way.staged(n)["stock"], way.live(n)) for n in drafts] == [(2, None)] * 10
    assert way.shown("stock", [n for n in range(1, 101) if n not in drafts]) == [2] * 90
    assert len(way.requests) <= 5, told(way)
    way.forget_requests()
    change_all(way, range(1, 101), stock=3)
    assert len(way.requests) == 2, told(way)


def test_what_is_unpublished_between_two_events_is_found_by_one_look(open_way):
    way = open_way(by="key", items=100)
    change_all(way, range(1, 101), stock=1)
    drafts = range(1, 41)
    way.unpublish(*drafts)
    way.pass_time(5)
    way.forget_requests()
    change_all(way, range(1, 101), stock=2)
    assert [(way.staged(n)["stock"], way.live(n)) for n in drafts] == [(2, None)] * 40
    assert way.shown("stock", range(41, 101)) == [2] * 60
    assert len(way.requests) <= 6, told(way)


def test_a_mapping_that_says_no_draft_publishes_many_by_one_request(open_way):
    way = open_way(by="key", items=100)
    way.unpublish(*range(1, 41))
    change_all(way, range(1, 101), stock=2, _draft=False)
    assert way.shown("stock", range(1, 101)) == [2] * 100
    assert len(way.requests) <= 7, told(way)
    way.forget_requests()
    change_all(way, range(1, 101), stock=3, _draft=False)
    assert len(way.requests) == 1, told(way)


def test_what_a_listing_showed_while_a_request_was_on_its_way_is_not_listed_again(open_way):
    way = open_way(by="key", items=160, linger=0.0)
    change_all(way, range(1, 161), stock=1)
    restore(way)
    way.pass_time(5)
    way.forget_requests()

    def meanwhile():
        for n in range(101, 161):
            way.change(n, stock=2)
        for _ in range(2):
            way.step()  # what goes into the void, and the first page of two

    for n in range(1, 21):
        way.change(n, stock=2)
    way.on_request = meanwhile
    way.run(10)
    shown = [item.live.fields["stock"] for item in way.products.items.values()]
    assert (shown.count(2), shown.count(1)) == (80, 80)
    assert len(way.listings()) == 2, told(way)
    assert len(way.requests) <= 6, told(way)


def test_after_two_requests_to_ids_that_are_wrong_the_others_wait_for_the_listing(open_way):
    way = open_way(by="key", items=500)
    change_all(way, range(1, 501), stock=1)
    restore(way)
    way.pass_time(5)
    way.forget_requests()
    change_all(way, range(1, 501), stock=2)
    assert len(way.patches()) == 2 + 5
    assert len(way.listings()) <= 5 + 1  # one that notices edits
    held = way.products.items.values()
    assert {item.live.fields["stock"] for item in held} == {2}


def test_an_option_field_that_was_made_anew_costs_one_refusal_and_one_schema(open_way):
    way = open_way(items=100)
    way.change(1, category="Sofas")
    way.run()
    field = way.products.fields["category"]
    labels = enumerate(field.options.values())
    options = [{"id": f"{n:032x}", "name": label} for n, label in labels]
    way.products.put_field(replace(field, validations={"options": options}, id=""))
    for item in way.products.items.values():
        item.staged.fields["category"] = None
    way.pass_time(61)
    way.forget_requests()
    for n in range(2, 101):
        way.change(n, category="Sofas")
    way.run()
    (wanted,) = (one["id"] for one in options if one["name"] == "Sofas")
    assert set(way.shown("category", range(2, 101))) == {wanted}
    assert [request.method for request in way.requests] == ["PATCH", "GET", "PATCH"]


def test_in_an_outage_one_call_at_a_time_asks_for_its_end(open_way):
    way = open_way(items=100)
    way.down(503, match={"method": None})
    for n in range(1, 101):
        way.change(n, stock=n)
    way.run(300)
    # Three failures, six 5 s apart, and then one every 30 s: a GET, or a write.
    assert len(way.requests) <= 3 + 6 + 9
    assert way.patches()[-1].at > way.gets()[0].at
    way.mend()
    way.run(60)
    assert way.shown("stock", range(1, 101)) == list(range(1, 101))
