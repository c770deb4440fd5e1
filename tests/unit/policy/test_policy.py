"""What an outcome depends on besides the answer: who was alone, how often, and what is healthy."""

from collections import Counter

import pytest

from workers.config.settings import Collection, Destination
from workers.errors import DestinationError
from workers.model.attempts import Batch, ClaimedField, ClaimedItem
from workers.model.changes import FieldProblem
from workers.policy.rules import backoff, judge
from workers.webflow.item_answers import Answer, ItemView

OUTAGE = Answer(500, "internal_error", "An Internal Error occurred")
GONE = Answer(404, "resource_not_found", "Requested resource not found")
HELD_BACK = Answer(409, "conflict", "items that have never been published")
PRICE = ClaimedField("price", "1", "number", 1)
STOCK = ClaimedField("stock", "2", "number", 2)
SENT = {"price": 1, "stock": 2}


def item(n=0, *, fields=(PRICE, STOCK), **more):
    return ClaimedItem(f"k{n}", f"i{n}", fields, **more)


def judged(outcome, *items, sent=SENT, live=True, spread=0.5, attempts=12, **batch):
    items = items or (item(),)
    return judge(
        Batch("t", "site", "products", items, **batch),
        outcome,
        destination=Destination("site", "v2", "token", live=live, attempts=attempts),
        collection=Collection("products", "site", "c1", key="sku"),
        sent={each.record: sent for each in items},
        spread=spread,
    )


def item_outcome(outcome, *items, **more):
    return judged(outcome, *items, **more).item_outcomes[0]


def view(n=0, *, published="2025-01-01", draft=False, archived=False, **fields):
    fields = {"price": 1, "stock": 2, "sku": f"k{n}"} | fields
    return ItemView(f"i{n}", fields, "2025-02-02", published, draft=draft, archived=archived)


def shows(*views):
    return Answer(200, items={each.id: each for each in views})


# refusals ---------------------------------------------------------------------------------------


def refusal(*slugs):
    problems = tuple(FieldProblem(slug, "Is too long") for slug in slugs)
    return Answer(400, "validation_error", "Validation Error", problems)


def test_the_named_field_dies_with_the_words_of_the_cms_and_the_other_goes_again():
    found = item_outcome(refusal("price"))
    (failure,) = found.failures
    assert (failure.kind, failure.slugs, failure.status) == ("refused", ("price",), 400)
    assert (failure.message, failure.problems) == (
        "Validation Error",
        (FieldProblem("price", "Is too long"),),
    )
    assert found.refused
    assert found.wait == 0


@pytest.mark.parametrize("outcome", [refusal(), refusal("colour"), refusal("price", "stock")])
def test_all_fields_die_where_none_or_all_are_named(outcome):
    assert item_outcome(outcome).failures[0].slugs == ("price", "stock")


def test_refused_again_all_fields_die():
    found = item_outcome(refusal("price"), item(refused=True))
    assert found.failures[0].slugs == ("price", "stock")
    assert not found.refused


def test_a_field_that_was_not_sent_does_not_die_of_the_refusal():
    assert item_outcome(refusal(), sent={"price": 1}).failures[0].slugs == ("price",)


@pytest.mark.parametrize(("size", "suspects"), [(100, 50), (7, 4), (3, 2), (2, 1)])
def test_a_refused_batch_goes_again_in_two_parts(size, suspects):
    batch_outcome = judged(refusal("price"), *(item(n) for n in range(size)))
    parts = Counter(each.part for each in batch_outcome.item_outcomes)
    assert sorted(parts.values()) == sorted([suspects, size - suspects])
    assert not any(each.limit for each in batch_outcome.item_outcomes)
    assert not any(each.failures or each.attempt for each in batch_outcome.item_outcomes)


def test_a_missing_item_that_was_looked_up_again_dies():
    assert item_outcome(GONE, item(forgotten=True)).failures[0].kind == "missing"


def test_a_missing_item_that_was_addressed_by_its_id_dies():
    found = item_outcome(GONE, ClaimedItem("i0", "i0", (PRICE,)), sent={"price": 1})
    assert (found.failures[0].kind, found.forget) == ("missing", False)


def test_what_was_not_sent_live_cannot_be_held_back_to_staged():
    assert item_outcome(HELD_BACK, staged=True).failures[0].kind == "refused"
    assert item_outcome(HELD_BACK, live=False).failures[0].kind == "refused"


@pytest.mark.parametrize(
    ("answer", "dropped"),
    [
        (Answer(400, problems=(FieldProblem("stock", "Field not described in schema"),)), True),
        (Answer(409, "conflict", "The collection structure changed"), True),
        (refusal("color"), True),
        (refusal("price"), False),
        (Answer(500, problems=(FieldProblem("color", ""),)), False),
        (DestinationError("", sent=True), False),
    ],
)
def test_the_schema_is_dropped_by_what_contradicts_it(answer, dropped):
    option = ClaimedField("color", '"Red"', "option", 3)
    assert judged(answer, item(fields=(PRICE, option))).drop_schema is dropped


@pytest.mark.parametrize(
    ("message", "doubt"),
    [
        ("Is too long: 'Oak & Sons'", "at-once"),
        ("Required field cannot be cleared", "at-once"),
        ("Some rule of tomorrow", "soon"),
        ("Unique value is already in database: 'oak'", "no"),
        ("Referenced item not found", "no"),
        ("Remote image failed to import", "no"),
        ("Expected value to have a 'url' field", "no"),
    ],
)
def test_the_schema_is_doubted_by_a_refusal_that_it_should_have_foretold(message, doubt):
    answer = Answer(400, problems=(FieldProblem("price", message),))
    assert judged(answer).mark_schema_stale == doubt
    assert judged(Answer(500, problems=answer.problems)).mark_schema_stale == "no"


def test_a_refusal_of_a_field_that_was_not_sent_says_nothing_of_the_schema():
    answer = Answer(400, problems=(FieldProblem("teaser", "Is too long: 'x'"),))
    assert judged(answer).mark_schema_stale == "no"


# outages ----------------------------------------------------------------------------------------


def test_an_attempt_counts_only_alone_and_while_others_get_through():
    assert item_outcome(OUTAGE).attempt
    assert not item_outcome(OUTAGE, item(healthy=False)).attempt
    assert not item_outcome(OUTAGE, item(0), item(1)).attempt


@pytest.mark.parametrize(("so_far", "kinds"), [(10, []), (11, ["exhausted"]), (40, ["exhausted"])])
def test_the_last_attempt_is_a_dead_letter(so_far, kinds):
    assert [
        failure.kind for failure in item_outcome(OUTAGE, item(attempts=so_far)).failures
    ] == kinds


def test_an_outage_exhausts_nothing():
    assert not item_outcome(OUTAGE, item(attempts=99, healthy=False)).failures
    assert not item_outcome(OUTAGE, item(0, attempts=99), item(1, attempts=99)).failures
    assert not item_outcome(DestinationError("refused", sent=False), item(attempts=99)).failures


DAY = 24 * 3600.0


@pytest.mark.parametrize(
    ("seconds", "trial", "dies"),
    [(DAY, True, True), (DAY - 1, True, False), (2 * DAY, False, False), (0.0, True, False)],
)
def test_an_item_that_fails_alone_for_a_day_of_good_probes_dies(seconds, trial, dies):
    found = item_outcome(OUTAGE, item(failed_seconds=seconds, healthy=False), trial=trial)
    assert bool(found.failures) is dies


def test_a_batch_that_fails_on_trial_is_isolated():
    assert item_outcome(OUTAGE, item(0, healthy=False), item(1, healthy=False)).limit is None
    assert (
        item_outcome(OUTAGE, item(0, healthy=False), item(1, healthy=False), trial=True).limit == 1
    )


def test_a_batch_that_found_no_connection_is_not():
    assert item_outcome(DestinationError("refused", sent=False), item(0), item(1)).limit is None


def test_the_destination_makes_an_item_wait_eight_seconds_at_most():
    assert item_outcome(OUTAGE, item(attempts=9, healthy=False), spread=0.99).wait == pytest.approx(
        7.92
    )


def test_an_item_that_is_the_suspect_waits_five_minutes_at_most():
    assert item_outcome(OUTAGE, item(attempts=9), spread=0.99).wait == pytest.approx(297)


def test_retry_after_counts_on_503_and_on_no_other_failure():
    assert item_outcome(Answer(503, retry_after=20.0)).wait == 20
    assert item_outcome(Answer(503, retry_after=9000.0)).wait == 300
    assert item_outcome(Answer(500, retry_after=20.0)).wait < 2


def test_a_retry_after_of_a_day_does_not_close_the_budget_for_one():
    assert judged(Answer(429, retry_after=86_400.0)).close_budget == 3600


@pytest.mark.parametrize("attempt", [1, 2, 3, 50, 5000])
def test_a_backoff_doubles_up_to_its_cap(attempt):
    longest = min(300.0, 2.0 * 2 ** min(attempt - 1, 60))
    assert backoff(attempt, base=2, cap=300, spread=0.25) == longest / 4


def test_a_backoff_counts_attempts_from_one():
    with pytest.raises(ValueError, match="0 is below 1"):
        backoff(0, base=2, cap=300, spread=0.5)


# 200 --------------------------------------------------------------------------------------------


def test_what_the_answer_shows_is_written_and_what_it_drops_goes_again_alone():
    found = item_outcome(shows(view(price=7), view(1)), item(), item(1))
    assert (found.written, found.missed, found.limit) == (("stock",), ("price",), 1)
    assert (found.failures, found.attempt, found.updated) == ((), False, "2025-02-02")


def test_dropped_again_alone_it_is_read_before_anything_is_said_of_it():
    once = ClaimedField("price", "1", "number", 1, misses=1)
    found = item_outcome(shows(view(price=7)), item(fields=(once, STOCK)))
    assert (found.failures, found.missed) == ((), ("price",))


def test_dropped_twice_it_was_not_applied():
    twice = ClaimedField("price", "1", "number", 1, misses=2)
    found = item_outcome(shows(view(price=7)), item(fields=(twice, STOCK)))
    (failure,) = found.failures
    assert (failure.kind, failure.slugs, failure.status) == ("not-applied", ("price",), 200)
    assert failure.problems == (FieldProblem("price", "the item holds 7"),)
    assert (found.written, found.missed) == (("stock",), ())


def test_dropped_again_in_a_batch_it_is_not_condemned():
    twice = ClaimedField("price", "1", "number", 1, misses=1)
    found = item_outcome(shows(view(price=7), view(1)), item(fields=(twice,)), item(1))
    assert (found.failures, found.missed, found.limit) == ((), ("price",), 1)


def test_items_are_matched_by_id_and_not_by_place():
    batch_outcome = judged(shows(view(1), view(0)), item(0), item(1))
    assert [each.written for each in batch_outcome.item_outcomes] == [("price", "stock")] * 2


def test_a_status_is_read_beside_the_fields():
    flag = ClaimedField("_draft", "true", "flag", 1)
    found = item_outcome(shows(view(draft=True)), item(fields=(flag,)), sent={"_draft": True})
    assert found.written == ("_draft",)


def test_an_imported_file_is_remembered():
    picture = ClaimedField("photo", '{"url":"https://a"}', "image", 1)
    shown = view(photo={"fileId": "f1", "url": "https://cdn", "alt": None})
    found = item_outcome(
        shows(shown), item(fields=(picture,)), sent={"photo": {"url": "https://a"}}
    )
    assert found.files == {"photo": '{"fileId": "f1", "url": "https://cdn"}'}


def test_another_key_in_the_answer_forgets_the_id_and_writes_nothing():
    found = item_outcome(shows(view(sku="other")))
    assert (found.forget, found.written) == (True, ())


def test_after_the_second_look_up_it_is_missing():
    found = item_outcome(shows(view(sku="other")), item(forgotten=True))
    assert found.failures[0].kind == "missing"
    assert found.failures[0].message == 'item i0 holds "other" as its key, not k0'
    together = item_outcome(shows(view(sku="other")), item(forgotten=True), item(1))
    assert (together.failures, together.limit) == ((), 1)


@pytest.mark.parametrize("key", [12, 12.0, "12"], ids=repr)
def test_keys_are_compared_as_text(key):
    found = item_outcome(
        shows(ItemView("i0", {"price": 1, "sku": key})),
        ClaimedItem("12", "i0", (PRICE,)),
        sent={"price": 1},
    )
    assert found.written == ("price",)


@pytest.mark.parametrize("key", [None, "", True, ["k"]])
def test_an_answer_without_a_key_is_taken_by_its_id(key):
    assert item_outcome(shows(view(sku=key))).written == ("price", "stock")


def test_an_item_that_is_addressed_by_id_may_have_any_key():
    found = item_outcome(shows(view()), ClaimedItem("i0", "i0", (PRICE,)), sent={"price": 1})
    assert found.written == ("price",)


def test_a_key_that_was_sent_proves_nothing():
    key = ClaimedField("sku", '"new"', "plain", 1)
    found = item_outcome(shows(view(sku="new")), item(fields=(key,)), sent={"sku": "new"})
    assert found.written == ("sku",)


def test_what_the_answer_shows_of_an_item_is_told_to_the_store():
    assert item_outcome(shows(view()), staged=True).status == "|2025-01-01|2025-02-02"
    assert item_outcome(shows(view(published=None, draft=True))).status == "d||2025-02-02"
    assert item_outcome(shows(view(archived=True, draft=True))).status == "ad|2025-01-01|2025-02-02"


@pytest.mark.parametrize(
    ("shown", "live"),
    [
        (view(published=None), True),
        (view(draft=True), True),
        (view(archived=True), True),
        (view(), False),
    ],
)
def test_what_went_staged_and_is_held_back_is_written(shown, live):
    found = item_outcome(shows(shown), staged=True, live=live)
    assert (found.staged, found.written) == (None, ("price", "stock"))


def test_a_field_that_was_not_sent_is_neither_written_nor_missed():
    found = item_outcome(shows(view(price=7)), sent={"stock": 2})
    assert (found.written, found.missed) == (("stock",), ())


def test_a_value_that_json_has_not_is_told_all_the_same():
    twice = ClaimedField("price", "1", "number", 1, misses=2)
    found = item_outcome(shows(view(price=float("nan"))), item(fields=(twice,)))
    assert found.failures[0].problems[0].message == "the item holds something that is not JSON"


def test_an_item_that_the_answer_leaves_out_goes_again_alone_and_then_dies():
    assert item_outcome(shows(view(1)), item(), item(1)).missed == ("price", "stock")
    twice = ClaimedField("price", "1", "number", 1, misses=2)
    (failure,) = item_outcome(shows(), item(fields=(twice,))).failures
    assert failure.problems == (FieldProblem("price", "the answer leaves the item out"),)


# references by key ------------------------------------------------------------------------------


def referring(**more):
    key = '{"key":"s1","to":"stores"}'
    return item(fields=(STOCK, ClaimedField("store", key, "reference-key", 3, **more)))


UNKNOWN = FieldProblem("store", "Referenced item not found: i9")
AGAIN = {"stock": 2, "store": "i9"}


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(400, "validation_error", "Validation Error", (UNKNOWN,)),
        Answer(404, "resource_not_found", "Requested resource not found", (UNKNOWN,)),
    ],
)
def test_an_item_that_is_referred_to_and_not_known_is_looked_up_once_more(outcome):
    found = item_outcome(outcome, referring(link='"i9"'), sent=AGAIN)
    assert (found.dangling, found.failures, found.forget) == (("store",), (), False)


def test_a_reference_that_was_looked_up_again_dies_as_any_field():
    outcome = Answer(400, "validation_error", "Validation Error", (UNKNOWN,))
    found = item_outcome(outcome, referring(link='"i9"', misses=1), sent=AGAIN)
    assert found.dangling == ()
    assert [failure.slugs for failure in found.failures] == [("store",)]


def test_in_a_batch_no_reference_is_judged_unless_its_id_is_told():
    outcome = Answer(400, "validation_error", "Validation Error", (UNKNOWN,))
    found = judged(outcome, referring(link='"i9"'), item(1), sent=AGAIN)
    assert [each.dangling for each in found.item_outcomes] == [(), ()]
    assert not any(each.failures or each.attempt for each in found.item_outcomes)


# keys of several parts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "sent", "other"),
    [
        ({"country": "DE"}, {}, None),
        ({"country": "FR"}, {}, "k0|FR"),
        ({"country": "FR"}, {"country": "DE"}, None),
        ({"country": "FR", "sku": "k9"}, {"country": "DE"}, "k9|FR"),
        ({}, {}, None),
    ],
    ids=["ours", "another", "it was sent", "the rest is another", "no key at all"],
)
def test_an_answer_shows_another_item_by_the_parts_that_were_not_sent(held, sent, other):
    fields = (PRICE, STOCK, ClaimedField("country", '"DE"', "plain", 3))
    mine = ClaimedItem("k0|DE", "i0", fields)
    (found,) = judge(
        Batch("t", "site", "products", (mine,)),
        shows(view(**held)),
        destination=Destination("site", "v2", "token"),
        collection=Collection("products", "site", "c1", key=("sku", "country")),
        sent={"k0|DE": SENT | sent},
        spread=0.5,
    ).item_outcomes
    assert (found.forget, found.overwrote) == (other is not None, other)


def test_an_item_that_never_gets_an_answer_fails_with_what_happened_to_its_requests():
    tried = item(attempts=11, failed_seconds=1.0)
    (failure,) = item_outcome(DestinationError("no answer in 30 s", sent=True), tried).failures
    assert (failure.kind, failure.message) == ("exhausted", "no answer in 30 s")


# publishing -------------------------------------------------------------------------------------


def test_items_of_a_batch_that_were_not_published_without_a_reason_go_again_in_half_of_it():
    answer = Answer(200, published=frozenset({"i0"}))
    first, *others = judged(answer, *(item(n) for n in range(4)), kind="publish").item_outcomes
    assert (first.staged, first.limit) == (False, None)
    assert [(each.limit, each.failures) for each in others] == [(2, ())] * 3
