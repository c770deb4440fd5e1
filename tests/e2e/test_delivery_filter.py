"""Keys whose items are not known are asked for by filter; how many calls that takes, and when."""

import pytest

from tests.support.depth import depth

NEW = {"missing": "create"}
SECONDS = depth(90, 300)


def calls(way):
    """What was sent, in order: "filter", "list", "schema" or a method."""
    told = []
    for request in way.requests:
        if request in way.filtered():
            told.append("filter")
        elif "offset" in request.query:
            told.append("list")
        else:
            told.append("schema" if request.method == "GET" else request.method)
    return told


@pytest.fixture
def open_quiet(open_way):
    """Opens a way out to products that were listed, to which nothing was sent for an hour."""

    def open(**options):
        way = open_way(**{"by": "key", "collection": NEW} | options)
        way.change("first", name="First desk")
        way.run()
        way.pass_time(3600)
        way.change("first", stock=1)  # what was edited since is noticed
        way.run()
        way.change("second", name="Second desk")
        way.run()
        way.pass_time(1800)
        way.forget_requests()
        return way

    return open


def test_an_update_of_an_unknown_key_takes_a_filter_and_a_patch_in_whatever_collection(open_way):
    way = open_way(by="key", items=1000, collection=NEW)
    way.change(777, stock=5)
    way.run(300)
    assert way.live(777)["stock"] == 5
    assert calls(way) == ["filter", "PATCH"]
    assert way.filtered()[0].query["filter[sku][in]"] == way.key(777)


def test_a_new_key_on_a_quiet_site_is_an_item_within_two_seconds(open_quiet):
    way = open_quiet()
    begun = way.now()
    way.change("new-1", name="Oak desk", stock=1)
    way.run(2)
    assert calls(way)[:2] == ["filter", "POST"]
    assert way.posts()[0].at - begun < 2
    assert way.the("new-1").live.fields["stock"] == 1
    assert calls(way).count("filter") == calls(way).count("POST") == 1


def test_a_hundred_new_keys_take_one_filter_and_one_request(open_quiet):
    way = open_quiet()
    for n in range(100):
        way.change(f"new-{n}", name=f"Desk {n}")
    way.run(2)
    assert calls(way)[:2] == ["filter", "POST"]
    assert calls(way).count("filter") == calls(way).count("POST") == 1
    assert all(way.the(f"new-{n}") for n in range(100))


def test_a_key_that_no_item_has_is_a_letter_at_once(open_quiet):
    way = open_quiet(collection={"missing": "dead-letter"})
    way.store.flushall()
    way.begin()
    way.change(1, stock=1)
    way.change("P-9999", stock=1)
    way.run()
    way.forget_requests()
    way.change("P-8888", stock=2)
    way.run(2)
    assert calls(way) == ["filter"]
    assert {letter.key for letter in way.letters()} == {"P-9999", "P-8888"}


def test_values_for_a_key_that_no_item_has_do_not_take_a_call_each(open_quiet):
    way = open_quiet(collection={"missing": "dead-letter"})
    for n in range(SECONDS):
        way.change("P-9999", stock=n, version=n)
        way.run(1)
    assert calls(way).count("filter") <= SECONDS / 30 + 6
    assert way.counts("pending") == (0,) or way.counts("pending") == (1,)


def test_nor_do_different_keys_that_no_item_has(open_quiet):
    way = open_quiet(collection={"missing": "dead-letter"})
    for n in range(SECONDS):
        way.change(f"P-9{n:03}", stock=n)
        way.run(1)
    assert len(way.requests) <= SECONDS / 30 + 12
    way.run()
    assert sum(letter.key.startswith("P-9") for letter in way.letters()) == SECONDS


def test_while_keys_become_items_each_is_asked_for_at_once(open_quiet):
    way = open_quiet(window=600, requests_per_minute=600)
    for n in range(20):
        way.change(f"new-{n}", name=f"Desk {n}")
        way.run(2)
        assert way.the(f"new-{n}")


def test_a_key_with_a_comma_goes_alone(open_quiet):
    way = open_quiet()
    way.edit(1, sku="a,b")
    way.edit(2, sku="c")
    way.change("a,b", stock=7)
    way.change("c", stock=8)
    way.run(3)
    assert way.shown("stock", (1, 2)) == [7, 8]
    names = [name for r in way.filtered() for name in r.query if name[:6] == "filter"]
    assert names == ["filter[sku][eq]", "filter[sku][in]"]


def test_a_key_of_several_parts_is_found_among_those_that_share_one(open_way):
    way = open_way(by="key", collection={"key": ("sku", "supplier")})
    way.edit(1, sku="A", supplier="x")
    way.edit(2, sku="A", supplier="y")
    way.edit(3, sku="B", supplier="x")
    way.change("A|y", stock=7)
    way.change("B|x", stock=8)
    way.run(3)
    assert way.shown("stock", (2, 3)) == [7, 8]
    assert way.live(1)["stock"] not in (7, 8)
    assert calls(way) == ["filter", "PATCH"]


def test_a_key_in_a_number_field_is_asked_for_as_a_number(open_way):
    way = open_way(by="key", collection=NEW | {"key": "code"})
    way.edit(3, code=12.0)
    way.change("12", stock=3)
    way.change("13", name="Thirteen")
    way.run()
    assert way.live(3)["stock"] == 3
    way.change("14", name="Fourteen")
    way.run(2)
    assert way.the(14, "code")
    way.change("14a", name="No number")
    way.run()
    assert [letter.key for letter in way.letters()] == ["14a"]


def test_a_long_list_of_long_keys_goes_in_addresses_of_four_kilobytes(open_way):
    way = open_way(by="key")
    keys = [f"{'Ö' * 50}-{n:03}" for n in range(1, 21)]
    for n, key in enumerate(keys, 1):
        way.edit(n, sku=key)
        way.change(key, stock=n)
    way.run(5)
    assert way.shown("stock", range(1, 21)) == list(range(1, 21))
    assert 1 < len(way.filtered()) <= 3


# a form that is not the normal one


@pytest.mark.parametrize("form", ["P-0001 ", " P-0001", "P-0001\u3000", "Gru\u0308n"])
def test_a_key_in_another_form_is_found_before_an_item_is_created(open_way, form):
    way = open_way(by="key", collection=NEW)
    key = "Grün" if form[0] == "G" else "P-0001"
    way.edit(1, sku=form)
    way.change(key, name="Oak desk", stock=1)
    way.change("new-1", name="Pine desk")
    way.run()
    assert way.live(1)["stock"] == 1
    assert len(way.posts()) == 1


@pytest.mark.parametrize("form", ["new-1 ", " new-1", "Gru\u0308n"])
def test_one_that_an_editor_has_typed_since_is_found_too(open_quiet, form):
    way = open_quiet()
    key = "Grün" if form[0] == "G" else "new-1"
    way.edit(1, sku=form)
    way.change(key, name="Oak desk", stock=1)
    way.run()
    assert way.live(1)["stock"] == 1
    assert not way.posts()


def test_where_a_key_was_seen_in_another_form_listings_say_who_is_missing(open_quiet):
    way = open_quiet()
    way.edit(1, sku="odd\u2003")
    way.change("odd", name="Odd desk", stock=1)
    way.change("second", stock=1)
    way.run()
    way.pass_time(1200)
    way.change("second", stock=2)
    way.run()
    way.forget_requests()
    way.edit(2, sku="odder\u2003")
    way.pass_time(60)
    way.change("odder", name="Odder desk", stock=1)
    way.run()
    assert way.live(2)["stock"] == 1
    assert not way.posts()


# sites that answer no filters


@pytest.mark.parametrize("mode", ["refused", "ignored", "empty", "broken"])
def test_where_filters_are_not_answered_nothing_is_lost_and_little_is_asked(open_quiet, mode):
    way = open_quiet(items=150)
    way.filters.mode = mode
    way.change("new-0", name="Desk 0")
    way.run(60)
    way.run(1200)
    way.change("new-1", name="Desk 1")
    way.run(60)
    way.run(1200)
    asked = len(way.filtered())
    assert 1 <= asked <= 4
    for hour in range(2, 12):
        way.change(f"new-{hour}", name=f"Desk {hour}")
        way.run(60)
        assert way.the(f"new-{hour}")
        way.run(3600)
    assert len(way.made("new-0")) == len(way.made("new-1")) == 1
    if mode != "broken":
        assert len(way.filtered()) == asked


@pytest.mark.parametrize("mode", ["refused", "ignored"])
def test_a_day_later_it_is_asked_whether_they_are(open_quiet, mode):
    way = open_quiet(items=150)
    way.filters.mode = mode
    way.change("new-0", name="Desk 0")
    way.run()
    assert len(way.filtered()) == 1
    way.filters.mode = "answered"
    way.pass_time(86_401)
    way.change("new-1", name="Desk 1")
    way.run(2)
    assert way.the("new-1")


def test_first_contact_without_filters_is_a_listing(open_way):
    way = open_way(by="key", items=250)
    way.filters.mode = "ignored"
    way.change(240, stock=5)
    way.run(60)
    assert way.live(240)["stock"] == 5
    assert calls(way) == ["filter", "list", "list", "list", "PATCH"]


def test_one_answer_that_does_not_come_changes_nothing(open_quiet):
    way = open_quiet()
    way.down(503, times=1, match={"method": "GET"})
    way.change("new-1", name="Oak desk")
    way.run(10)
    assert way.the("new-1")
    assert calls(way).count("filter") == 2


# filters that lag


def test_an_id_that_a_lagging_filter_gives_and_that_is_gone_is_looked_up_by_listing(open_quiet):
    way = open_quiet()
    way.filters.lag = 600
    way.change("second", stock=0)
    way.run(1)
    way.remove(1)
    way.change("P-0001", name="Oak desk", stock=1)
    way.run()
    assert way.the("P-0001").live.fields["stock"] == 1
    assert way.counts("dead", "pending") == (0, 0)


def test_nor_is_an_item_of_another_record_kept_that_it_gives(open_quiet):
    way = open_quiet()
    way.filters.lag = 600
    way.change("second", stock=0)
    way.run(1)
    way.edit(1, sku="other", stock=-1)
    way.change("P-0001", name="Oak desk", stock=1)
    way.run()
    assert way.the("P-0001").live.fields["stock"] == 1
    assert way.the("other").id == way.id(1)
    assert way.counts("dead", "pending") == (0, 0)


@pytest.mark.parametrize("kind", ["timeout-after", "reset-after"])
def test_after_a_request_without_an_answer_no_lagging_filter_has_it_made_twice(open_quiet, kind):
    way = open_quiet()
    way.filters.lag = 600
    way.fault(kind, delay=0.0, match={"method": "POST"}, times=1)
    way.change("new-1", name="Oak desk", stock=1)
    way.run()
    assert way.the("new-1").live.fields["stock"] == 1
    assert len(way.posts()) == 1


def test_nor_after_a_worker_has_died_before_it_could_keep_the_answer(open_quiet):
    way = open_quiet()
    way.filters.lag = 600
    way.change("new-1", name="Oak desk", stock=1)
    way.step()
    way.context.outbox.settle = None
    with pytest.raises(TypeError):
        way.step()
    way.begin()
    assert len(way.made("new-1")) == len(way.posts()) == 1
    way.run()
    assert len(way.made("new-1")) == len(way.posts()) == 1
    assert way.counts("dead", "pending") == (0, 0)


def test_the_ids_may_be_lost_while_a_filter_lags(open_quiet):
    way = open_quiet()
    way.filters.lag = 600
    way.change("new-1", name="Oak desk", stock=1)
    way.run(60)
    for key in way.store.keys("instep:ids:*"):
        way.store.delete(key)
    way.change(1, stock=3)
    way.run(3)
    way.change("new-1", name="Oak desk", stock=2)
    way.run()
    assert way.the("new-1").live.fields["stock"] == 2
    assert way.live(1)["stock"] == 3
