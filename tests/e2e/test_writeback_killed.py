"""Killed at each moment of telling: in the end the shop holds what the CMS shows, and it ends."""

import pytest

from tests.support.writeback_rig import told


class Killed(Exception):
    pass


class Moments:
    """Counts the moments at which a process may die, and lets it die at the *last* one."""

    def __init__(self, last):
        self.left = last

    def pass_one(self):
        self.left -= 1
        if self.left == 0:
            raise Killed

    def around(self, call):
        def watched(*arguments, **options):
            self.pass_one()
            answer = call(*arguments, **options)
            self.pass_one()
            return answer

        return watched


def tell(way, moments):
    """Tell once, by a process that may be killed; the next one has a claim to wait for."""
    teller = way.teller("shop")
    store, target = teller._store, teller._target
    target._request = moments.around(getattr(target, "_request", lambda: None))
    if hasattr(target, "_tell"):
        target._tell = moments.around(target._tell)

    class Watched:
        claim = staticmethod(moments.around(store.claim))
        settle = staticmethod(moments.around(store.settle))
        failures = staticmethod(store.failures)

    teller._store = Watched
    try:
        while teller.step() == 0.0:
            pass
    except Killed:
        way.pass_time(31)
        return True
    return False


def happens(way, last):
    """A record is created, changed, refused and retired; a process is killed once on the way."""
    moments, killed = Moments(last), False
    for fields in ({"name": "Oak desk"}, {"stock": 3}, {"color": "no colour"}):
        way.change("new-1", fields)
        way.run()
        killed = tell(way, moments) or killed
    way.retire("new-1", "archive")
    way.run()
    killed = tell(way, moments) or killed
    way.tell()
    return killed


@pytest.mark.parametrize("last", range(1, 30, 6))
def test_killed_while_a_database_is_written(telling, shop, last):
    way = telling(shop)
    shop.add("new-1")
    killed = happens(way, last)
    assert killed
    item = way.the("new-1")
    assert item.staged.archived
    assert shop.row("new-1")[:3] == (item.id, "oak-desk", "archived")
    assert shop.row("new-1")[-1] <= 4 + killed
    assert way.waiting() == 0


@pytest.mark.parametrize("last", range(2, 30, 6))
def test_killed_while_a_target_is_asked(telling, last):
    way = telling()
    killed = happens(way, last)
    assert killed
    messages = told(way)
    # A repeat has the same id, and nothing older comes after something newer.
    sequences = [each["sequence"] for each in messages]
    assert sequences == sorted(sequences)
    assert len(sequences) - len(set(sequences)) <= killed
    assert [each["id"] for each in messages] == [f"wb_shop_{each}" for each in sequences]
    assert (messages[-1]["event"], messages[-1]["state"]) == ("retired", "archived")
    assert messages[0]["event"] == "created"
    assert way.waiting() == 0
