"""Lists of problems and letters: what is in them, in which order, page by page."""

from datetime import timedelta

import pytest

from service.operate import problems
from service.operate.page import FilterInvalid
from service.operate.problems import (
    export_letters,
    list_letters,
    list_problems,
    show_letter,
    show_problem,
)
from service.operate.scope import Scope
from service.operate.selection import Selection, UnknownGroup
from service.operate.status import status_of
from tests.support.letters_rig import Shop


@pytest.fixture
def shop(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    shop = Shop(tmp_path, f"unix://{store_socket}")
    yield shop
    shop.close()


@pytest.fixture
def several(shop):
    """A shop with problems of three sizes."""
    shop.refuse("i1", "i2", "i3")
    shop.refuse("i1", "i2", slug="price", source="crm")
    shop.leave_out({"sku": "a", "qty": "x"})
    return shop


def sizes(page):
    return [each["letters"] for each in page.items]


def test_problems_have_what_pages_show(several):
    (first, *_) = list_problems(several.context).items
    assert set(first) == {
        *("id", "kind", "collection", "source", "fields", "status", "code", "title", "letters"),
        *("since", "newest", "example", "state", "by", "at", "do"),
    }
    assert (first["kind"], first["fields"], first["status"]) == ("refused", ["stock"], 400)
    assert first["do"].startswith("change the value at its source")


def test_the_largest_problem_comes_first(several):
    assert sizes(list_problems(several.context)) == [3, 2, 1]


def test_problems_come_page_by_page(several):
    found, cursor = [], None
    while True:
        page = list_problems(several.context, cursor=cursor, limit=1)
        found += sizes(page)
        cursor = page.next
        if cursor is None:
            break
    assert found == [3, 2, 1]


@pytest.mark.parametrize("cursor", ["", "x", "-", "9-", "٣-p1"])
def test_a_cursor_that_is_none_of_ours_is_refused(several, cursor):
    for listed in (list_problems, list_letters):
        with pytest.raises(FilterInvalid, match="`next` of the page before"):
            listed(several.context, cursor=cursor)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state": "shut"}, "one of open, seen, ignored"),
        ({"kind": "odd"}, "one of refused, exhausted"),
        ({"collection": "stores"}, "a collection: products"),
        ({"source": "shop"}, "a source: crm, erp"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(several, filters, expected):
    with pytest.raises(FilterInvalid, match=expected):
        list_problems(several.context, **filters)
    if not {"state", "kind"} & set(filters):
        with pytest.raises(FilterInvalid, match=expected):
            list_letters(several.context, Selection(**filters))


def test_letters_of_a_source_that_was_removed_are_still_found(shop):
    shop.refuse("i1")
    shop.group("stock: Is too long: …")
    shop.context.settings.sources.pop("erp")
    assert sizes(list_problems(shop.context, source="erp")) == [1]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"source": "crm"}, [2]),
        ({"kind": "unmapped"}, [1]),
        ({"collection": "products"}, [3, 2]),
        ({"state": "seen"}, []),
        ({"text": "TOO LONG"}, [3, 2]),
        ({"text": "price"}, [2]),
        ({"text": "nothing so"}, []),
        ({"state": "open"}, [3, 2, 1]),
    ],
)
def test_problems_are_filtered(several, filters, expected):
    assert sizes(list_problems(several.context, **filters)) == expected


def test_ignored_problems_are_listed_only_if_asked_for(several):
    first = list_problems(several.context).items[0]["id"]
    several.context.problems.mark(first, "ignored", "alice")
    assert sizes(list_problems(several.context)) == [2, 1]
    (found,) = list_problems(several.context, state="ignored").items
    assert (found["id"], found["by"]) == (first, "alice")


def test_since_counts_the_letters_opened_since(several):
    newest = max(letter.created for letter in several.context.letters.list())
    later = newest + timedelta(seconds=30)
    assert list_problems(several.context, since=later).items == []
    several.context.steps.clock_offset_ms += 60_000
    several.refuse("i7")
    assert sizes(list_problems(several.context, since=later)) == [1]


def test_an_access_sees_its_own_collections_and_sources(several):
    own = Scope(False, frozenset(), frozenset({"products"}), frozenset({"crm"}))
    assert sizes(list_problems(several.context, scope=own)) == [3, 2]
    page = list_letters(several.context, Selection(scope=own))
    assert {letter["kind"] for letter in page.items} == {"refused"}


def test_letters_come_page_by_page_and_the_oldest_first(several):
    every = [letter.id for letter in several.context.letters.list()]
    found, cursor = [], None
    while True:
        page = list_letters(several.context, cursor=cursor, limit=2)
        found += [letter["id"] for letter in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == every


def test_a_page_goes_on_where_the_last_letter_has_closed_meanwhile(several):
    every = [letter.id for letter in several.context.letters.list()]
    page = list_letters(several.context, limit=2)
    several.context.letters.discard(every[1])
    rest = list_letters(several.context, cursor=page.next)
    assert [letter["id"] for letter in rest.items] == every[2:]


def test_letters_of_a_problem_and_of_filters(several):
    group = list_problems(several.context, source="crm").items[0]["id"]
    assert len(list_letters(several.context, Selection(group=group)).items) == 2
    assert len(list_letters(several.context, Selection(kind="unmapped")).items) == 1
    with pytest.raises(UnknownGroup):
        list_letters(several.context, Selection(group="p0"))


def test_a_page_reads_no_more_letters_than_it_may(several, monkeypatch):
    monkeypatch.setattr(problems, "SCANNED", 2)
    page = list_letters(several.context, Selection(kind="unmapped"))
    assert (page.items, page.next is None) == ([], False)
    following = page.next
    while following:
        page = list_letters(several.context, Selection(kind="unmapped"), cursor=following)
        following = page.next
    assert len(page.items) == 1


def test_a_letter_says_what_to_do_and_a_closed_one_does_not(shop):
    (id,) = shop.refuse("i1")
    found = show_letter(shop.context, id)
    assert found["do"]
    assert found["group"] == list_problems(shop.context).items[0]["id"]
    shop.context.letters.discard(id)
    assert show_letter(shop.context, id)["do"] is None
    assert show_letter(shop.context, "d99") is None


def test_a_problem_goes_with_its_last_letter(shop):
    (id,) = shop.refuse("i1")
    group = list_problems(shop.context).items[0]["id"]
    assert show_problem(shop.context, group)["letters"] == 1
    shop.context.letters.discard(id)
    assert show_problem(shop.context, group) is None


def test_an_export_has_each_letter_whole(several):
    found = [*export_letters(several.context, Selection())]
    assert len(found) == 6
    assert "body" in found[-1]


def test_the_status_lists_them_once(several, monkeypatch):
    steps, ran = several.context.steps, []
    run = type(steps).run

    def counted(self, step, *more):
        ran.append(step)
        return run(self, step, *more)

    monkeypatch.setattr(type(steps), "run", counted)
    found = status_of(several.context)["problems"]
    assert ran.count("list_problems") == 1
    page = list_problems(several.context, state="open")
    assert (found["open"], found["largest"]) == (page.problems, page.items[:5])
