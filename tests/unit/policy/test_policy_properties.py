"""Whatever comes back: every item gets one outcome, and a batch condemns nobody."""

import json

from hypothesis import given
from hypothesis import strategies as st

from workers.config.settings import Collection, Destination
from workers.errors import DestinationError
from workers.fields.types import TYPES
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy.rules import judge
from workers.webflow.item_answers import read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
SLUGS = st.sampled_from(["price", "sku", "_draft", "photo"])
PROBLEM = (
    st.fixed_dictionaries({"param": SLUGS | JSON, "description": st.text(max_size=9) | JSON}) | JSON
)
SHOWN = st.fixed_dictionaries(
    {"id": st.sampled_from(["i0", "i1", "i2"]) | JSON},
    optional={
        "fieldData": st.dictionaries(SLUGS, JSON) | JSON,
        "isDraft": JSON,
        "lastPublished": st.just("2025") | JSON,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "message": st.sampled_from(["never been published", "collection gone"]) | JSON,
        "msg": st.text(max_size=9),
        "code": st.sampled_from(["conflict", "validation_error", "RateLimit"]) | JSON,
        "name": st.sampled_from(["Conflict", "RateLimit", "NotFound"]) | JSON,
        "details": st.lists(PROBLEM, max_size=3) | JSON,
        "problem_data": st.lists(PROBLEM, max_size=3) | JSON,
        "problems": st.lists(PROBLEM, max_size=3) | JSON,
        "items": st.lists(SHOWN, max_size=3) | JSON,
        "fields": st.lists(JSON, max_size=3) | JSON,
        "pagination": JSON,
    },
)
STATUSES = st.sampled_from([200, 202, 301, 400, 401, 404, 409, 413, 429, 500, 502, 503]) | (
    st.integers(100, 599)
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "location"]),
    st.text(max_size=12) | st.integers(0, 10**9).map(str),
)


@st.composite
def outcomes(draw):
    if draw(st.integers(0, 9)) == 0:
        return DestinationError(draw(st.text(max_size=9)), sent=draw(st.booleans()))
    status = draw(STATUSES)
    body = json.dumps(draw(DOCUMENTS | SHOWN | JSON)).encode()
    if status >= 300:
        body = draw(st.just(body) | st.binary(max_size=20))
    return read(status, draw(HEADERS), body)


@st.composite
def fields(draw):
    slug = draw(SLUGS)
    kind = draw(st.sampled_from([*TYPES, "unheard-of"]))
    file = draw(st.none() | st.sampled_from(["", "{", "null", '{"fileId": "f"}']))
    return ClaimedField(slug, "1", kind, 1, file=file, misses=draw(st.integers(0, 2)))


@st.composite
def items(draw, n):
    by_key = draw(st.booleans())
    return ClaimedItem(
        f"k{n}" if by_key else f"i{n}",
        f"i{n}",
        tuple(draw(st.lists(fields(), max_size=3, unique_by=lambda each: each.slug))),
        attempts=draw(st.integers(0, 20)),
        refused=draw(st.booleans()),
        healthy=draw(st.booleans()),
        failed_seconds=draw(st.sampled_from([0.0, 1.0, 1e6])),
        forgotten=draw(st.booleans()),
    )


@st.composite
def judgements(draw):
    count = draw(st.integers(1, 3))
    claimed = tuple(draw(items(n)) for n in range(count))
    batch = Batch(
        "t", "site", "products", claimed, staged=draw(st.booleans()), trial=draw(st.booleans())
    )
    sent = {
        each.record: {field.slug: draw(JSON) for field in each.fields if draw(st.integers(0, 9))}
        for each in claimed
        if draw(st.integers(0, 9))
    }
    api = draw(st.sampled_from(["v1", "v2"]))
    batch_outcome = judge(
        batch,
        draw(outcomes()),
        destination=Destination("site", api, "token", live=draw(st.booleans())),
        collection=Collection("products", "site", "c1", key=draw(st.sampled_from([None, "sku"]))),
        sent=sent,
        spread=draw(st.floats(0, 1, exclude_max=True)),
    )
    return batch, sent, batch_outcome


@given(judgements())
def test_every_item_is_judged_once_and_in_order(case):
    batch, _, batch_outcome = case
    assert [each.record for each in batch_outcome.item_outcomes] == [
        each.record for each in batch.items
    ]


@given(judgements())
def test_no_item_dies_or_counts_an_attempt_by_the_answer_to_a_batch(case):
    batch, _, batch_outcome = case
    if not batch.alone:
        assert not any(
            each.failures or each.attempt or each.refused for each in batch_outcome.item_outcomes
        )


@given(judgements())
def test_a_field_meets_one_fate_at_most(case):
    batch, sent, batch_outcome = case
    for item, item_outcome in zip(batch.items, batch_outcome.item_outcomes, strict=True):
        fates = [*item_outcome.written, *item_outcome.missed]
        fates += [slug for failure in item_outcome.failures for slug in failure.slugs]
        assert len(fates) == len(set(fates))
        assert set(fates) <= {field.slug for field in item.fields}
        assert {*item_outcome.written, *item_outcome.missed} <= set(sent.get(item.record, {}))


@given(judgements())
def test_no_wait_is_longer_than_its_maximum(case):
    _, _, batch_outcome = case
    assert all(0 <= each.wait <= 300 for each in batch_outcome.item_outcomes)
    assert batch_outcome.close_budget is None or 0 <= batch_outcome.close_budget <= 3600


@given(judgements())
def test_batch_limits_only_shrink(case):
    batch, _, batch_outcome = case
    assert all(1 <= (each.limit or 1) <= len(batch.items) for each in batch_outcome.item_outcomes)


def test_an_item_of_which_nothing_was_sent_is_not_published():
    body = json.dumps({"items": [{"id": "i0", "fieldData": {}}]}).encode()
    batch_outcome = judge(
        Batch("t", "site", "products", (ClaimedItem("i0", "i0", ()),), staged=True),
        read(200, {}, body),
        destination=Destination("site", "v2", "token"),
        collection=Collection("products", "site", "c1"),
        sent={},
        spread=0.0,
    )
    assert [each.publish for each in batch_outcome.item_outcomes] == [False]
