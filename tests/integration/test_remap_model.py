"""
Run again, deliveries leave what they would have left had the mappings been right from the start.
"""

import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.support.depth import examples
from tests.support.outbox_driver import EPOCH
from tests.support.remap_rig import Shop

WRONG = """
price = fields.Integer(data_key="cents")
name = fields.String(data_key="sku")
"""
RIGHT = """
price = fields.Integer(data_key="euros")
stock = fields.Integer(data_key="qty")
"""
HALF = """
price = fields.Integer(data_key="cents")
stock = fields.Integer(data_key="pieces")
"""
ONE = 'topics = ("one",)'
TIMES = [None, None, int(EPOCH.timestamp()) + 1, int(EPOCH.timestamp()) + 2, "soon"]
EVENTS = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(["a", "a", "b"]),
        "type": st.sampled_from(["one", "one", "two"]),
        "at": st.sampled_from(TIMES),
        "id": st.sampled_from([None, "e1", "e2", "e3", "e4", "e5"]),
    },
    optional={"euros": st.integers(1, 3), "qty": st.integers(1, 3)},
)
# All within the time for which ids are remembered: later, a repeat is run once, and counts twice.
DELIVERIES = st.lists(
    st.tuples(st.lists(EVENTS, min_size=1, max_size=3), st.sampled_from([0, 0, 1, 3600])),
    min_size=1,
    max_size=8,
)


def payload(number, event, soon):
    """An event: of one id it is one and the same, whenever it comes."""
    made = {name: value for name, value in event.items() if value is not None}
    if made.get("at") == "soon":
        made["at"] = soon
    # A value is given by the same events under every mapping: what no event gives any more stays.
    for name, other in (("euros", "cents"), ("qty", "pieces")):
        if name in made:
            made[other] = made[name] * 10
    return made | {"number": number}


def play(store, folder, deliveries, soon, *, mappings):
    """Let *deliveries* come under the first of *mappings*, and correct it to each of the others."""
    store.flushall()
    shop = Shop(store, folder, mappings[0][0], meta=mappings[0][1], keep_hours=1000.0)
    known = {}
    for number, (events, seconds) in enumerate(deliveries):
        made = [payload(number, event, soon) for event in events]
        shop.receive(*(known.setdefault(e["id"], e) if "id" in e else e for e in made))
        shop.pass_time(seconds)
    for fields, meta in mappings[1:]:
        shop.correct(fields, meta=meta)
        dry = shop.remap(dry=True, hours=2000)
        real = shop.remap(hours=2000)
        assert dry.diff.changed() == real.diff.changed()
        held = shop.stored()
        assert shop.remap(hours=2000).tally.taken == 0
        assert shop.stored() == held
    return {
        (record, slug): field["v"]
        for record in ("a", "b")
        for slug, field in shop.item(record)[1].items()
        if slug in ("price", "stock")
    }


@pytest.mark.parametrize("between", [(), ((HALF, ""),)], ids=["once", "twice"])
@given(deliveries=DELIVERIES)
@examples(10, 25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_corrected_mapping_leaves_what_it_would_have_left(store, tmp_path, between, deliveries):
    soon = int(time.time()) + 1800
    right = play(store, tmp_path, deliveries, soon, mappings=[(RIGHT, "")])
    found = play(store, tmp_path, deliveries, soon, mappings=[(WRONG, ONE), *between, (RIGHT, "")])
    kept = {place: value for place, value in found.items() if place in right}
    assert kept == right
