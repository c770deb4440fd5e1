"""What is wrong is reported by one process at a time, whatever happens to it or to the store."""

import json
import logging
from dataclasses import asdict

import pytest

from tests.support.alert_player import cause
from workers.alerts.cause import Observation
from workers.alerts.heartbeat import Heartbeat
from workers.alerts.local_memory import LocalMemory
from workers.alerts.rules import SETTLE
from workers.alerts.sender import Sender
from workers.alerts.silence import Habit
from workers.alerts.watch import FOLLOWER, LOCK, LOOK, Watch, Work
from workers.config.settings import ALERT_KINDS, Alerts
from workers.errors import StoreFull, StoreUnavailable
from workers.outgoing.http_request import Reply
from workers.store import alert_memory, keys
from workers.store.lease import Lease

URL, HEART = "https://hooks.example/s3cr3t", "https://hearts.example/s3cr3t"
BEGAN = 1_800_000_000.0
AWAY = cause("store", "store away", after=30)


class Killed(BaseException):
    """A process ends in the middle of what it does."""


class Sink:
    """Answers POSTs with *status*; *dies*: the sender, "before" or "after" the message arrives."""

    def __init__(self):
        self.messages, self.hearts, self.status, self.dies = [], 0, 200, ""

    def __call__(self, method, address, *, body=None, **_):
        if method == "GET":
            self.hearts += 1
            return Reply(200)
        if self.dies == "before":
            raise Killed
        if self.status == 200:
            self.messages.append(json.loads(body)["instep"])
        if self.dies == "after":
            raise Killed
        return Reply(self.status)

    def take(self):
        """Return what was told since the last time, as ``state name``."""
        told = [
            f"{each['state']} {each['name']}" for said in self.messages for each in said["causes"]
        ]
        self.messages.clear()
        return told


class Gate(Lease):
    """A lease on a store that can be *away* or *full*."""

    away = full = False

    def take(self):
        if self.away:
            raise StoreUnavailable("no answer")
        return super().take()

    def write(self, give):
        if self.full:
            raise StoreFull("no room")
        return super().write(give)


class Installation:
    """Processes that watch one store, in a time of their own."""

    def __init__(self, store, folder):
        self.store, self.folder, self.now = store, folder, BEGAN
        self.sink, self.causes, self.received, self.well = Sink(), [], {}, True
        self.excused, self.alerts = frozenset(), Alerts(URL, heartbeat=HEART)

    def look(self):
        return Observation(tuple(self.causes), self.received, self.excused, self.well)

    def away(self, error):
        return [AWAY]

    def process(self, name="up"):
        lease = Gate(self.store, keys.ALERTER, "the alerts", seconds=LOCK)
        watch = Watch(
            self.store,
            lease,
            LocalMemory(self.folder / f"alerts-{name}.json"),
            sender=Sender(self.sink),
            heartbeat=Heartbeat(self.sink),
            clock=lambda: self.now,
            ticks=lambda: self.now,
        )
        watch.use(Work(self.alerts, self, "shop"))
        watch.lease = lease
        return watch

    def play(self, watch, seconds, step=5.0):
        """Let *watch* look for *seconds*; return what was told."""
        ends = self.now + seconds
        while self.now < ends:
            watch.look()
            self.now += step
        return self.sink.take()

    def kill(self, watch):
        """End a process whose lease runs out."""
        self.store.delete(keys.ALERTER)
        del watch


@pytest.fixture
def installation(store, tmp_path):
    return Installation(store, tmp_path)


def test_a_cause_its_end_and_nothing_more(installation):
    watch = installation.process()
    installation.causes = [cause(name="a")]
    assert installation.play(watch, 300) == ["began a"]
    installation.causes = []
    assert installation.play(watch, 300) == ["ended a"]


def test_without_the_table_nothing_is_done(installation, store):
    watch = installation.process()
    watch.use(None)
    installation.causes = [cause()]
    assert installation.play(watch, 60) == []
    assert store.keys("*") == []


def test_one_of_two_processes_reports(installation):
    one, other = installation.process(), installation.process("worker")
    installation.causes = [cause(name="a")]
    assert installation.play(one, 60) == ["began a"]
    assert installation.play(other, 60) == []
    installation.kill(one)
    assert installation.play(other, 60) == []  # it knows what was said
    installation.causes = []
    assert installation.play(other, 2 * SETTLE) == ["ended a"]
    assert installation.play(one, 2 * SETTLE) == []


def test_a_process_killed_after_the_message_has_it_repeated_once_with_its_id(installation):
    installation.causes = [cause(name="a", letters=3)]
    watch = installation.process()
    installation.sink.dies = "after"
    with pytest.raises(Killed):
        watch.look()
    (first,) = installation.sink.messages
    installation.kill(watch)
    installation.sink.dies = ""
    installation.now += 40
    installation.causes = [cause(name="a", letters=9)]
    installation.process().look()
    assert [each["id"] for each in installation.sink.messages] == [first["id"]] * 2
    installation.sink.take()
    assert installation.play(installation.process(), 60) == []


def test_a_process_killed_before_the_message_loses_none(installation):
    installation.causes = [cause(name="a")]
    watch = installation.process()
    installation.sink.dies = "before"
    with pytest.raises(Killed):
        watch.look()
    installation.kill(watch)
    installation.sink.dies = ""
    assert installation.play(installation.process(), 60) == ["began a"]


def test_a_restart_repeats_nothing_and_keeps_what_was_seen(installation):
    installation.causes = [cause(name="a"), cause(name="b", after=60)]
    watch = installation.process()
    assert installation.play(watch, 30) == ["began a"]
    installation.kill(watch)
    assert installation.play(installation.process(), 40) == ["began b"]


def test_an_address_that_takes_nothing_is_told_and_afterwards_the_present_state(
    installation, store, caplog
):
    caplog.set_level(logging.INFO, "workers.alerts")
    watch = installation.process()
    installation.sink.status = 404
    installation.causes = [cause(name="a"), cause(name="b")]
    installation.play(watch, 600)
    found = alert_memory.failing(store)
    assert found["since"] == "2027-01-15T08:00:00+00:00"
    assert found["reason"] == "POST https://hooks.example/***: 404"
    assert [each.message for each in caplog.records] == ["alerts not delivered"]
    assert "s3cr3t" not in str([vars(each) for each in caplog.records])
    assert installation.sink.hearts == 0
    installation.sink.status = 200
    installation.causes = [cause(name="b"), cause(name="c")]
    watch.look()
    installation.now += 300
    watch.look()
    (said,) = installation.sink.messages
    assert said["note"] == (
        "messages could not be delivered since 08:00 UTC; what follows is true now"
    )
    assert installation.sink.take() == ["began b", "began c"]
    assert alert_memory.failing(store) is None
    installation.play(watch, 120)
    assert installation.sink.hearts > 0


def test_it_is_told_also_where_nothing_is_left_to_tell(installation, store):
    watch = installation.process()
    installation.sink.status = 500
    installation.causes = [cause(name="a")]
    installation.play(watch, 60)
    installation.causes, installation.sink.status = [], 200
    installation.kill(watch)
    watch = installation.process()  # the flag is in the store
    watch.look()
    (said,) = installation.sink.messages
    assert "by now there is nothing new to report" in said["note"]
    assert alert_memory.failing(store) is None


def test_a_store_that_is_away_is_told_once_and_nothing_else_ends_by_it(installation):
    watch = installation.process()
    installation.causes = [cause(name="a")]
    assert installation.play(watch, 60) == ["began a"]
    watch.lease.away = True
    assert installation.play(watch, 25) == []
    assert installation.play(watch, 7200) == ["began store away"]
    watch.lease.away = False
    assert installation.play(watch, 600) == ["ended store away"]
    assert installation.sink.hearts == 1 + 10  # none while it was away


def test_a_process_that_was_killed_meanwhile_has_its_successor_tell_the_end_alone(installation):
    watch = installation.process()
    watch.lease.away = True
    assert installation.play(watch, 120) == ["began store away"]
    successor = installation.process()
    successor.lease.away = True
    assert installation.play(successor, 120) == []
    successor.lease.away = False
    assert installation.play(successor, 120) == ["ended store away"]


def test_a_process_that_follows_tells_it_only_if_it_lasts(installation):
    one, other = installation.process(), installation.process("worker")
    one.look()
    other.look()
    other.lease.away = True
    assert installation.play(other, FOLLOWER) == []
    assert installation.play(other, 30) == ["began store away"]
    other.lease.away = False
    assert installation.play(other, 120) == ["ended store away"]


def test_a_full_store_is_told_all_the_same_and_once(installation, store):
    watch = installation.process()
    watch.lease.full = True
    installation.causes = [cause("store", "memory full")]
    assert installation.play(watch, 300) == ["began memory full"]
    assert not store.exists(keys.ALERTS)
    watch.lease.full = False
    assert installation.play(watch, 10) == []
    assert store.exists(keys.ALERTS)


def test_a_lease_that_was_lost_has_the_memory_read_anew(installation):
    one, other = installation.process(), installation.process("worker")
    installation.play(one, 60)
    installation.kill(one)
    installation.causes = [cause(name="a")]
    assert installation.play(other, 30) == ["began a"]
    one.lease._told = ""  # too late to renew it
    installation.kill(other)
    assert installation.play(one, 60) == []


def test_a_lease_that_is_lost_in_the_middle_sends_nothing(installation, store):
    watch = installation.process()
    installation.play(watch, 10)
    installation.causes = [cause(name="a")]
    look = installation.look

    def slow():
        store.set(keys.ALERTER, "another process", px=30_000)
        return look()

    installation.look = slow
    assert installation.play(watch, 5) == []


def habit(now, *, pause=7200.0, silent=4 * 3600.0):
    days = {f"2027-01-{day:02}": pause for day in range(8, 15)}
    return Habit(5, now, now - 12 * 86_400, now - silent, days)


@pytest.fixture
def silent(installation, store):
    """A source that has sent nothing for four hours, and never paused longer than two."""
    lease = Lease(store, keys.ALERTER, "before")
    lease.take()
    habits = {"erp": asdict(habit(BEGAN))}
    assert alert_memory.save(lease, alert_memory.Stored({}, habits, {}))
    lease.end()
    installation.received = {"erp": 5}
    return installation


def test_a_silent_source_is_told_until_it_sends(silent):
    watch = silent.process()
    assert silent.play(watch, 120) == ["began source erp: silent"]
    silent.received = {"erp": 6}
    assert silent.play(watch, 240) == ["ended source erp: silent"]


def test_a_silent_source_that_is_paused_is_not(silent):
    silent.excused = frozenset({"erp"})
    assert silent.play(silent.process(), 120) == []


def test_the_heartbeat_stops_where_something_is_not_well(installation):
    watch = installation.process()
    installation.play(watch, 180)
    assert installation.sink.hearts == 3
    installation.well = False
    installation.play(watch, 180)
    assert installation.sink.hearts == 3


def test_a_heartbeat_alone_sends_no_message(installation):
    installation.alerts = Alerts(heartbeat=HEART)
    installation.causes = [cause()]
    assert installation.play(installation.process(), 60) == []
    assert installation.sink.hearts == 1


def test_only_kinds_that_are_asked_for_are_told(installation):
    installation.alerts = Alerts(URL, on=("late",))
    installation.causes = [cause(kind, f"of {kind}") for kind in ALERT_KINDS]
    assert installation.play(installation.process(), 60) == ["began of late"]


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_what_cannot_be_read_in_the_store_is_begun_anew(installation, store, text):
    store.hset(keys.ALERTS, mapping={"memory": text, "habits": text, "failing": text})
    installation.causes = [cause(name="a")]
    assert installation.play(installation.process(), 30) == ["began a"]


class Stop:
    """Asked *looks* times before it is set."""

    def __init__(self, looks):
        self.looks = looks

    def wait(self, seconds):
        assert seconds == LOOK
        self.looks -= 1
        return self.looks < 0


def test_it_looks_until_it_is_stopped_and_leaves_the_others_the_lease(installation, store):
    watch = installation.process()
    installation.causes = [cause(name="a")]
    watch.run(Stop(2))
    assert installation.sink.take() == ["began a"]
    assert not store.exists(keys.ALERTER)


def test_a_process_that_lost_the_lease_meanwhile_sends_no_heartbeat(installation, store):
    watch, meanwhile = installation.process(), []
    look = installation.look

    def slow():
        meanwhile.pop()()
        return look()

    installation.look = slow
    meanwhile.append(lambda: setattr(watch.lease, "keep", no_answer))
    watch.look()
    del watch.lease.keep
    meanwhile.append(lambda: store.set(keys.ALERTER, "another process", px=30_000))
    watch.look()
    assert installation.sink.hearts == 0


def no_answer():
    raise StoreUnavailable("no answer")
