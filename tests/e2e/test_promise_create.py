"""Many first events at once over few new keys, through real processes."""

import time

import pytest

from tests.support.depth import depth
from tests.support.real_processes import BY_KEY, CONFIGURATION, SECRET, Instep, Load, say
from tests.support.standin import COLLECTION, Fault, StandIn

# As the promise has it: a thousand events over a hundred keys.
KEYS, EVENTS, PROCESSES = depth((20, 200, 1), (100, 1000, 2))
MAPPINGS = BY_KEY + '    name = fields.String(data_key="data.name")\n'


@pytest.fixture(scope="module")
def cms():
    cms = StandIn(10)
    yield cms
    cms.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, cms):
    """One installation; each test has keys of its own."""
    text = CONFIGURATION.format(
        api="v2", url=cms.url, more="", collection=COLLECTION, secret=SECRET
    ).replace('key = "sku"', 'key = "sku"\nmissing = "create"')
    folder = tmp_path_factory.mktemp("create")
    instep = Instep(folder, cms, mappings=MAPPINGS, configuration=text, processes=PROCESSES)
    instep.up()
    yield instep
    instep.close()


def change(kind, number):
    key = number % KEYS
    data = {"sku": f"{kind}-{key}", "qty": number, "name": f"Desk {kind} {key}"}
    at = int(time.time() * 1000) + number
    return {"id": f"{kind}-{number}", "type": "stock.changed", "at": at, "data": data}


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
    kind, before = ("lost" if lost else "told"), len(cms.calls("POST"))
    if lost:
        lose_every_fifth(cms)
    begun = time.monotonic()
    Load(instep, [change(kind, number) for number in range(EVENTS)], threads=32).join()
    status = instep.settled(within=240)
    new = [fields for fields in cms.live.values() if fields["sku"].startswith(kind)]
    calls = cms.calls("POST")[before:]
    unanswered = sum(each.status is None for each in calls)
    took = time.monotonic() - begun
    say(f"{len(new)} items, {len(calls)} requests, {unanswered} lost, {took:.0f} s")
    assert sorted(fields["sku"] for fields in new) == sorted(f"{kind}-{n}" for n in range(KEYS))
    assert {fields["sku"]: fields["stock"] for fields in new} == {
        f"{kind}-{n}": EVENTS - KEYS + n for n in range(KEYS)
    }
    assert (status["dead_letters"], status["balanced"]) == (0, True)
    assert (unanswered > 0) == lost
