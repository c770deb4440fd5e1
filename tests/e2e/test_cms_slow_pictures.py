"""The CMS fetches each picture before it answers: many of them take longer than anybody waits."""

import re

import pytest

from workers.model.attempts import Batch, Wait

SITE = {"items": 120, "by": "key", "window": 6000, "requests_per_minute": 6000}


def picture(n):
    return f"https://cdn.shop.example/{n:04}.jpg"


@pytest.fixture
def slow(open_way):
    """Opens a way to a CMS that takes *each* seconds for a picture, by its clock and ours."""

    def open(each, **options):
        way = open_way(**SITE | options)
        app = way.server.app

        def serve(environ, start_response):
            body = environ["wsgi.input"].getvalue().decode()
            found = re.findall(r"https://cdn\.shop\.example/\d+", body)
            way.imported += found
            answer = app(environ, start_response)
            way.pass_time(each * len(found))
            return answer

        way.imported = []
        way.server.app = serve
        return way

    return open


def sizes(way, method="PATCH"):
    return [len(r.body["items"]) for r in way.requests if r.method == method]


@pytest.mark.parametrize(
    ("each", "pictures", "expected"),
    [
        pytest.param(0.4, 100, [2, 15, 17, 17, 17, 17, 15], id="many"),
        pytest.param(2, 10, [2, 3, 3, 2], id="slow"),
        pytest.param(5, 4, [2, 1, 1], id="one at a time"),
        pytest.param(0.01, 111, [2, 15, 94], id="fast"),
    ],
)
def test_a_request_carries_as_many_as_are_fetched_in_time(slow, each, pictures, expected):
    way = slow(each)
    for n in range(1, pictures + 1):
        way.change(n, image=picture(n), stock=n)
    way.run()
    assert sizes(way) == expected
    assert len(way.imported) == len(set(way.imported)) == pictures
    assert way.counts("written", "pending", "dead") == (2 * pictures, 0, 0)


def test_new_items_with_pictures_go_in_small_requests_too(slow):
    way = slow(2, collection={"missing": "create"})
    for n in range(10):
        way.change(f"new-{n}", name=f"Desk {n}", image=picture(n))
    way.run()
    assert sizes(way, "POST") == [2, 3, 3, 2]
    assert len(way.imported) == 10


def test_pictures_in_a_rich_text_and_in_a_gallery_count(slow):
    way = slow(1)
    for n in range(1, 5):
        way.change(n, description=f'<p>A</p><img src="{picture(n)}"><p>B</p>')
    way.change(5, gallery=[picture(5), picture(6), picture(7)])
    way.change(6, image=picture(8))
    way.run()
    assert max(sizes(way)) <= 4
    assert len(way.imported) == len(set(way.imported)) == 8


def test_an_item_with_more_pictures_than_are_fetched_in_time_goes_alone(slow):
    way = slow(1)
    way.change(1, gallery=[picture(n) for n in range(9)])
    way.change(2, image=picture(20))
    way.run()
    assert sizes(way) == [1, 1]


def test_what_came_later_does_not_wait_behind_them(slow):
    way = slow(1)
    for n in range(1, 61):
        way.change(n, image=picture(n))
    way.run(seconds=0.1)
    done = len(way.patches())
    for n in range(61, 66):
        way.change(n, stock=7)
    way.run()
    first = next(k for k, r in enumerate(way.patches()) if "stock" in str(r.body))
    assert first <= done + 1
    assert way.shown("stock", range(61, 66)) == [7] * 5


def know_all(way, items):
    """Write every item once, so that no look-up stands in between."""
    for n in range(1, items + 1):
        way.change(n, stock=1)
    way.run()
    way.pass_time(61)


def steps_until(way, n, stock):
    """How many steps it takes until the site shows it; 99: more than anybody waits for."""
    for taken in range(1, 40):
        if isinstance(step := way.step(), Wait):
            way.pass_time(min(step.seconds or 1, 0.2))
        if way.live(n)["stock"] == stock:
            return taken
    return 99


def test_while_one_is_on_its_way_others_go_and_no_other_import(slow):
    way = slow(1)
    know_all(way, 11)
    for n in range(1, 11):
        way.change(n, image=picture(n))
    flying = way.claim()
    assert isinstance(flying, Batch)
    assert flying.imports == 2
    way.change(11, stock=7)
    assert steps_until(way, 11, 7) <= 8
    assert way.imported == []


@pytest.mark.full  # the test before has eleven items, and the next one as many as this
def test_seven_hundred_pictures_do_not_hide_a_price(slow):
    way = slow(1, items=710)
    know_all(way, 710)
    for n in range(1, 701):
        way.change(n, image=picture(n))
    flying = way.claim()
    assert isinstance(flying, Batch)
    assert flying.imports == 2
    way.change(710, stock=7)
    assert steps_until(way, 710, 7) <= 12
    assert way.imported == []


def test_of_seven_hundred_pictures_one_request_goes_before_a_price(slow):
    way = slow(1, items=710)
    know_all(way, 710)
    for n in range(1, 701):
        way.change(n, image=picture(n))
    way.step()
    assert len(way.imported) == 2
    way.change(710, stock=7)
    assert steps_until(way, 710, 7) <= 12
    assert len(way.imported) == 2


def test_a_request_that_nobody_waited_for_makes_the_next_ones_smaller(slow):
    way = slow(8)
    way.fault("timeout-after", delay=0, match={"more_than": 1})
    for n in range(1, 5):
        way.change(n, image=picture(n))
    way.run()
    assert sizes(way)[:4] == [2, 1, 1, 1]
    assert way.counts("written", "pending", "dead") == (4, 0, 0)


def test_v1_imports_one_by_one_and_lets_others_by(slow):
    way = slow(3, api="v1")
    for n in range(1, 6):
        way.change(n, image=picture(n))
    way.run(seconds=0.1)
    way.change(6, stock=7)
    done = len(way.patches())
    way.run()
    first = next(k for k, r in enumerate(way.patches()) if "stock" in str(r.body))
    assert first <= done + 1
    assert len(way.imported) == 5


@pytest.mark.parametrize("held", [True, False])
def test_a_picture_that_takes_longer_than_anybody_waits_is_not_imported_for_ever(open_way, held):
    way = open_way(items=5)
    if held:
        way.change(1, image=picture(1))
        way.run()
    way.fault("timeout-after", delay=0, match={"field": "image"})
    way.change(1, image=picture(2), stock=5)
    way.run(600)
    urls = [r for r in way.patches() if "0002.jpg" in str(r.body) and "fileId" not in str(r.body)]
    assert len(urls) == (1 if held else 2)
    assert way.live(1)["stock"] == 5
    assert way.counts("pending", "dead") == (0, 0)


def test_a_file_of_another_value_is_not_taken_for_the_one_that_is_late(open_way):
    way = open_way(items=5)
    way.change(1, image=picture(1))
    way.run()
    way.fault("timeout-after", delay=0, times=1, match={"field": "image"})
    way.pass_time(2)  # what lingers
    way.change(1, image=picture(2))
    way.step()
    assert "0002.jpg" in str(way.patches()[-1].body)
    way.fault("timeout-before", delay=0, times=1, match={"field": "image"})
    way.change(1, image=picture(3))
    way.run(600)
    urls = [r for r in way.patches() if "0003.jpg" in str(r.body) and "fileId" not in str(r.body)]
    assert len(urls) == 2  # the first of them did not come
    assert way.counts("pending", "dead") == (0, 0)
