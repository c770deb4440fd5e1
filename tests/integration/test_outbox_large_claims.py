"""A batch that would hold the store for too long is claimed, and settled, by several steps."""

import pytest

from tests.support.outbox_creating import created, knowing, wanted
from tests.support.outbox_driver import Batch, event, sent
from workers.errors import StoreUnavailable
from workers.model.attempts import BatchOutcome, Call, ItemOutcome, Lookup, Wait
from workers.store import claims
from workers.store.outbox import balanced

RECORDS = ("i1", "i2", "i3", "i4", "i5")


@pytest.fixture
def small(bench, monkeypatch):
    """An outbox of whose items each takes a step of its own; five are due."""
    monkeypatch.setattr(claims, "MOST", 1)
    put(bench)
    return bench


def put(bench, *records, **options):
    for record in records or RECORDS:
        bench.accept(event(record, {"stock": 1}, **options))


def before(monkeypatch, bench, step, number, act):
    """Call *act* before the *number*-th run of *step* from now on."""
    run, seen = bench.steps.run, []

    def watched(name, *arguments):
        seen.append(name)
        if name == step and seen.count(step) == number:
            act()
        return run(name, *arguments)

    monkeypatch.setattr(bench.steps, "run", watched)
    return seen


def fail():
    raise StoreUnavailable("gone")


def test_a_batch_that_is_claimed_by_several_steps_is_one_call(small, monkeypatch):
    seen = before(monkeypatch, small, "claim", 0, fail)
    batch = small.batch()
    assert tuple(item.record for item in batch.items) == RECORDS
    assert seen.count("claim") > len(RECORDS) / 2
    assert small.client.hget("instep:destination:site", "calls") == "1"
    assert small.client.zcard("instep:flight:site") == 1
    assert not batch.more


def test_no_step_hands_out_or_settles_more_than_its_share(bench, monkeypatch):
    fields = {f"f{n}": n for n in range(20)}
    for n in range(100):
        bench.accept(event(f"i{n}", fields))
    run, shares = bench.steps.run, []

    def watched(name, request, *more):
        answer = run(name, request, *more)
        items = answer.get("items") or request.get("verdicts")
        shares.append((name, sum(len(x.get("fields") or x["sent"]) for x in items or ())))
        return answer

    monkeypatch.setattr(bench.steps, "run", watched)
    batch = bench.batch()
    assert (len(batch.items), batch.more) == (100, False)
    bench.write(batch)
    assert bench.counts("written", "pending") == (2000, 0)
    assert {name for name, _ in shares} == {"claim", "settle"}
    assert all(number <= (claims.MOST + 100) / claims.VALUE for _, number in shares)


def test_no_claim_holds_the_store_for_more_than_a_few_milliseconds(bench, monkeypatch):
    put(bench, *(f"i{n}" for n in range(100)))
    run, shares = bench.steps.run, []

    def watched(name, *arguments):
        answer = run(name, *arguments)
        shares.append(len(answer["items"]))
        return answer

    monkeypatch.setattr(bench.steps, "run", watched)
    assert len(bench.batch().items) == sum(shares) == 100
    assert max(shares) < 25


@pytest.mark.parametrize(
    ("first", "others"), [("live", "live"), ("reconcile", "reconcile"), ("live", "reconcile")]
)
def test_a_step_does_not_look_again_at_what_does_not_go_together(bench, monkeypatch, first, others):
    staged = tuple(f"s{n}" for n in range(10))
    for record in ("i1", *staged, *RECORDS[1:]):
        bench.accept(event(record, {"stock": 1}), mode=first if record == "i1" else others)
    for record in staged:
        bench.client.hset(f"instep:item:products:{record}", "staged", 1)
    monkeypatch.setattr(claims, "MOST", 1)
    seen = before(monkeypatch, bench, "claim", 0, fail)
    assert tuple(item.record for item in bench.batch().items) == RECORDS
    assert len(seen) <= len(staged) + 2 * len(RECORDS)


def test_what_is_known_of_a_batch_counts_all_that_its_steps_take(small):
    put(small, *(f"j{n}" for n in range(5)))
    small.client.hset("instep:collection:products", mapping={"bad": 10, "good": 30})
    assert small.batch().group == 3


def test_what_the_steps_of_a_claim_postpone_is_due_at_one_time(bench, monkeypatch):
    """Else a request for files would carry only those of one step."""
    for record in RECORDS:
        picture = f"https://cdn.example/{record}.jpg"
        bench.accept(event(record, {"image": picture}, kind="image"))
    first = bench.batch()
    monkeypatch.setattr(claims, "MOST", 1)
    run, steps = bench.steps.run, []

    def slow(name, *arguments):
        steps.append(name)
        bench.pass_time(0.01)
        return run(name, *arguments)

    monkeypatch.setattr(bench.steps, "run", slow)
    assert isinstance(bench.claim(), Wait)
    left = [record for record in RECORDS if record not in sent(first)]
    assert len(steps) > len(left) > 1
    due = bench.client.zmscore("instep:due:products:live", left)
    assert len(set(due)) == 1


def test_suspects_are_claimed_by_one_step(small):
    """How many of them go depends on how many there are."""
    for record in RECORDS:
        small.client.hset(f"instep:item:products:{record}", mapping={"part": "p", "limit": 50})
    small.client.set("instep:part:p", 1)
    assert len(small.batch().items) == 2


def test_no_settle_holds_the_store_for_more_than_a_few_milliseconds(bench, monkeypatch):
    for n in range(100):
        bench.accept(event(f"i{n}", {"stock": n}))
    batch = bench.batch()
    run, shares = bench.steps.run, []

    def watched(name, request, *more):
        shares.append(len(request["verdicts"]))
        return run(name, request, *more)

    monkeypatch.setattr(bench.steps, "run", watched)
    bench.write(batch)
    assert (sum(shares), bench.counts("written")) == (100, (100,))
    assert max(shares) < 25


@pytest.mark.parametrize("again", [{"unknown": True}, {"wait": 2.0}])
def test_what_goes_again_together_is_due_at_one_time(bench, monkeypatch, again):
    put(bench)
    batch = bench.batch()
    monkeypatch.setattr(claims, "MOST", 1)
    seen = before(monkeypatch, bench, "settle", 0, fail)
    item_outcomes = tuple(ItemOutcome(record, **again) for record in RECORDS)
    bench.outbox.settle(batch, BatchOutcome(item_outcomes, "failure"), call=Call(500))
    assert seen == ["settle"]


def test_the_same_token_asked_again_gets_the_same_batch_of_several_steps(small):
    assert small.claim(token="t1") == small.claim(token="t1")
    assert isinstance(small.claim(token="t2"), Wait)


def test_no_other_claim_takes_what_is_to_join(small, monkeypatch):
    """Two claims that share what is due would be two requests."""
    taken = []
    before(monkeypatch, small, "claim", 3, lambda: taken.append(small.claim()))
    batch = small.batch()
    assert isinstance(taken[0], Wait)
    assert taken[0].seconds <= 0.05
    assert tuple(item.record for item in batch.items) == RECORDS
    assert not small.client.hexists("instep:destination:site", "gathers")


def test_what_another_claim_took_in_between_does_not_join(small, monkeypatch):
    """Its next step took longer than anybody waits for."""
    taken = []

    def other():
        monkeypatch.setattr(claims, "MOST", 2500)
        small.pass_time(0.6)
        taken.append(small.batch())

    before(monkeypatch, small, "claim", 3, other)
    batch = small.batch()
    assert len(batch.items) + len(taken[0].items) == len(RECORDS)
    assert sent(batch).keys().isdisjoint(sent(taken[0]))
    small.write(batch)
    small.write(taken[0])
    assert small.counts("written") == (5,)


def test_nothing_joins_once_the_destination_is_paused(small, monkeypatch):
    def pause():
        small.client.hset("instep:destination:site", "paused", "by hand")

    before(monkeypatch, small, "claim", 2, pause)
    batch = small.batch()
    assert len(batch.items) == 1
    assert batch.more


def test_nothing_joins_a_batch_whose_flight_has_ended(small, monkeypatch):
    before(monkeypatch, small, "claim", 2, lambda: small.pass_time(31))
    assert len(small.batch().items) == 1


def test_a_claim_that_ends_between_its_steps_loses_nothing(small, monkeypatch):
    before(monkeypatch, small, "claim", 3, fail)
    with pytest.raises(StoreUnavailable):
        small.claim()
    small.pass_time(31)
    monkeypatch.undo()
    records = set()
    for _ in range(5):
        if isinstance(step := small.claim(), Batch):
            records |= sent(step).keys()
            small.write(step)
        small.pass_time(61)
    assert records == set(RECORDS)
    assert small.counts("written", "pending") == (5, 0)


def test_the_flight_of_a_batch_lasts_until_the_last_of_it_is_settled(small, monkeypatch):
    batch = small.batch()
    flying = []

    def look():
        flying.append(small.client.zcard("instep:flight:site"))

    before(monkeypatch, small, "settle", 5, look)
    settled = small.write(batch)
    assert (settled.settled, settled.lost, settled.letters) == (5, 0, 0)
    assert flying == [1]
    assert small.client.zcard("instep:flight:site") == 0


def test_what_is_not_settled_when_a_worker_dies_is_written_once_more(small, monkeypatch):
    batch = small.batch()
    before(monkeypatch, small, "settle", 3, fail)
    with pytest.raises(StoreUnavailable):
        small.write(batch)
    monkeypatch.undo()
    assert small.counts("written", "pending") == (2, 3)
    small.pass_time(31)
    small.write(small.batch())
    small.pass_time(61)
    assert set(sent(small.batch())) == {"i3", "i4", "i5"}
    assert balanced(small.outbox.counts())


def test_an_item_made_by_the_first_of_several_steps_says_that_there_is_room(
    bench_with, monkeypatch
):
    bench = knowing(bench_with(missing="create"))
    wanted(bench, *RECORDS)
    bench.client.hset("instep:collection:products", "create_most", 40)
    batch = bench.batch()
    monkeypatch.setattr(claims, "MOST", 1)
    first, *others = created(batch)
    item_outcomes = (first, *(ItemOutcome(other.record, attempt=True) for other in others))
    bench.outbox.settle(batch, BatchOutcome(item_outcomes, "success", heard=True), call=Call(202))
    assert len(others) == 4
    assert bench.client.hget("instep:collection:products", "create_most") == "80"


def test_a_look_up_waits_until_several_steps_have_looked_at_what_needs_it(small):
    put(small, *(f"k{n}" for n in range(20)), by="key")
    small.write(small.batch())
    assert isinstance(small.claim(), Lookup)
    assert small.client.zcard("instep:lookup:products") == 20
    assert small.client.hget("instep:destination:site", "calls") == "2"
