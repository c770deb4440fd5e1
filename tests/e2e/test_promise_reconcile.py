"""Items with differences of all causes, through real processes and the command."""

import json
import time

import pytest

from tests.support.depth import depth
from tests.support.planted_site import MAPPINGS, Planted, configuration
from tests.support.real_processes import Instep, Load, eventually, say

# As the promise has it: a thousand items.
COUNT, SHARE = depth((300, 5), (1000, 8))


@pytest.fixture(scope="module")
def planted():
    planted = Planted(COUNT, share=SHARE)
    yield planted
    planted.close()


@pytest.fixture(scope="module")
def instep(tmp_path_factory, planted):
    """One installation, that has heard of the items that are about to differ."""
    text = configuration(planted, policy='orphans = "report"')
    folder = tmp_path_factory.mktemp("reconcile")
    instep = Instep(folder, planted, mappings=MAPPINGS, configuration=text)
    instep.up()
    Load(instep, planted.first_events(), threads=8).join()
    instep.settled()
    planted.plant()
    planted.write_source(folder / "stock.csv")
    yield instep
    instep.close()


def reconcile(instep, *more):
    code, said, wrong = instep.command("reconcile", "products", "stock.csv", "--json", *more)
    assert said, wrong
    return code, json.loads(said)


def by_cause(told):
    found = {}
    for each in told["differences"]:
        found.setdefault(each["cause"], set()).add(each["key"])
    return {cause: sorted(keys) for cause, keys in found.items()}


def test_one_pass_names_every_difference_and_a_second_finds_none(planted, instep):
    begun = time.monotonic()
    code, told = reconcile(instep)
    took = time.monotonic() - begun
    say(f"{told['found']} differences in {took:.1f} s: {dict(planted.calls)}")
    assert by_cause(told) == {kind: planted.keys(kind) for kind in planted.planted}
    assert planted.calls["list"] <= 10
    # What is written once more and what is new may go in requests of their own.
    assert planted.calls["PATCH"] <= 2
    assert planted.calls["POST"] <= 2
    assert code == 1  # keys are left to people
    planted.calls.clear()
    code, again = reconcile(instep)
    assert {*by_cause(again)} == {"orphan", "duplicate key", "no key"}
    assert {*planted.calls} == {"list"}


def test_beside_live_traffic_nothing_stale_is_written(planted, instep):
    planted.edit_live()
    # A round a second, so that each is written; the first one comes before the reconcile.
    size = 3 * SHARE
    load = Load(instep, planted.live_events(depth(4, 12)), threads=4, rate=size)
    eventually(lambda: len(load.acks) > size)
    _, told = reconcile(instep)
    assert told["found"] > 0
    load.join()
    instep.settled()
    assert planted.stale() == {}
