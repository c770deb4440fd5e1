"""A refusal of what was sent by an old schema: who goes once more by a new one, and who dies."""

import pytest

from workers.config.settings import Collection, Destination
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.model.changes import FieldProblem
from workers.policy.rules import judge
from workers.policy.schema_doubts import FRESH_MS
from workers.webflow.item_answers import Answer
from workers.webflow.schema import UNKNOWN, Schema

AT = 10_000_000
OLD, FRESH = Schema(read=AT - FRESH_MS - 1), Schema(read=AT - FRESH_MS)
COLOR = ClaimedField("color", '"Red"', "option", 1)
PRICE = ClaimedField("price", "1", "number", 2)
UNNAMED = Answer(400, "validation_error", "Validation Error")


def naming(slug, message="Option not found"):
    return Answer(400, "validation_error", "Validation Error", (FieldProblem(slug, message),))


def item(n=0, *, fields=(COLOR, PRICE), **more):
    return ClaimedItem(f"k{n}", f"i{n}", fields, **more)


def judged(answer, *items, schema=OLD, kind="update"):
    values = {"color": "0" * 32, "price": 1, "name": "Oak", "slug": "oak"}
    return judge(
        Batch("t", "site", "products", items or (item(),), kind=kind, at=AT),
        answer,
        destination=Destination("site", "v2", "token"),
        collection=Collection("products", "site", "c1", key="sku"),
        sent={each.record: values for each in items or (item(),)},
        spread=0.5,
        schema=schema,
    )


def goes_again(found):
    """Whether all items go again by a new schema, and nothing else comes of it."""
    again = {each.by_new_schema for each in found.item_outcomes}
    assert again == {found.drop_schema} or not any(again)
    assert not any(each.by_new_schema and each.failures for each in found.item_outcomes)
    return all(again)


@pytest.mark.parametrize("kind", ["update", "create"])
def test_alone_an_item_whose_option_is_refused_goes_again_by_a_new_schema(kind):
    assert goes_again(judged(naming("color"), kind=kind))
    assert goes_again(judged(naming("color"), kind=kind, schema=FRESH))


def test_alone_it_goes_again_where_no_field_is_named_if_the_schema_is_old():
    assert goes_again(judged(UNNAMED))
    found = judged(UNNAMED, schema=FRESH)
    assert not goes_again(found)
    assert found.item_outcomes[0].failures[0].slugs == ("color", "price")
    assert not found.drop_schema


@pytest.mark.parametrize(
    ("answer", "more", "schema"),
    [
        pytest.param(naming("color"), {"by_new_schema": True}, OLD, id="refused by a new one"),
        pytest.param(UNNAMED, {"by_new_schema": True}, OLD, id="refused by a new one, unnamed"),
        pytest.param(naming("color"), {}, UNKNOWN, id="no schema"),
        pytest.param(naming("price"), {}, OLD, id="another field"),
        pytest.param(UNNAMED, {"fields": (PRICE,)}, OLD, id="no option"),
    ],
)
def test_alone_it_dies_where_a_new_schema_would_change_nothing(answer, more, schema):
    found = judged(answer, item(**more), schema=schema)
    assert not goes_again(found)
    assert found.item_outcomes[0].failures


def test_a_batch_goes_again_as_it_is_if_the_schema_is_old():
    found = judged(naming("color"), item(0), item(1))
    assert goes_again(found)
    assert {each.part for each in found.item_outcomes} == {""}


@pytest.mark.parametrize(
    ("answer", "more", "schema"),
    [
        pytest.param(naming("color"), {}, FRESH, id="just read"),
        pytest.param(naming("color"), {}, UNKNOWN, id="no schema"),
        pytest.param(naming("color"), {"by_new_schema": True}, OLD, id="refused by a new one"),
        pytest.param(naming("price"), {}, OLD, id="another field"),
        pytest.param(UNNAMED, {}, OLD, id="nothing named"),
    ],
)
def test_a_batch_is_split_where_a_new_schema_would_change_nothing(answer, more, schema):
    found = judged(answer, item(0), item(1, **more), schema=schema)
    assert not goes_again(found)
    assert all(each.part for each in found.item_outcomes)
