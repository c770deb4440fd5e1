"""Of a refused batch: what the answer tells of single items, and what goes again with what."""

import json

import pytest

from workers.config.settings import Collection, Destination
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy.rules import judge
from workers.webflow.item_answers import read


def field(slug, value, kind="plain", **more):
    return ClaimedField(slug, json.dumps(value), kind, 1, **more)


def item(n, *fields, **more):
    fields = fields or (field("price", 100 + n, "number"),)
    return ClaimedItem(f"SKU-{n:03d}", f"66{n:022x}", fields, **({"fresh": True} | more))


def refusal(message="Validation Error", details=(), status=400, **more):
    body = {"message": message, "code": "validation_error", "details": list(details), **more}
    return read(status, {}, json.dumps(body).encode())


def parted(outcome, *items, create=False, group=0):
    """Return the numbers of the items that go alone, with a part of suspects, another, with any."""
    items = items or tuple(item(n) for n in range(8))
    sent = {
        each.record: {f.slug: json.loads(f.link or f.value) for f in each.fields} for each in items
    }
    found = judge(
        Batch(
            "token", "site", "products", items, kind="create" if create else "update", group=group
        ),
        outcome,
        destination=Destination("site", "v2", "token"),
        collection=Collection("products", "site", "c1", key="sku"),
        sent=sent,
        spread=0.5,
    ).item_outcomes
    assert not any(each.failures or each.attempt for each in found)
    groups = {"alone": [], "suspects": [], "others": [], "any": []}
    for place, each in enumerate(found):
        if each.limit == 1:
            groups["alone"].append(place)
        elif not each.part:
            groups["any"].append(place)
        else:
            groups["suspects" if each.part.endswith("s") else "others"].append(place)
    return {name: places for name, places in groups.items() if places}


@pytest.mark.parametrize(
    "outcome",
    [
        refusal(details=[{"param": "items[3].fieldData.price", "description": "Is too low"}]),
        refusal(details=["items.3.fieldData.price: Is too low"]),
        refusal('Validation Error: ["Value (items[3].fieldData.price) should be number"]'),
        refusal(details=[{"path": ["items", 3, "fieldData", "price"], "message": "Is too low"}]),
        refusal(details=[{"instancePath": "/items/3/fieldData/price", "message": "Too low"}]),
        refusal(details=[{"index": 3, "message": "Is too low"}]),
        refusal("Bad item at index 3"),
        refusal(details=[{"itemId": f"66{3:022x}", "message": "Is too low"}]),
        refusal(f"Item 66{3:022x} breaks a rule"),
        refusal(errors={f"66{3:022x}": "Is too low"}),
        refusal(details=[{"param": "price", "description": "SKU-003 is too cheap"}]),
        refusal(details=[{"param": "price", "description": "Is too low: 103"}]),
        refusal(details=[{"param": "price", "description": "Expected more than '103'"}]),
        refusal("Conflict: item '660000000000000000000003'", status=409),
    ],
)
def test_what_is_told_of_goes_alone_and_the_rest_together(outcome):
    assert parted(outcome) == {"alone": [3], "any": [0, 1, 2, 4, 5, 6, 7]}


def test_several_may_be_told_of():
    details = [{"param": f"items[{n}].fieldData.price", "description": "Is low"} for n in (1, 6)]
    assert parted(refusal(details=details)) == {"alone": [1, 6], "any": [0, 2, 3, 4, 5, 7]}


def test_a_place_that_is_not_in_the_batch_tells_nothing():
    assert "alone" not in parted(refusal(details=[{"index": 99, "message": "Is too low"}]))


def test_an_id_that_was_sent_means_those_that_sent_it_and_not_its_item():
    other = f"66{5:022x}"
    items = [item(n, field("next", None, "reference", link=json.dumps(other))) for n in (1, 2)]
    items += [item(n) for n in (4, 5, 6, 7, 8, 9)]
    outcome = refusal(details=[{"param": "next", "description": f"Item not found: {other}"}])
    assert parted(outcome, *items) == {"alone": [0, 1], "any": [2, 3, 4, 5, 6, 7]}


def test_a_new_item_is_told_of_by_the_slug_that_is_taken():
    items = [
        ClaimedItem(f"K{n}", "", (field("name", f"N{n}"), field("slug", f"oak-{n}")), fresh=True)
        for n in range(4)
    ]
    text = "Unique value is already in database: 'oak-2'"
    outcome = refusal(details=[{"param": "slug", "description": text}])
    assert parted(outcome, *items, create=True) == {"alone": [2], "any": [0, 1, 3]}


def test_those_that_send_the_named_field_are_the_suspects():
    items = [item(n, *([field("teaser", "x")] if n < 3 else [field("stock", n)])) for n in range(8)]
    outcome = refusal(details=[{"param": "teaser", "description": "Some rule"}])
    assert parted(outcome, *items) == {"suspects": [0, 1, 2], "any": [3, 4, 5, 6, 7]}


def test_a_field_that_nobody_sends_tells_nothing():
    outcome = refusal(details=[{"param": "teaser", "description": "Some rule"}])
    assert parted(outcome) == {"suspects": [0, 1, 2, 3], "others": [4, 5, 6, 7]}


def test_where_many_were_bad_lately_fewer_than_half_of_them_go_first():
    assert parted(refusal(), group=3) == {"suspects": [0, 1, 2, 3, 4], "others": [5, 6, 7]}
    assert parted(refusal(), group=9) == {"suspects": [0, 1, 2, 3], "others": [4, 5, 6, 7]}


@pytest.mark.parametrize(
    "odd",
    [
        item(6, attempts=1),
        item(6, refused=True),
        item(6, fresh=False),
        item(6, field("price", 1, "number", misses=1)),
        item(6, field("photo", {"url": "https://a"}, "image")),
    ],
)
def test_what_failed_before_or_carries_files_shares_no_part_with_the_others(odd):
    items = [odd if n == 6 else item(n) for n in range(8)]
    assert parted(refusal(), *items) == {"suspects": [6], "others": [0, 1, 2, 3, 4, 5, 7]}


def test_what_the_cms_took_before_shares_no_part_with_new_values():
    items = [item(n, field("price", n, "number", repair=n not in (2, 5))) for n in range(8)]
    found = parted(refusal(), *items)
    assert found == {"suspects": [2, 5], "others": [0, 1, 3, 4, 6, 7]}


def test_a_value_that_all_of_them_send_tells_nothing():
    items = [item(n, field("color", "vermilion")) for n in range(4)]
    outcome = refusal(details=[{"param": "color", "description": "No such colour: 'vermilion'"}])
    assert parted(outcome, *items) == {"suspects": [0, 1], "others": [2, 3]}


def test_the_value_of_another_field_than_the_named_one_tells_nothing():
    items = [item(n, field("price", n), field("note", f"low-{n}")) for n in range(4)]
    outcome = refusal(details=[{"param": "price", "description": "Is 'low-2'"}])
    assert "alone" not in parted(outcome, *items)


def test_a_deeply_nested_body_is_read_as_far_as_it_goes():
    body = b'{"details":' + b"[" * 500 + b"]" * 500 + b"}"
    assert read(400, {}, body).places == frozenset()


def test_whose_id_was_just_looked_up_is_no_suspect_where_one_is_not_known():
    items = [item(n, forgotten=n in (1, 2)) for n in range(8)]
    found = parted(refusal("Not found", status=404), *items)
    assert found == {"suspects": [0, 3, 4, 5, 6, 7], "others": [1, 2]}
