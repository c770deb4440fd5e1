"""What `why` says holds, whatever happened: in step means shown, and what waits has a reason."""

import json
import random

import pytest

from tests.support.depth import depth
from tests.support.life_rig import Planted

RECORDS = ("P-0001", "P-0002", "P-0003", "P-0004", "P-9991", "P-9992")
FAULTS = ("status", "reset-after", "reset-before", "drop-field", "omit-item", "schema-changed")
AHEAD = (0, 0, 0, -30, 3, 7200)  # s
STATES = {
    *("in step", "pending", "sending", "dead", "left out", "not published", "edited"),
    *("retired", "ignored", "discarded"),
}


@pytest.fixture
def way(store, tmp_path):
    way = Planted(store, tmp_path)
    yield way
    way.close()
    way.check()


def receive(way, chosen):
    way.receive(chosen.choice(RECORDS), qty=chosen.randrange(9), ahead=chosen.choice(AHEAD))


def refer(way, chosen):
    label = chosen.choice(("Chairs", "Nonsense"))
    way.receive(chosen.choice(RECORDS), category=label, ahead=chosen.choice(AHEAD))


def garble(way, chosen):
    way.receive(chosen.choice(RECORDS), qty="nothing", ahead=chosen.choice(AHEAD))


def fault(way, chosen):
    way.fault(chosen.choice(FAULTS), times=chosen.randrange(1, 4))


def edit(way, chosen):
    chosen.choice((way.publish, way.unpublish))(chosen.randrange(1, 5))


def retire(way, chosen):
    way.retire(chosen.choice(RECORDS), chosen.choice(("archive", "draft")))


def pause(way, chosen):
    way.context.breaker.pause(chosen.choice(("site", "products")), "by chance")


def resume(way, _):
    for name in ("site", "products"):
        way.context.breaker.resume(name)


def wait(way, chosen):
    way.pass_time(chosen.randrange(1, 90))


ACTS = (receive, receive, receive, refer, garble, fault, edit, retire, pause, resume, wait)


@pytest.mark.parametrize("seed", range(depth(2, 8)))
def test_whatever_happens_what_is_told_holds(way, seed):
    chosen = random.Random(seed)  # noqa: S311
    for key in RECORDS:
        way.receive(key, qty=1, ahead=-100)
    for _ in range(25):
        chosen.choice(ACTS)(way, chosen)
        for _ in range(chosen.randrange(4)):
            way.step()
        for key in RECORDS:
            holds(way, key)
    way.mend()
    resume(way, chosen)
    way.run()
    for key in RECORDS:
        assert holds(way, key)["state"] not in ("pending", "sending")


def holds(way, key):
    found = way.why(key)
    assert json.loads(json.dumps(found)) == found
    assert found["state"] in STATES
    assert found["waits"] or found["state"] == "in step"
    states = {each["state"] for each in found["fields"].values()}
    assert ("pending" in states) <= (found["state"] in ("pending", "sending"))
    if found["state"] == "in step":
        n = int(key[2:])
        shown = way.live(n) or way.staged(n)  # an editor may have unpublished it since
        for slug, each in found["fields"].items():
            if each["state"] in ("written", "unchanged") and slug == "stock":
                assert shown[slug] == each["wanted"], (slug, found)
    return found
