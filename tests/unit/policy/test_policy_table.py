"""Every row of the policy table, for a request of one item and of four, in v1 and in v2."""

import json

import pytest

from workers.config.settings import Collection, Destination
from workers.errors import DestinationError
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.policy.rules import RULES, Action, judge, rule_for
from workers.webflow.item_answers import read

COLLECTION = Collection("products", "site", "c1", key="sku")
NEVER = "Live PATCH updates can't be applied to items that have never been published"
FULL = "You've created all the items in your CMS Database allowed on your current plan."
CONFLICT = "Conflict: Conflict with server data: "


def v1(status, name=None, message="", **more):
    body = {"msg": message, "code": status, "name": name, "path": "/x", "err": "", **more}
    return read(status, {}, json.dumps(body).encode())


def v2(status, code=None, message="", headers=None, **more):
    body = {"message": message, "code": code, "externalReference": None, "details": [], **more}
    return read(status, headers or {}, json.dumps(body).encode())


def verdict_on(outcome, *, api, size=1, create=False, **item):
    """Return what becomes of the first of *size* items, and the outcome."""
    fields = (ClaimedField("price", "1", "number", 1), ClaimedField("stock", "2", "number", 2))
    items = tuple(ClaimedItem(f"k{n}", f"i{n}", fields, **item) for n in range(size))
    batch_outcome = judge(
        Batch("t", "site", "products", items, kind="create" if create else "update"),
        outcome,
        destination=Destination("site", api, "token"),
        collection=COLLECTION,
        sent={each.record: {"price": 1, "stock": 2, "slug": each.record} for each in items},
        spread=0.5,
    )
    return batch_outcome.item_outcomes[0], batch_outcome


def told(item_outcome, batch_outcome):
    """Say in a few words what was decided: what the rows below are compared with."""
    words = [batch_outcome.health]
    words += ["pause"] if batch_outcome.pause else []
    words += ["pause collection"] if batch_outcome.pause_collection else []
    words += ["await publish"] if batch_outcome.not_published else []
    words += ["await room"] if batch_outcome.no_room else []
    words += (
        [f"close {batch_outcome.close_budget:g}"] if batch_outcome.close_budget is not None else []
    )
    words += [f"{failure.kind} {' '.join(failure.slugs)}" for failure in item_outcome.failures]
    words += [f"limit {item_outcome.limit}"] if item_outcome.limit else []
    words += ["part"] if item_outcome.part else []
    words += ["written " + " ".join(item_outcome.written)] if item_outcome.written else []
    words += ["missed " + " ".join(item_outcome.missed)] if item_outcome.missed else []
    for name in ("attempt", "refused", "failed", "unknown", "forget"):
        words += [name] if getattr(item_outcome, name) else []
    words += ["staged"] if item_outcome.staged else []
    words += ["look"] if item_outcome.look else []
    words += ["relist"] if item_outcome.relist else []
    words += ["wait"] if item_outcome.wait else []
    return ", ".join(words)


PRICE = [{"param": "price", "description": "Is too low: 1"}]
PRICE_V1 = [{"slug": "price", "msg": "Is too low", "value": 1}]
ITEM = {"id": "i0", "lastUpdated": "2025", "fieldData": {"price": 1, "stock": 2, "sku": "k0"}}
ITEM_V1 = {"_id": "i0", "updated-on": "2025", "price": 1, "stock": 2, "sku": "k0"}
HTML = read(502, {}, b"<html>Bad Gateway</html>")
ISOLATE = "refusal, part, wait"
UNSURE = "failure, limit 2, unknown, wait"
ALONE_UNSURE = "failure, attempt, failed, unknown, wait"

# the answer, api, what becomes of it alone, and in a batch of four
ROWS = [
    (v2(200, items=[ITEM]), "v2", "success, written price stock", "success, written price stock"),
    (v2(200, **ITEM), "v2", "success, written price stock", "success, written price stock"),
    (v1(200, **ITEM_V1), "v1", "success, written price stock", None),
    (
        v2(200, items=[]),
        "v2",
        "success, limit 1, missed price stock, attempt",
        "success, limit 1, missed price stock",
    ),
    (v2(301), "v2", "refusal, pause", "refusal, pause"),
    (v1(302), "v1", "refusal, pause", None),
    (v2(400, "validation_error", "Validation Error", details=PRICE), "v2",
     "refusal, refused price, attempt, refused", ISOLATE),
    (v1(400, "ValidationError", "Validation Failure", problem_data=PRICE_V1), "v1",
     "refusal, refused price, attempt, refused", None),
    (v2(400, "bad_request", "Bad Request: Request is malformed"), "v2",
     "refusal, refused price stock, attempt", ISOLATE),
    (v1(400, "SyntaxError"), "v1", "refusal, refused price stock, attempt", None),
    (v1(400, "RateLimit", "Rate limit hit"), "v1", "refusal, close 0", None),
    (v1(429, "RateLimit", "Rate limit hit"), "v1", "refusal, close 0", None),
    (v2(429, "too_many_requests", headers={"retry-after": "7"}), "v2",
     "refusal, close 7", "refusal, close 7"),
    (v1(401, "Unauthorized", "Cannot access resource"), "v1", "refusal, pause", None),
    (v2(401, "not_authorized"), "v2", "refusal, pause", "refusal, pause"),
    (v2(403, "missing_scopes"), "v2", "refusal, pause", "refusal, pause"),
    (read(401, {}, b""), "v2", "refusal, pause", "refusal, pause"),
    (read(403, {}, b"<html>"), "v2", "refusal, pause", "refusal, pause"),
    (read(407, {}, b""), "v2", "refusal, pause", "refusal, pause"),
    (v1(400, "UnsupportedVersion"), "v1", "refusal, pause", None),
    (v1(404, "RouteNotFoundError", "Route not found: /x"), "v2", "refusal, pause",
     "refusal, pause"),
    (v2(404, None, "Cannot PATCH /v2/collections/x/items"), "v2", "refusal, pause",
     "refusal, pause"),
    (v1(410, "Gone", "The v1 API has been sunset. Use v2."), "v1", "refusal, pause", None),
    (read(410, {}, b""), "v2", "refusal, pause", "refusal, pause"),
    (v1(400, "InvalidAuthVersion", "Invalid auth version"), "v1", "refusal, pause", None),
    (v1(400, "ServerSaysNo", "This endpoint is deprecated since March"), "v1", "refusal, pause",
     None),
    (v2(400, "bad_request", "Bad Request: this API version is no longer supported"), "v2",
     "refusal, pause", "refusal, pause"),
    (v2(400, "invalid_auth_version"), "v2", "refusal, pause", "refusal, pause"),
    (v2(400, "bad_request", "The access token has expired"), "v2", "refusal, pause",
     "refusal, pause"),
    (v2(400, "invalid_token"), "v2", "refusal, pause", "refusal, pause"),
    (v2(400, "validation_error", "Remote file failed to import: 401 Unauthorized"), "v2",
     "refusal, refused price stock, attempt", ISOLATE),
    (v2(400, "validation_error", "Bad value 'authorization of API version 2'"), "v2",
     "refusal, refused price stock, attempt", ISOLATE),
    (v2(400, "validation_error", "API version", details=PRICE), "v2",
     "refusal, refused price, attempt, refused", ISOLATE),
    (v2(404, "resource_not_found", "Requested resource not found"), "v2",
     "refusal, forget", "refusal, part, relist, wait"),
    (v1(404, "NotFound", "CMS Items not found: i0"), "v1", "refusal, forget", None),
    (v2(404, "collection_not_found"), "v2", "refusal, pause collection",
     "refusal, pause collection"),
    (v2(404, "resource_not_found", "Requested resource not found: The site cannot be found"),
     "v2", "refusal, pause collection", "refusal, pause collection"),
    (v1(404, "NotFound", "Collection not found: null"), "v1", "refusal, pause collection", None),
    (v2(409, "conflict", CONFLICT + NEVER), "v2", "refusal, attempt, staged",
     "refusal, look"),
    (v2(409, "conflict", "Conflict: the item is archived"), "v2", "refusal, attempt, staged",
     "refusal, look"),
    (v1(400, "Conflict", NEVER), "v1", "refusal, attempt, staged", None),
    (v1(400, "ValidationError", NEVER), "v1", "refusal, attempt, staged", None),
    (v1(409, "Conflict", NEVER), "v1", "refusal, attempt, staged", None),
    (v2(409, "conflict", "Conflict: The collection structure changed since the last publish"),
     "v2", "refusal, await publish", "refusal, await publish"),
    (v2(409, "conflict", "Conflict", details=["The site is not published"]), "v2",
     "refusal, await publish", "refusal, await publish"),
    (v2(409, "conflict", "The site hasn't been published"), "v2", "refusal, await publish",
     "refusal, await publish"),
    # What is there needs no room.
    (v2(409, "conflict", FULL), "v2", "refusal, attempt, refused, wait", ISOLATE),
    (v1(409, "CollectionSchemaChangedError"), "v1", "refusal, await publish", None),
    (v1(400, "InconsistentPublicationsError"), "v1", "refusal, await publish", None),
    (v1(400, "Conflict", "The site is not published"), "v1", "refusal, await publish", None),
    (v2(409, "conflict", "Conflict: something else"), "v2",
     "refusal, attempt, refused, wait", ISOLATE),
    (read(413, {}, b"too large"), "v2", "refusal, refused price stock, attempt",
     "refusal, limit 2"),
    (v2(418), "v2", "refusal, refused price stock, attempt", ISOLATE),
    (v2(500, "internal_error"), "v2", "failure, attempt, failed, wait", "failure, limit 2, wait"),
    (v1(500, "ServerError"), "v1", "failure, attempt, failed, wait", None),
    (v2(503, "service_unavailable"), "v2", "failure, attempt, failed, wait",
     "failure, limit 2, wait"),
    (HTML, "v2", ALONE_UNSURE, UNSURE),
    (v2(504), "v2", ALONE_UNSURE, UNSURE),
    (v2(524), "v2", ALONE_UNSURE, UNSURE),
    (DestinationError("no answer", sent=True), "v2", ALONE_UNSURE, UNSURE),
    (DestinationError("no answer", sent=True), "v1", ALONE_UNSURE, None),
    (DestinationError("refused", sent=False), "v2", "failure, wait", "failure, wait"),
    (read(199, {}, b"{}"), "v2", "failure, attempt, failed, wait", "failure, limit 2, wait"),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "api", "alone"), [row[:3] for row in ROWS])
def test_each_row_says_what_becomes_of_an_item_alone(outcome, api, alone):
    assert told(*verdict_on(outcome, api=api)) == alone


@pytest.mark.parametrize(("outcome", "batch"), [(row[0], row[3]) for row in ROWS if row[3]])
def test_each_row_says_what_becomes_of_the_items_of_a_batch(outcome, batch):
    assert told(*verdict_on(outcome, api="v2", size=4)) == batch


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize(
    "outcome",
    [
        v2(409, "conflict", FULL),
        v2(409, "conflict", "Conflict: Item limit reached"),
        v2(409, "conflict", "Conflict", details=[FULL]),
        v2(409, "conflict", "Conflict", details=[{"message": FULL}]),
        v1(400, "Conflict", FULL),
        v1(409, "Conflict", FULL),
        v2(403, "forbidden", "Upgrade your plan to create more items"),
    ],
)
def test_a_plan_limit_is_no_fault_of_what_was_to_be_created(outcome, size):
    assert told(*verdict_on(outcome, api="v2", size=size, create=True)) == "refusal, await room"


def test_an_unknown_conflict_refuses_an_item_alone_the_second_time():
    outcome = v2(409, "conflict", "Conflict: something else")
    for create in (False, True):
        found = told(*verdict_on(outcome, api="v2", create=create, refused=True))
        assert found == "refusal, refused price stock, attempt"


def test_the_rows_walk_every_rule_and_every_action():
    rows = [(row[0], False) for row in ROWS] + [(v2(409, "conflict", FULL), True)]
    first = [rule_for(outcome, create=create) for outcome, create in rows]
    assert [rule for rule in RULES if rule not in first] == []
    assert {rule.action for rule in first} == set(Action)


def test_a_pause_repeats_the_words_of_the_cms_and_says_what_to_do():
    for row in ROWS:
        rule = rule_for(row[0])
        assert (rule.action is Action.PAUSE) == bool(rule.advice)
    _, batch_outcome = verdict_on(v2(401, "not_authorized", "Request not authorized"), api="v2")
    said, advice = batch_outcome.pause.split("; ")
    assert said == "401 not_authorized: Request not authorized"
    assert "token" in advice
    assert "resume" in advice


def test_a_redirect_is_told_with_its_target():
    outcome = read(301, {"location": "https://elsewhere.example/"}, b"")
    said = verdict_on(outcome, api="v2")[1].pause
    assert said.startswith("301: redirects to https://elsewhere.example/; set its base_url")
