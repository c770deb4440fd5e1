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
    label, flag = chosen.choice(("Chairs", "Nonsense")), chosen.choice(("archive", "draft"))
    fault, place = chosen.choice(FAULTS), chosen.choice(("site", "products"))
    acts = (
        *(lambda: way.receive(key, qty=chosen.randrange(9), ahead=ahead),) * 4,
        lambda: way.receive(key, category=label, ahead=ahead),
        lambda: way.receive(key, qty="nothing", ahead=ahead),
        lambda: way.fault(fault, times=n),
        lambda: way.unpublish(n),
        lambda: way.publish(n),
        lambda: way.retire(key, flag),
        lambda: way.context.breaker.pause(place, "by chance"),
        lambda: resume(way),
        lambda: way.pass_time(chosen.randrange(1, 90)),
    )
    chosen.choice(acts)()


def resume(way):
    for name in ("site", "products"):
        way.context.breaker.resume(name)


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
    resume(way)
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
