"""What `why` says holds, whatever happened: in step means shown, and what waits has a reason."""

import json
import random

import pytest

from tests.support.life_rig import Planted

RECORDS = ("P-0001", "P-0002", "P-0003", "P-0004", "P-9991", "P-9992")
FAULTS = ("status", "reset-after", "reset-before", "drop-field", "omit-item", "schema-changed")
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


def act(way, chosen):
    """Do one of the things that may happen to a few records."""
    key, n = chosen.choice(RECORDS), chosen.randrange(1, 5)
    ahead = chosen.choice((0, 0, 0, -30, 3, 7200))
    match chosen.randrange(12):
        case 0 | 1 | 2 | 3:
            way.receive(key, qty=chosen.randrange(9), ahead=ahead)
        case 4:
            way.receive(key, category=chosen.choice(("Chairs", "Nonsense")), ahead=ahead)
        case 5:
            way.receive(key, qty="nothing", ahead=ahead)
        case 6:
            way.fault(chosen.choice(FAULTS), times=chosen.randrange(1, 4))
        case 7:
            way.unpublish(n) if chosen.random() < 0.5 else way.publish(n)
        case 8:
            way.retire(key, chosen.choice(("archive", "draft")))
        case 9:
            way.context.breaker.pause(chosen.choice(("site", "products")), "by chance")
        case 10:
            for name in ("site", "products"):
                way.context.breaker.resume(name)
        case 11:
            way.pass_time(chosen.randrange(1, 90))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_what_is_told_holds(way, seed):
    chosen = random.Random(seed)  # noqa: S311
    for key in RECORDS:
        way.receive(key, qty=1, ahead=-100)
    for _ in range(25):
        act(way, chosen)
        for _ in range(chosen.randrange(4)):
            way.step()
        for key in RECORDS:
            holds(way, key)
    way.mend()
    for name in ("site", "products"):
        way.context.breaker.resume(name)
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
