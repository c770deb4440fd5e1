"""Whatever happens in whatever order: each notice has one fate, and the last change gets out."""

from collections import Counter

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from service.fetchers.base import Fetched
from tests.support.depth import examples
from tests.support.fetches_rig import Way
from workers.errors import FetchRefused, FetchUnavailable
from workers.store.fetch_queue import LEASE, Claim, balanced

OBJECTS = ("p1", "p2")
ACTS = (
    "change",
    "repeat",
    "fetch",
    "refuse",
    "outage",
    "die",
    "read",
    "land",
    "wait",
    "long",
    "act",
)


class Play:
    """Products that change, and a fetch queue to which everything happens that can."""

    def __init__(self, client, folder):
        self.way = Way(client, folder, self._product)
        self.world = Counter()  # product → what its system says of it
        self.fault = None
        self.slow = []  # reads on their way: claim and result
        self.number = 0

    def _product(self, notice):
        if self.fault:
            raise self.fault
        return self._state(notice.object)

    def _state(self, object):
        return {"sku": object, "qty": self.world[object], "price": self.world[object]}

    def do(self, act, object):
        getattr(self, f"_{act}")(object)
        self.check()

    def _change(self, object):
        self.world[object] += 1
        self.number += 1
        self.way.notice(object, id=f"n{self.number}")

    def _repeat(self, object):
        if self.number:
            self.way.notice(object, id=f"n{self.number}")

    def _fetch(self, _):
        self.way.step()

    def _refuse(self, _):
        self._failing(FetchRefused("the answer 404"))

    def _outage(self, _):
        self._failing(FetchUnavailable("no answer"))

    def _failing(self, fault):
        self.fault = fault
        self.way.step()
        self.fault = None

    def _die(self, _):
        self.way.claimed()

    def _read(self, _):
        claim = self.way.claimed()
        if isinstance(claim, Claim):
            self.slow.append((claim, Fetched((self._state(claim.object),))))

    def _land(self, _):
        if self.slow:
            self.way.runner._keep(*self.slow.pop(0))

    def _wait(self, _):
        self.way.pass_time(3)

    def _long(self, _):
        self.way.pass_time(LEASE)

    def _act(self, object):
        for letter in self.way.open_letters():
            if object == "p1":
                self.way.replay(letter.id)
            else:
                self.way.context.letters.discard(letter.id)

    def check(self):
        client, letters = self.way.client, self.way.open_letters()
        for name, status in self.way.context.fetches.status().items():
            assert balanced(status), status
            members = set(client.zrange(f"instep:fetches:{name}", 0, -1))
            assert members == set(client.zrange(f"instep:fetches-waiting:{name}", 0, -1))
            entries = {key.split(":", 3)[3] for key in client.scan_iter("instep:fetch:*")}
            assert members == entries
        held = Counter(client.hget(key, "raw") for key in client.scan_iter("instep:fetch:*"))
        held += Counter(letter.raw for letter in letters)
        bodies = {key.split(":")[2]: key for key in client.scan_iter("instep:raw:*")}
        assert {raw: int(client.hget(key, "letters")) for raw, key in bodies.items()} == held
        assert sum(client.hstrlen(key, "text") for key in bodies.values()) == self.way.held_bytes()

    def settle(self):
        """Let time pass until nothing waits any more; a slow read lands at last, too."""
        for _ in range(4):
            self.way.pass_time(400)
            self.way.run()
        while self.slow:
            self._land(None)
        self.way.run()
        self.check()
        assert self.way.context.fetches.status().get("product", {"waiting": 0})["waiting"] == 0


@examples(20, 150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(OBJECTS)), max_size=40))
def test_each_notice_has_one_fate_and_the_newest_state_is_what_is_kept(store, tmp_path, acts):
    store.flushall()
    play = Play(store, tmp_path)
    for act, object in acts:
        play.do(act, object)
    for object in OBJECTS:  # what is in a letter is out of the way's hands: tell of it once more
        play.do("change", object)
    play.settle()
    for object in OBJECTS:
        assert play.way.value(object) == play.world[object]
