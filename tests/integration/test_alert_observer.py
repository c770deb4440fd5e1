"""What alerts say of a real store: problems, deletes, held runs, and a store that fails."""

import json
import os
from dataclasses import replace

import pytest
import redis

from service.operate.alert_causes import AlertObserver
from service.operate.status import status_of
from tests.support.depth import depth
from tests.support.outbox_driver import at
from tests.support.outbox_holding import go_by, guarded, keys
from tests.support.outbox_refusals import refuse, refuse_all
from tests.support.outbox_retiring import retire
from workers.alerts.local_memory import LocalMemory
from workers.alerts.rules import SETTLE
from workers.alerts.sender import Sender
from workers.alerts.watch import LOOK, Watch, Work
from workers.config.settings import Alerts, StoreSettings
from workers.delivery.context import make_context
from workers.errors import StoreFull, StoreUnavailable
from workers.outgoing.http_request import Reply
from workers.runtime import heartbeats
from workers.runtime.heartbeats import Process
from workers.store import alert_memory, lease
from workers.store import keys as names
from workers.store.scripts import Steps


@pytest.fixture
def observe(bench, tmp_path):
    """Return what is observed, of all *kinds*."""

    def _observe(*kinds, **settings):
        context = context_of(bench, tmp_path, **settings)
        found = AlertObserver(context, 300.0).look()
        return [each for each in found.causes if each.kind in kinds], found

    return _observe


def context_of(bench, folder, **settings):
    store = StoreSettings(durability="unverified", data=folder)
    return make_context(replace(bench.settings, store=store, **settings), bench.steps, None)


def refused(bench, number, *, slug="stock", first=0, words="Is too long"):
    for n in range(first, first + number):
        refuse(bench, f"i{n}", slug=slug, value=n, words=words)


def test_letters_of_a_collection_are_one_cause(bench, observe):
    refused(bench, 3)
    refused(bench, 1, slug="price", first=10)
    context_of(bench, None).problems.group(100)
    (cause,), _ = observe("problems")
    assert cause.name == "collection products: problems"
    assert cause.figures == {"dead_letters": 4, "different_problems": 2}
    assert cause.reason == "refused: stock: Is too long: … (3); refused: price: Is too long: … (1)"
    assert "`instep dead replay --group p" in cause.do
    assert len(cause.parts) == 2
    assert "i1" not in cause.reason  # no key, and no value


class Playing:
    """A watch on the store of *bench*, which looks every five seconds of a time of its own."""

    def __init__(self, bench, folder, *kinds):
        self.context, self.began = context_of(bench, folder), bench.now_ms() / 1000
        self.now, self.told = self.began, []
        own = lease.Lease(bench.client, names.ALERTER, "a test")
        local, clock = LocalMemory(folder / "alerts.json"), lambda: self.now
        sender = Sender(self.take)
        self.watch = Watch(bench.client, own, local, sender=sender, clock=clock, ticks=clock)
        observer = AlertObserver(self.context, 300.0)
        self.watch.use(Work(Alerts("https://x.example", on=kinds), observer, "shop"))

    def take(self, *_, body, **__):
        causes = json.loads(body)["instep"]["causes"]
        self.told += [each | {"after": self.now - self.began} for each in causes]
        return Reply(200)

    def look(self, seconds):
        for _ in range(int(seconds / LOOK)):
            self.watch.look()
            self.now += LOOK


A_MINUTE = depth(8, 20)


def test_hundreds_of_refusals_are_one_message_and_one_update(bench, tmp_path):
    playing = Playing(bench, tmp_path, "problems")
    for minute in range(20):
        if minute < 14:
            refuse_all(bench, [f"i{minute}-{n}" for n in range(A_MINUTE)])
            playing.context.problems.group(10_000)
        playing.look(60)
    told = playing.told
    assert [each["state"] for each in told] == ["began", "update"]
    assert told[1]["figures"] == {"dead_letters": 14 * A_MINUTE, "different_problems": 1}


STOPPED = Process("worker", os.getppid(), hung=True)


@pytest.mark.parametrize(
    ("running", "name", "after"),
    [([STOPPED], "worker hung", 15), ([], "no worker", 30)],
    ids=["SIGSTOP", "SIGKILL"],
)
def test_a_worker_that_is_stopped_or_killed_is_told_within_its_limit(
    bench, tmp_path, running, name, after
):
    supervisor = Process("supervisor", os.getpid())
    heartbeats.beat(bench.client, [supervisor, replace(STOPPED, hung=False)])
    playing = Playing(bench, tmp_path, "outage")
    playing.look(60)
    assert playing.told == []
    heartbeats.beat(bench.client, [supervisor, *running])
    playing.began = playing.now
    playing.look(after + LOOK)
    (cause,) = playing.told
    assert (cause["name"], cause["state"]) == (name, "began")
    assert after <= cause["after"] <= after + LOOK


def test_a_full_store_is_told_at_once_and_its_end(bench, tmp_path):
    playing = Playing(bench, tmp_path, "store")
    playing.look(30)
    try:
        used = int(bench.client.info("memory")["used_memory"])
        bench.client.config_set("maxmemory", int(used / 0.95))
        playing.began = playing.now
        playing.look(30)
    finally:
        bench.client.config_set("maxmemory", 0)
    playing.look(SETTLE + 2 * LOOK)
    began, ended = playing.told
    assert (began["name"], began["state"], began["after"]) == ("memory full", "began", 0)
    assert (ended["name"], ended["state"]) == ("memory full", "ended")


def test_what_was_seen_is_told_again_when_it_has_grown_much(bench, observe):
    problems = context_of(bench, None).problems
    refused(bench, 2)
    problems.group(100)
    (group,) = problems.read()
    bench.pass_time(1)
    problems.mark(group.id, "seen", "ann")
    bench.pass_time(1)
    assert observe("problems")[0] == []
    refused(bench, 9, first=20)
    problems.group(100)
    assert observe("problems")[0] == []
    refused(bench, 1, first=40)
    problems.group(100)
    (cause,), _ = observe("problems")
    assert cause.parts == {f"{group.id} more"}
    problems.mark(group.id, "ignored", "ann")
    assert observe("problems")[0] == []


def test_a_mass_of_deletes_is_one_cause(store, tmp_path):
    bench = guarded(store, *keys(8))
    for record in keys(6):
        retire(bench, record, version=at(9))
    go_by(bench)
    found = AlertObserver(context_of(bench, tmp_path), 300.0).look()
    (cause,) = (each for each in found.causes if each.kind == "deletes")
    assert cause.name == "collection products: deletes wait for approval"
    assert cause.figures["deletes"] > 0


def test_a_held_run_is_a_cause_until_it_is_dropped(bench, observe):
    runs = context_of(bench, None).runs
    id = runs.start("undo", "ann", work=["x"], waits="half of the collection")
    (cause,), _ = observe("reconcile")
    assert (cause.name, cause.reason) == (f"undo {id}: held", "half of the collection")
    runs.finish(id, "stopped")
    assert observe("reconcile")[0] == []


def test_a_proposal_is_a_cause_without_the_words_of_who_proposed_it(bench, observe):
    id = context_of(bench, None).runs.start("undo", "mcp:ann", work=["x"], proposed="Approve it!")
    (cause,), _ = observe("reconcile")
    assert (cause.name, cause.reason) == (f"undo {id}: proposed", "by mcp:ann")
    assert "Approve it!" not in str(cause)


def test_sources_are_counted_and_paused_ones_excused(bench, observe):
    refused(bench, 2)
    _, found = observe()
    assert found.received == {"erp": 2, "shop": 0}
    assert found.excused == frozenset()
    assert not found.well  # no worker is alive


def test_a_store_that_does_not_answer_is_a_cause(bench, tmp_path):
    nowhere = Steps(redis.Redis(unix_socket_path=str(tmp_path / "none")))
    context = replace(context_of(bench, tmp_path), steps=nowhere)
    observer = AlertObserver(context, 300.0)
    (cause,) = observer.away(StoreUnavailable("Error 111 connecting to 10.0.0.1"))
    assert (cause.kind, cause.name, cause.after) == ("store", "store away", 30.0)
    assert "10.0.0.1" not in cause.reason + cause.do


def test_a_store_that_has_no_room_or_takes_no_write_is_named_as_such(bench, tmp_path):
    observer = AlertObserver(context_of(bench, tmp_path), 300.0)
    (cause,) = observer.away(StoreFull("no room"))
    assert (cause.name, cause.after) == ("memory full", 0.0)
    context = context_of(bench, tmp_path)
    strict = replace(context.settings.store, durability="always")
    settings = replace(context.settings, store=strict)
    observer = AlertObserver(replace(context, settings=settings), 300.0)
    (cause,) = observer.away(StoreUnavailable("MISCONF"))
    assert cause.name == "store weak"


def test_an_address_that_takes_nothing_is_in_the_status(bench, tmp_path):
    context = context_of(bench, tmp_path, alerts=Alerts("https://hooks.example/s3cr3t"))
    own = lease.Lease(bench.client, names.ALERTER, "a test")
    own.take()
    why = {"since": "2026-05-12T09:20:00+00:00", "reason": "POST https://hooks.example/***: 404"}
    alert_memory.save(own, alert_memory.Stored({}, {}, why))
    found = {each["name"]: each for each in status_of(context)["reasons"]}
    reason = found["alerts not delivered"]
    assert (reason["state"], reason["since"], reason["why"]) == ("degraded", *why.values())
    without = status_of(context_of(bench, tmp_path))["reasons"]
    assert "alerts not delivered" not in {each["name"] for each in without}
