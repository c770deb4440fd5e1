"""Many first events at once over few new keys, through real processes."""

import time

import pytest

from tests.support.depth import depth
from tests.support.real_processes import BY_KEY, CONFIGURATION, SECRET, Instep, Load, say
from tests.support.standin import COLLECTION, Fault, StandIn

# As the promise has it: a thousand events over a hundred keys.
KEYS, EVENTS = depth((20, 200), (100, 1000))
MAPPINGS = BY_KEY + '    name = fields.String(data_key="data.name")\n'


@pytest.fixture
def cms():
    cms = StandIn(10)
    yield cms
    cms.close()


@pytest.fixture
def instep(tmp_path, cms):
    text = CONFIGURATION.format(
        api="v2", url=cms.url, more="", collection=COLLECTION, secret=SECRET
    ).replace('key = "sku"', 'key = "sku"\nmissing = "create"')
    instep = Instep(tmp_path, cms, mappings=MAPPINGS, configuration=text)
    yield instep
    instep.close()


def change(number):
    key = number % KEYS
    data = {"sku": f"new-{key}", "qty": number, "name": f"Desk {key}"}
    at = int(time.time() * 1000) + number
    return {"id": f"e{number}", "type": "stock.changed", "at": at, "data": data}


def lose_every_fifth(cms):
    """Every fifth request to create, the first among them, lands and is never answered."""
    count = 0

    def fault(request):
        nonlocal count
        if request.method != "POST":
            return None
        count += 1
        return Fault(late=0.5) if count % 5 == 1 else None

    cms.fault = fault


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "every fifth answer lost"])
def test_many_first_events_over_few_keys_make_one_item_of_each_key(cms, instep, lost):
    if lost:
        lose_every_fifth(cms)
    instep.up()
    begun = time.monotonic()
    Load(instep, [change(number) for number in range(EVENTS)], threads=32).join()
    status = instep.settled(within=240)
    new = [fields for fields in cms.live.values() if fields["sku"].startswith("new-")]
    calls = cms.calls("POST")
    unanswered = sum(each.status is None for each in calls)
    took = time.monotonic() - begun
    say(f"{len(new)} items, {len(calls)} requests, {unanswered} lost, {took:.0f} s")
    assert sorted(fields["sku"] for fields in new) == sorted(f"new-{n}" for n in range(KEYS))
    assert {fields["sku"]: fields["stock"] for fields in new} == {
        f"new-{n}": EVENTS - KEYS + n for n in range(KEYS)
    }
    assert (status["dead_letters"], status["balanced"]) == (0, True)
    assert (unanswered > 0) == lost
