"""What one claim holds: items with known ids, that fit into one request together."""

import pytest

from tests.support.outbox_driver import NEVER, event, sent
from workers.model.attempts import Batch, ItemOutcome, Lookup, Wait


def put(bench, *records, **options):
    for record in records:
        bench.accept(event(record, {"stock": 1}, **options))


def limit(bench, record, limit, *, health="success"):
    """Give one item, the only one that is pending, a batch limit."""
    bench.settle(bench.batch(), ItemOutcome(record, limit=limit), health=health)


def batches(bench):
    """The records of all batches that can be claimed one after the other, sorted."""
    taken = []
    while isinstance(step := bench.claim(flights=99), Batch):
        taken.append(sorted(item.record for item in step.items))
    return sorted(taken)


def test_due_items_of_one_collection_travel_together(bench):
    put(bench, "i1", "i2")
    put(bench, "s1", collection="stores")
    assert batches(bench) == [["i1", "i2"], ["s1"]]


def test_a_v2_claim_holds_a_hundred_items_and_says_that_there_are_more(bench):
    bench.accept(*(event(f"i{n}", {"stock": n}, index=n) for n in range(130)))
    first, second = bench.batch(), bench.batch()
    assert (len(first.items), first.more) == (100, True)
    assert (len(second.items), second.more) == (30, False)


def test_a_v1_claim_holds_one_item(bench_with):
    bench = bench_with(api="v1")
    put(bench, "i1", "i2")
    assert batches(bench) == [["i1"], ["i2"]]


def test_a_claim_takes_all_pending_fields_of_an_item_and_no_others(bench):
    bench.confirm("i1", {"stock": 1, "price": 2, "name": 3})
    bench.accept(event("i1", {"price": 5, "stock": 4}))
    assert sent(bench.batch()) == {"i1": {"price": 5, "stock": 4}}


def test_the_same_token_asked_again_gets_the_same_claim(bench):
    put(bench, "i1")
    assert bench.claim(token="t1") == bench.claim(token="t1")
    assert isinstance(bench.claim(token="t2"), Wait)
    assert bench.client.hget("instep:destination:site", "calls") == "1"


def test_only_items_with_known_ids_are_claimed_and_the_others_wait_for_a_look_up(bench):
    put(bench, "known", by="key")
    bench.list_all(("known", "id-1"))
    put(bench, "unknown", by="key")
    batch = bench.batch()
    assert [(item.record, item.id) for item in batch.items] == [("known", "id-1")]
    assert bench.client.zrange("instep:lookup:products", 0, -1) == ["unknown"]
    assert "unknown" not in bench.due()


def test_events_that_carry_the_item_id_wait_for_no_look_up(bench):
    put(bench, "65f0", by="item")
    (item,) = bench.batch().items
    assert (item.record, item.id) == ("65f0", "65f0")


def steps_beside(bench, number):
    """What is handed out while there is always a batch to be sent and a page to be read."""
    for n in range(number):
        bench.pass_time(2)
        put(bench, f"i{n}")
        step = bench.claim()
        if isinstance(step, Lookup):
            bench.page(step, [], more=n + 1)
        else:
            bench.write(step)
        yield type(step)


def test_three_pages_of_the_first_listing_and_a_batch_take_turns(bench):
    put(bench, "a-key", by="key")
    bench.page(bench.claim(), [("other", "id-0")], more=1)
    steps = [*steps_beside(bench, 8)]
    assert steps == [Batch, Lookup, Lookup, Lookup, Batch, Lookup, Lookup, Lookup]


def test_where_a_batch_is_one_item_pages_and_batches_take_turns(bench_with):
    bench = bench_with(api="v1")
    put(bench, "a-key", by="key")
    bench.page(bench.claim(), [("other", "id-0")], more=1)
    assert [*steps_beside(bench, 4)] == [Batch, Lookup, Batch, Lookup]


def test_pages_of_what_was_created_since_and_batches_take_turns(bench):
    put(bench, "known", by="key")
    bench.list_all(("known", "id-1"))
    bench.pass_time(60)
    put(bench, "a-key", by="key")
    bench.write(bench.batch())
    assert [*steps_beside(bench, 4)] == [Lookup, Batch, Lookup, Batch]


def test_an_item_with_a_batch_limit_travels_with_no_more_than_that(bench):
    put(bench, "i1")
    limit(bench, "i1", 1)
    put(bench, "i2", "i3")
    assert batches(bench) == [["i1"], ["i2", "i3"]]


@pytest.mark.parametrize(
    ("limits", "together"), [((3, 3, 2), [["a", "b"], ["c"]]), ((2, 3, 3), [["a", "b"], ["c"]])]
)
def test_suspects_travel_among_themselves_in_no_larger_a_request_than_each_of_them_may(
    bench, limits, together
):
    for record, most in zip("abc", limits, strict=True):
        put(bench, record)
        bench.settle(bench.batch(), ItemOutcome(record, limit=most, wait=60))
    bench.pass_time(61)
    put(bench, "d")
    assert batches(bench) == [*together, ["d"]]


def test_an_item_in_a_live_claim_is_not_claimed_again_even_if_it_stands_there_as_due(bench):
    put(bench, "i1")
    bench.batch()
    bench.client.zadd("instep:due:products:live", {"i1": 0})
    assert not isinstance(bench.claim(), Batch)


def test_a_success_lifts_the_batch_limit(bench):
    put(bench, "i1")
    limit(bench, "i1", 1)
    bench.write(bench.batch())
    bench.accept(event("i1", {"stock": 2}))
    put(bench, "i2")
    assert batches(bench) == [["i1", "i2"]]


def test_a_limit_from_an_outage_is_forgotten_when_the_outage_has_ended(bench):
    put(bench, "i1")
    limit(bench, "i1", 1, health="failure")
    bench.client.hincrby("instep:destination:site", "epoch", 1)
    put(bench, "i2")
    assert batches(bench) == [["i1", "i2"]]


def test_a_limit_from_a_refusal_outlasts_an_outage(bench):
    put(bench, "i1")
    limit(bench, "i1", 1, health="refusal")
    bench.client.hincrby("instep:destination:site", "epoch", 1)
    put(bench, "i2")
    assert batches(bench) == [["i1"], ["i2"]]


def test_staged_items_go_in_a_request_of_their_own(bench):
    put(bench, "i1")
    bench.settle(bench.batch(), ItemOutcome("i1", staged=True))
    put(bench, "i2")
    first, second = bench.batch(), bench.batch()
    told = {item.record: batch.staged for batch in (first, second) for item in batch.items}
    assert told == {"i1": True, "i2": False}


def test_staged_is_remembered_until_an_answer_says_otherwise(bench):
    put(bench, "i1")
    bench.settle(bench.batch(), ItemOutcome("i1", staged=True))
    bench.write(bench.batch(), status=NEVER)
    put(bench, "i1")
    batch = bench.batch()
    assert batch.staged
    bench.settle(batch, ItemOutcome("i1", staged=False))
    assert not bench.batch().staged


@pytest.mark.parametrize("kind", ["image", "images", "file"])
def test_items_that_import_files_go_in_a_request_of_their_own(bench, kind):
    bench.accept(event("i1", {"photo": "https://x/1.png"}, kind=kind))
    bench.accept(event("i2", {"photo": "https://x/2.png"}, kind=kind))
    put(bench, "i3")
    assert batches(bench) == [["i1", "i2"], ["i3"]]


def test_an_option_waits_for_the_schema_of_its_collection_and_the_schema_is_asked_for(bench):
    bench.accept(event("i1", {"size": "L"}, kind="option"))
    step = bench.claim()
    assert (step.kind, step.collection) == ("schema", "products")
    copy = bench.settings.copy_of(bench.settings.collections["products"])
    bench.client.set(f"instep:schema:products:{copy}", "[]")
    assert sent(bench.batch()) == {"i1": {"size": "L"}}


def test_the_schema_is_asked_for_every_thirty_seconds_at_most(bench):
    bench.accept(event("i1", {"size": "L"}, kind="option"))
    assert isinstance(bench.claim(), Lookup)
    assert isinstance(bench.claim(), Wait)
    bench.pass_time(31)
    assert isinstance(bench.claim(), Lookup)


def test_a_schema_that_does_not_come_holds_up_neither_other_items_nor_other_collections(bench):
    bench.accept(event("i1", {"size": "L"}, kind="option"))
    assert isinstance(bench.claim(), Lookup)
    bench.pass_time(1)
    put(bench, "i2")
    put(bench, "s1", collection="stores")
    assert batches(bench) == [["i2"], ["s1"]]


def test_at_most_so_many_requests_are_on_their_way_at_once(bench):
    put(bench, "i1")
    first = bench.batch(flights=1)
    put(bench, "i2")
    assert bench.claim(flights=1) == Wait(None, "flight")
    bench.write(first)
    assert isinstance(bench.claim(flights=1), Batch)


def test_the_place_of_a_request_whose_worker_died_is_free_after_thirty_seconds(bench):
    put(bench, "i1")
    bench.batch(flights=1)
    put(bench, "i2")
    bench.pass_time(31)
    assert isinstance(bench.claim(flights=1), Batch)


def test_nothing_is_claimed_from_a_paused_destination(bench):
    put(bench, "i1")
    bench.client.hset("instep:destination:site", "paused", "401")
    assert bench.claim() == Wait(None, "paused")


def test_a_paused_collection_does_not_hold_up_another(bench):
    put(bench, "i1")
    put(bench, "s1", collection="stores")
    bench.client.hset("instep:collection:products", "paused", "404")
    assert batches(bench) == [["s1"]]


def test_many_items_without_an_id_do_not_hide_one_that_has_one(bench):
    for start in range(0, 450, 90):
        numbers = range(start, start + 90)
        bench.accept(*(event(f"k{n}", {"stock": 1}, index=n, by="key") for n in numbers))
    put(bench, "i1")
    steps = [bench.claim() for _ in range(5)]  # a claim looks at so many
    batches = [step for step in steps if isinstance(step, Batch)]
    assert [sent(batch) for batch in batches] == [{"i1": {"stock": 1}}]
