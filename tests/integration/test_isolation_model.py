"""
Random batches with random bad items, of which the CMS tells in random ways, on a real store.

Every good item is written in the end, no good item dies, nothing is left of the doubt about it,
and the calls stay within what halving costs.
"""

import json
import math

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.depth import examples
from tests.support.outbox_driver import Bench, event
from workers.model.attempts import Batch, Call
from workers.policy.rules import judge
from workers.webflow.item_answers import Answer, ItemView, read

TELLS = st.sampled_from(["index", "id", "value", "field", "other field", "nothing", "file"])


def refusal(tell, places, batch):
    """Tell of the items at *places* of *batch* as an API might."""
    first = batch.items[places[0]]
    details = {
        "index": [{"param": f"items[{n}].fieldData.stock", "description": "Bad"} for n in places],
        "id": [{"message": f"Item {batch.items[n].id} is bad"} for n in places],
        "value": [{"param": "stock", "description": f"Is bad: {first.fields[0].value}"}],
        "field": [{"param": "stock", "description": "Is bad"}],
        "other field": [{"param": "teaser", "description": "Is bad"}],
    }.get(tell, [])
    message = "Remote file failed to import" if tell == "file" else "Validation Error"
    body = {"message": message, "code": "validation_error", "details": details}
    return read(400, {}, json.dumps(body).encode())


class Cms:
    def __init__(self, bad, tell):
        self.bad, self.tell, self.calls = bad, tell, 0

    def answer(self, batch):
        self.calls += 1
        places = [n for n, item in enumerate(batch.items) if item.record in self.bad]
        if places:
            return refusal(self.tell, places, batch)
        return Answer(200, items={item.id: view(item) for item in batch.items})


def view(item):
    fields = {field.slug: json.loads(field.value) for field in item.fields}
    return ItemView(item.id, fields, "2025-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z")


def drive(bench, cms):
    collection = bench.settings.collections["products"]
    for _ in range(1000):
        step = bench.claim()
        if not isinstance(step, Batch):
            if step.seconds is None:
                return
            bench.pass_time(step.seconds + 0.001)
            continue
        sent = {i.record: {f.slug: json.loads(f.value) for f in i.fields} for i in step.items}
        batch_outcome = judge(
            step,
            cms.answer(step),
            destination=bench.site,
            collection=collection,
            sent=sent,
            spread=0.5,
        )
        bench.outbox.settle(step, batch_outcome, call=Call(500))
    raise AssertionError("it never comes to an end")


@pytest.fixture
def empty(store):
    def flush():
        store.flushall()
        return Bench(store)

    return flush


@examples(10, 25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_good_item_is_held_up_by_a_bad_one(empty, data):
    bench = empty()
    size = data.draw(st.integers(2, 100), "size")
    records = [f"66{n:022x}" for n in range(size)]
    bad = data.draw(st.sets(st.sampled_from(records), max_size=5), "bad")
    tell = data.draw(TELLS, "tell")
    for rounds in (1, 2, 3):
        cms = Cms(bad, tell)
        bench.accept(*(event(r, {"stock": 1000 * rounds + n}) for n, r in enumerate(records)))
        drive(bench, cms)
        for record in records:
            meta, fields = bench.item(record)
            died = record in bad
            assert fields["stock"]["s"] == ("dead" if died else "written")
            if not died:
                left = {"part", "limit", "attempts", "refused", "failed", "bad:stock"} & set(meta)
                assert not left, (record, left)
        told = tell in ("index", "id", "value")
        halving = 1 if told else 2 * math.ceil(math.log2(size))
        first = 2 + len(bad) * (halving + 1)
        again = 1 + len(bad)  # what was bad goes alone
        assert cms.calls <= (first if rounds == 1 else again), (rounds, cms.calls)
