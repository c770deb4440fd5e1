"""Erasing beside everything else, and killed at any step: P4 is exact, and all of it is gone."""

import json
import random
from collections import Counter

import pytest
import redis

from tests.support.depth import depth
from tests.support.outbox_driver import Bench, bad, event
from tests.support.stored_items import item_of
from workers.model.attempts import Batch, FieldFailure, ItemOutcome, Lookup
from workers.store.erasure import Erasure
from workers.store.key_text import KeyText
from workers.store.outbox import balanced
from workers.store.scripts import Steps

KEYS = ("REF-77", "REF-770", "OTHER-1")


class KilledError(Exception):
    pass


class DyingSteps(Steps):
    """Ends before its *left*-th step from now."""

    left = 0

    def run(self, step, request, *more):
        self.left -= 1
        if self.left < 0:
            raise KilledError
        return super().run(step, request, *more)


@pytest.fixture
def raw(store_socket):
    with redis.Redis(unix_socket_path=store_socket) as client:
        yield client


def erasure(raw, steps, key="REF-77"):
    return Erasure(raw, steps, KeyText("products", key, names=("sku",), is_key=KEYS.__contains__))


def deliver(bench, key, value):
    body = json.dumps({"sku": key, "qty": value}).encode()
    bench.accept(event(key, {"stock": value, "price": value + 1}, by="key"), body=body)


def check(bench):
    """Each value that is counted as pending or dead stands in a record, and no other."""
    counts = bench.counts()
    assert balanced(counts)
    states = Counter()
    for name in bench.client.scan_iter(match="instep:item:*"):
        held = item_of(bench.client, name)
        fields = [json.loads(text) for slug, text in held.items() if slug.startswith("f:")]
        states.update(field["s"] for field in fields)
        for field in fields:
            if field["s"] == "dead":
                assert bench.client.hget(f"instep:letter:{field['l']}", "state") == "open"
    assert (states["pending"], states["dead"]) == (counts["pending"], counts["dead"])


@pytest.mark.parametrize("steps", range(6))
def test_killed_before_any_step_it_is_ended_by_the_next_run(bench, store, raw, steps):
    deliver(bench, "REF-77", 1)
    bench.list_all(("OTHER-1", "i2"))  # and so it is dead
    deliver(bench, "REF-77", 2)
    deliver(bench, "OTHER-1", 3)
    bench.accept(bad(id="e1"), body=b'{"sku": "REF-77", "qty": "x"}')
    dying = DyingSteps(store)
    dying.left = steps
    first = erasure(raw, dying)
    with pytest.raises(KilledError):
        first.run(first.find())
    again = erasure(raw, bench.steps)
    assert again.begun()
    assert again.run(again.find()).left == ()
    assert again.find() == ()
    check(bench)
    assert bench.counts("discarded") == (2,)
    assert bench.value("OTHER-1") == 3


def settle(bench, batch, draw):
    def item_outcome(item):
        slugs = tuple(field.slug for field in item.fields)
        return draw.choice(
            [
                ItemOutcome(item.record, written=slugs),
                ItemOutcome(item.record, unknown=True),
                ItemOutcome(item.record, failures=(FieldFailure("refused", slugs, "no", 400),)),
                ItemOutcome(item.record, wait=1.0),
            ]
        )

    bench.settle(batch, *(item_outcome(item) for item in batch.items))


def answer(bench, step, draw, batches):
    if isinstance(step, Lookup):
        shown = [(key, f"id-{key}") for key in KEYS if draw.random() < 0.6]
        bench.page(step, shown)
    elif isinstance(step, Batch):
        batches.append(step)


def erase(bench, raw, draw):
    key = draw.choice(KEYS)
    one = erasure(raw, bench.steps, key)
    assert one.run(one.find()).left == ()
    assert not bench.client.exists(f"instep:item:products:{key}")


def act(bench, raw, draw, batches, number):
    match draw.choice(["deliver", "deliver", "claim", "claim", "settle", "letter", "erase"]):
        case "deliver":
            deliver(bench, draw.choice(KEYS), number)
        case "claim":
            answer(bench, bench.claim(), draw, batches)
        case "settle" if batches:
            settle(bench, batches.pop(draw.randrange(len(batches))), draw)
        case "letter" if letters := bench.letters():
            bench.letter(draw.choice(letters)["id"], draw.choice(["replay", "discard"]))
        case "erase":
            erase(bench, raw, draw)


@pytest.mark.parametrize("seed", range(depth(1, 4)))
def test_beside_anything_the_count_is_exact(store, raw, seed):
    draw, bench, batches = random.Random(seed), Bench(store), []  # noqa: S311
    for number in range(50):
        act(bench, raw, draw, batches, number)
        bench.pass_time(draw.choice([0.01, 2, 40]))
        check(bench)
    for _ in range(30):
        bench.pass_time(120)
        answer(bench, bench.claim(), draw, batches)
        while batches:
            bench.write(batches.pop())
    check(bench)
    assert bench.counts("pending") == (0,)
