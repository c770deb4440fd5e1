"""One reading of a paged source: what it takes, and what makes it doubt that it has everything."""

import json

import pytest

from service.pulls.read_records import ReadRecords
from service.pulls.reading import read
from tests.support.paged_api import FakeRequester, PagedApi, product, products
from workers.config.pull import Pull
from workers.errors import PullFailed

PAGES = ("cursor", "number", "offset", "link")


def ids(payload):
    return [payload["sku"]] if isinstance(payload, dict) and "sku" in payload else []


def reading(api, pull=None, **options):
    with ReadRecords() as records:
        requester = FakeRequester(api, PullFailed)
        found = read(pull or api.pull(), requester, records, ids, **options)
        return found, [payload for _, payload in records]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("count", [0, 5, 10, 25, 30])
def test_every_record_is_read_with_the_planned_calls(page, total, count):
    api = PagedApi(products(count), page=page, total=total)
    found, records = reading(api)
    assert (found.doubt, records) == ("", products(count))
    assert api.calls == api.planned()


def test_a_page_that_is_as_long_as_those_before_is_not_the_last():
    """The API gives 10 a page, whatever it was asked for."""
    api = PagedApi(products(25), page="offset", size=10)
    pull = Pull("feed", **api.options("http://x") | {"size": 100})
    found, records = reading(api, pull)
    assert (found.doubt, len(records)) == ("", 25)
    api = PagedApi(products(25), page="offset", size=10)
    pull = Pull("feed", **{k: v for k, v in api.options("http://x").items() if k != "size"})
    assert len(reading(api, pull)[1]) == 25


def at(number, instead):
    return lambda call: instead() if call == number else None


def deleted(api, index):
    del api.records[index]


FAULTS = [
    ("page 2: the source answers 500", at(2, lambda: (500, {}, b""))),
    ("page 2: the body is not JSON", at(2, lambda: b'{"data": [{"sku"')),
    ("page 2: the answer is empty", at(2, lambda: b"")),
    ("page 2: found nothing at data, expected a list", at(2, lambda: {"items": []})),
    ('page 2: found "none" at data', at(2, lambda: {"data": "none"})),
    ("the answer holds error: busy", at(2, lambda: {"error": {"message": "busy"}})),
    ("the answer holds errors: denied", at(2, lambda: {"data": [], "errors": ["denied"]})),
    ("page 2 repeats page 1", at(2, lambda: {"data": products(10)})),
]


@pytest.mark.parametrize(("doubt", "each"), FAULTS, ids=[each[0] for each in FAULTS])
def test_a_page_that_fails_leaves_the_earlier_ones_and_a_doubt(doubt, each):
    found, records = reading(PagedApi(products(25), each=each))
    assert doubt in found.doubt
    assert records[:10] == products(10)


def test_a_source_of_which_nothing_can_be_read_fails():
    for first in (lambda: b"", lambda: (503, {}, b""), lambda: {"error": "closed"}):
        with pytest.raises(PullFailed):
            reading(PagedApi(products(25), each=at(1, first)))


def test_a_record_on_two_pages_is_taken_once_the_later_one():
    api = PagedApi(products(25))
    api.each = at(2, lambda: api.records.insert(0, product(99)))
    api.records[9] = product(10, qty=1)
    found, records = reading(api)
    assert "P-0010 is on page 1 and on page 2: the list has shifted" in found.doubt
    assert [each["sku"] for each in records].count("P-0010") == 1


def test_a_total_that_changes_or_is_not_reached_is_a_doubt():
    api = PagedApi(products(25), total=True)
    api.each = at(2, lambda: deleted(api, 0))
    assert "the total went from 25 to 24" in reading(api)[0].doubt
    api = PagedApi(products(25), page="cursor", total=True)
    api.each = at(3, lambda: {"data": [], "next": None, "total": 25})
    assert "the total is 25, and 20 records were read" in reading(api)[0].doubt


def test_a_cursor_that_loops_ends_the_reading():
    api = PagedApi(products(25), page="cursor")
    api.each = at(2, lambda: {"data": products(10, begin=11), "next": "10"})
    assert "the paging goes in circles" in reading(api)[0].doubt
    assert api.calls == 2


@pytest.mark.parametrize("cursor", [True, {"a": 1}, ["x"]])
def test_a_cursor_that_is_none_is_a_doubt(cursor):
    api = PagedApi(products(25), page="cursor")
    api.each = at(1, lambda: {"data": products(10), "next": cursor})
    assert "expected a cursor" in reading(api)[0].doubt


@pytest.mark.parametrize(
    "rows", [lambda _: [], lambda call: [product(call % 7, at=call)]], ids=["empty", "known"]
)
def test_pages_without_a_new_record_end_the_reading(rows):
    """Empty ones, or those of before with another cursor and another time on each row."""
    api = PagedApi([], page="cursor")
    api.each = lambda call: {"data": rows(call), "next": str(call)}
    assert reading(api)[0].doubt.startswith("20 pages in a row bring no new record")
    assert api.calls < 50


def test_without_paging_an_answer_that_is_one_page_of_several_is_a_doubt():
    api = PagedApi(products(5), page="")
    api.each = at(1, lambda: {"data": products(5), "has_more": True})
    assert "more follow (has_more): set page" in reading(api)[0].doubt


def test_the_numbers_begin_where_the_address_says():
    api = PagedApi(products(15))
    pull = Pull("feed", **api.options("http://x") | {"url": "http://x/products?number=2&a=b%20c"})
    assert len(reading(api, pull)[1]) == 5
    assert api.queries[0] == {"number": "2", "a": "b c"}


def test_a_body_takes_cursor_and_since_and_the_address_stays():
    bodies = []

    class Posted(FakeRequester):
        def get(self, url, body, headers=None):
            bodies.append(json.loads(body))
            assert "?" not in url
            return super().get(f"{url}?cursor={bodies[-1]['after'] or 0}", body)

    api = PagedApi(products(15), page="cursor")
    options = {"method": "POST", "body": '{"after": {cursor}, "since": "{since}"}'}
    pull = Pull("feed", **api.options("http://x") | options | {"parameter": ""})
    with ReadRecords() as records:
        read(pull, Posted(api, PullFailed), records, ids, since="2027-01-01T00:00:00Z")
    assert [each["after"] for each in bodies] == [None, "10"]
    assert {each["since"] for each in bodies} == {"2027-01-01T00:00:00Z"}


def test_since_is_a_parameter_of_every_page():
    api = PagedApi(products(15), page="offset")
    pull = Pull("feed", **api.options("http://x") | {"since": "updated_after"})
    reading(api, pull, since="2027-01-01T00:00:00Z")
    assert {each["updated_after"] for each in api.queries} == {"2027-01-01T00:00:00Z"}
    assert not pull.is_whole


def test_what_has_not_changed_takes_one_call():
    api = PagedApi(products(5), page="")
    api.each = lambda _: (200, {"ETag": '"1"', "Last-Modified": "then"}, b'{"data": []}')
    found, _ = reading(api)
    assert found.validators == {"etag": '"1"', "last-modified": "then"}
    api.each = lambda _: (304, {}, b"")
    found, records = reading(api, validators=found.validators)
    assert (found.unchanged, records, api.calls) == (True, [], 2)


def test_links_to_other_hosts_are_not_followed():
    class Strict(FakeRequester):
        def same_host(self, url):
            return "other" not in url

    api = PagedApi(products(25), page="link")
    api.each = at(1, lambda: (200, {"Link": '<http://other/x>; rel="next"'}, b'{"data": [{}]}'))
    with ReadRecords() as records:
        found = read(api.pull(), Strict(api, PullFailed), records, ids)
    assert "on another host, which is not asked" in found.doubt


def test_the_next_address_may_stand_in_the_answer():
    api = PagedApi(products(15), page="offset")
    first = {"data": products(10), "next": "/products?offset=10"}
    api.each = at(1, lambda: first)
    pull = Pull("feed", "http://x/products", items="data", page="link", cursor="next")
    found, records = reading(api, pull)
    assert (found.doubt, len(records)) == ("", 15)
