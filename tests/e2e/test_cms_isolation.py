"""Refused batches: how many requests it takes until only what is bad is left."""

import json
import random
from dataclasses import replace

import pytest

from service.sandbox.model.schema import Field
from workers.config.settings import Collection

RULE = [{"param": "teaser", "description": "Expected value to be a single line: 'two\nlines'"}]
EVERYBODY = range(1, 41)


def stock_of_all(way, value):
    way.forget_requests()
    for n in EVERYBODY:
        way.change(n, stock=value)
    way.run()


def test_an_item_that_breaks_a_rule_already_costs_12_requests_and_then_one_a_round(bulk):
    bulk.fault("status", status=400, details=RULE, match=bulk.of(9))
    others = [n for n in EVERYBODY if n != 9]
    stock_of_all(bulk, 1)
    assert bulk.shown("stock", others) == [1] * 39
    assert len(bulk.requests) <= 12  # 1 + 2 · log2 40
    for value in (2, 3):
        stock_of_all(bulk, value)
        assert sorted(len(one.sent) for one in bulk.patches()) == [1, 39]
        assert bulk.shown("stock", others) == [value] * 39
    (letter,) = bulk.letters()
    assert letter.item == bulk.id(9)


def test_once_it_is_mended_and_replayed_it_goes_with_the_others_again(bulk):
    bulk.fault("status", status=400, details=RULE, match=bulk.of(9))
    stock_of_all(bulk, 1)
    bulk.mend()
    bulk.context.letters.replay(bulk.letters()[0].id)
    bulk.run()
    assert bulk.live(9)["stock"] == 1
    stock_of_all(bulk, 2)
    assert [len(one.sent) for one in bulk.patches()] == [40]


@pytest.mark.parametrize(
    "told",
    [
        '{"message": "Validation Error: item %(id)s breaks a rule"}',
        '{"details": [{"param": "stock", "description": "Is too high: 5555"}]}',
        '{"details": [{"param": "stock", "description": "%(id)s: is too high"}]}',
    ],
)
def test_an_item_that_is_told_of_costs_two_requests_more(bulk, told):
    bulk.fault("status", status=400, match=bulk.of(9), **json.loads(told % {"id": bulk.id(9)}))
    for n in EVERYBODY:
        bulk.change(n, stock=5555 if n == 9 else n)
    bulk.run()
    assert sorted(len(one.sent) for one in bulk.patches()) == [1, 39, 40]
    assert bulk.counts("written", "dead") == (39, 1)


def test_a_place_that_is_always_another_item_s_is_believed_twice(bulk):
    details = [{"param": "items[20].fieldData.stock", "description": "Is too high"}]
    bulk.fault("status", status=400, details=details, match=bulk.of(9))
    for n in range(1, 101):
        bulk.change(n, stock=n)
    bulk.run()
    assert bulk.shown("stock", [n for n in range(1, 101) if n != 9]) == [
        n for n in range(1, 101) if n != 9
    ]
    assert len(bulk.requests) <= 18
    assert bulk.counts("written", "dead") == (99, 1)


def test_an_answer_that_names_all_names_none(bulk):
    everybody = ", ".join(bulk.id(n) for n in EVERYBODY)
    bulk.fault("status", status=400, message=f"One is bad of {everybody}", match=bulk.of(9))
    stock_of_all(bulk, 1)
    assert len(bulk.requests) <= 17
    assert bulk.counts("written", "dead") == (39, 1)


def test_nothing_is_left_of_the_doubt_about_a_good_item(bulk):
    bulk.fault("status", status=400, details=RULE, match=bulk.of(9))
    stock_of_all(bulk, 1)
    for n in EVERYBODY:
        if n != 9:
            assert not any(bulk.meta(n, name) for name in ("part", "limit", "attempts", "refused"))


def test_the_good_part_goes_before_the_suspects(bulk):
    bulk.fault("status", status=400, match=bulk.of(9), message=f"item {bulk.id(9)} is bad")
    stock_of_all(bulk, 1)
    assert [len(one.sent) for one in bulk.patches()] == [40, 39, 1]


def test_those_that_send_a_field_that_is_named_are_kept_apart(bulk):
    bulk.fault(
        "status",
        status=400,
        details=[{"param": "supplier", "description": "No"}],
        match={"field": "supplier"},
    )
    for n in EVERYBODY:
        bulk.change(n, stock=n, **({"supplier": "Oak"} if n in (3, 30) else {}))
    bulk.run()
    assert bulk.shown("stock", EVERYBODY) == list(EVERYBODY)
    assert bulk.counts("written", "dead") == (40, 2)
    assert [len(one.sent) for one in bulk.patches()][:3] == [40, 38, 2]


def test_new_items_whose_slug_is_taken_are_told_by_it(open_way):
    way = open_way(by="key", collection={"missing": "create"})
    for n in range(12):
        name = way.staged(5)["name"] if n == 7 else f"Oak {n}"
        way.change(f"new-{n}", name=name, slug=way.staged(5)["slug"] if n == 7 else f"oak-{n}")
    way.run()
    assert [len(one.body["items"]) for one in way.posts()][:2] == [12, 11]
    assert all(way.the(f"new-{n}") for n in range(12) if n != 7)


@pytest.fixture
def shelved(open_way):
    """Products that stand on shelves, of which there are ten."""
    way = open_way(by="key", items=40)
    shelves = way.add_collection("shelves")
    target = {"collectionId": shelves}
    way.products.fields["shelves"] = Field("shelves", "MultiReference", validations=target)
    known = {**way.settings.collections, "shelves": Collection("shelves", "site", shelves, "sku")}
    way.settings = replace(way.settings, collections=known)
    way.begin()
    way.shelf_ids = {
        item.staged.fields["sku"]: id for id, item in way.site.collections[shelves].items.items()
    }
    return way


def test_a_reference_that_the_cms_does_not_take_costs_one_request_an_item(shelved):
    way = shelved
    good, odd = list(way.shelf_ids)[:2]
    text = f"Referenced item not found: {way.shelf_ids[odd]}"
    bad = [n for n in range(1, 21) if n % 4 == 0]
    for n in bad:
        way.fault(
            "status",
            status=400,
            details=[{"param": "shelves", "description": text}],
            match={"field": "shelves", **way.of(n)},
        )
    for n in range(1, 21):
        keys = [good, odd] if n in bad else [good]
        way.change(n, stock=n, shelves={"to": "shelves", "keys": keys})
    way.run()
    assert way.shown("stock", range(1, 21)) == list(range(1, 21))
    assert [way.live(n)["shelves"] for n in (1, 2, 3)] == [[way.shelf_ids[good]]] * 3
    assert way.counts("written", "dead") == (35, 5)
    # Refused, written without references that are looked up again, and then with them.
    assert sorted(len(one.sent) for one in way.patches()) == [1, 1, 1, 1, 1, 15, 20, 20]
    assert len(way.requests) <= 13
    way.forget_requests()
    for n in range(1, 21):
        way.change(n, stock=n + 1)
    way.run()
    assert [len(one.sent) for one in way.patches()] == [20]


def test_a_picture_that_cannot_be_imported_dies_alone(way):
    words = "Remote file failed to import: Unsupported file type: text/html"
    picture = {"url": "https://cdn.example/page.html"}
    way.fault("status", status=400, message=words, match={"field": "image", **way.of(1)})
    way.change(1, price=12.5, image=picture)
    way.change(2, price=9.5, image={"url": "https://cdn.example/a.jpg"})
    way.run()
    assert way.shown("price", (1, 2)) == [12.5, 9.5]
    (letter,) = way.letters()
    assert (set(letter.fields), letter.item) == ({"image"}, way.id(1))
    assert words in letter.message
    assert len(way.patches()) <= 4
    way.forget_requests()
    way.change(1, price=13.5)
    way.run()
    assert way.live(1)["price"] == 13.5
    assert len(way.patches()) == 1


def test_a_new_item_is_created_without_the_picture_that_cannot_be_imported(making):
    making.fault(
        "status",
        status=400,
        message="Remote image failed to import",
        match={"method": "POST", "field": "image"},
    )
    making.change("new-1", name="Oak desk", image={"url": "https://cdn.example/page.html"})
    making.run()
    assert making.the("new-1").staged.fields["name"] == "Oak desk"
    assert [set(letter.fields) for letter in making.letters()] == [{"image"}]


def test_what_the_search_for_a_bad_item_leaves_over_goes_together(bulk):
    bulk.fault("status", status=400, match=bulk.of(57))
    for n in range(1, 101):
        bulk.change(n, stock=n)
    bulk.run()
    others = [n for n in range(1, 101) if n != 57]
    assert bulk.shown("stock", others) == others
    # All, seven halves, perhaps the bad one alone, and the rest.
    assert len(bulk.patches()) <= 10
    assert bulk.counts("written", "dead") == (99, 1)
    assert not any(bulk.meta(n, name) for n in others for name in ("part", "pooled"))


def test_several_bad_items_of_a_batch_are_found_in_quarters_of_what_is_left_over(open_way):
    bulk = open_way(items=400)
    chance, bad = random.Random(11), set()  # noqa: S311
    for turn in range(4):
        numbers = range(100 * turn + 1, 100 * turn + 101)
        spoiled = chance.sample(numbers, 5)
        for n in spoiled:
            bulk.fault("status", status=400, match=bulk.of(n), times=None)
        for n in numbers:
            bulk.change(n, stock=n)
        bulk.run()
        bulk.pass_time(300)
        bad.update(spoiled)
    others = [n for n in range(1, 401) if n not in bad]
    assert bulk.shown("stock", others) == others
    assert bulk.counts("written", "dead") == (380, 20)
    assert len(bulk.patches()) <= 4 * 36.5  # by halves, 151
    assert not any(bulk.meta(n, name) for n in others for name in ("part", "pooled", "limit"))
