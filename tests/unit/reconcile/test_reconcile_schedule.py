"""Scheduled runs: whose turn it is, what ends one that hangs, and what is kept of it."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.reconcile.lock import SCHEDULED, run_lock
from service.reconcile.schedule import Schedule, ScheduledRun, timed_reconcile
from service.reconcile.state import past_runs
from service.reconcile.state.past_runs import last_of, last_runs, note_begin, note_end, note_turn
from workers.config.settings import Collection, Destination, Reconcile, Settings, StoreSettings

HOURLY = Reconcile(every=3600.0)
PRODUCTS = Collection("products", "site", "1", "sku", reconcile=HOURLY)
HOURLY_PRODUCTS = timed_reconcile(PRODUCTS)
SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def schedule(store_socket, store):  # noqa: ARG001  # it is empty
    """Of three collections, two of them of one destination."""
    collections = {
        name: Collection(name, site, name, "sku", reconcile=HOURLY)
        for name, site in (("products", "site"), ("stores", "site"), ("desks", "shop"))
    }
    sites = {name: Destination(name, "v2", "t") for name in ("site", "shop")}
    url = f"unix://{store_socket}"
    settings = Settings(Path(), StoreSettings(url, Path()), sites, collections, {}, {}, ())
    return Schedule(settings)


def set_turn(store, name, *, ago):
    store.hset(f"instep:reconciled:{name}", mapping={"turn": time.time() - ago, "tries": 1})
    note_end(store, name, 0, "", state="done")


def names(due):
    return [timed.name for timed, _ in due]


def ended(run, within=10.0):
    """Look at *run* until it has ended."""
    until = time.monotonic() + within
    while not run.look():
        assert time.monotonic() < until
        time.sleep(0.02)
    return True


def test_the_longest_overdue_has_the_first_turn(schedule, store):
    for name, ago in (("products", 4000), ("stores", 9000), ("desks", 60)):
        set_turn(store, name, ago=ago)
    assert names(schedule.due(datetime.now(UTC))) == ["stores", "products"]


def test_one_that_somebody_reconciles_just_now_waits(schedule, store):
    with run_lock(store, "stores"):
        assert names(schedule.due(datetime.now(UTC))) == ["desks", "products"]


def test_a_run_of_one_destination_holds_up_no_other(schedule):
    hangs = ScheduledRun(schedule._client, HOURLY_PRODUCTS, command=SLEEPS)
    started = schedule.start([hangs])
    assert [each.timed.name for each in started] == ["desks"]
    for each in (hangs, *started):
        each.kill()


def test_a_due_time_is_tried_a_few_times_and_the_tries_are_counted(schedule, store):
    note_turn(store, "stores", 2)
    note_end(store, "stores", 1, "no answer")
    now = datetime.now(UTC)
    assert "stores" not in names(schedule.due(now))
    later = {c.name: tries for c, tries in schedule.due(now + timedelta(minutes=6))}
    assert later["stores"] == 3
    later = {c.name: tries for c, tries in schedule.due(now + timedelta(hours=2))}
    assert later["stores"] == 1


@pytest.mark.parametrize(
    ("limits", "said"),
    [({"total": 0.05}, "it took more than"), ({"silent": 0.05}, "its process hung for")],
)
def test_a_run_that_hangs_is_ended_and_told_as_failed(store, limits, said):
    note_turn(store, "products", 1)
    run = ScheduledRun(store, HOURLY_PRODUCTS, command=SLEEPS, **limits)
    assert ended(run)
    kept = last_runs(store, [PRODUCTS])["products"]
    assert (kept["state"], kept["code"]) == ("failed", -15)
    assert said in kept["said"]
    assert kept["next"] is not None


def test_a_killed_run_is_told_and_due_again(store):
    note_turn(store, "products", 1)
    run = ScheduledRun(store, HOURLY_PRODUCTS, command=SLEEPS)
    note_begin(store, "products", scheduled=True)
    run._process.kill()
    assert ended(run)
    kept = last_runs(store, [PRODUCTS])["products"]
    assert (kept["state"], kept["said"]) == ("failed", "its process was ended by SIGKILL")
    due = datetime.fromisoformat(kept["next"])
    assert due < datetime.now(UTC) + timedelta(seconds=61)


def test_the_end_of_one_that_another_took_over_from_is_not_kept(store):
    note_turn(store, "products", 1)
    run = ScheduledRun(store, HOURLY_PRODUCTS, command=SLEEPS)
    with run_lock(store, "products"):
        note_begin(store, "products")
        run.kill()
        assert last_runs(store, [PRODUCTS])["products"]["state"] == "running"


def test_a_process_of_the_same_number_on_another_machine_is_another(store):
    note_turn(store, "products", 1)
    run = ScheduledRun(store, HOURLY_PRODUCTS, command=SLEEPS)
    owner = {"host": "another", "pid": run._process.pid, "since": time.time(), "work": SCHEDULED}
    store.set("instep:reconciling:products", json.dumps(owner))
    note_begin(store, "products")
    run.kill()
    assert last_runs(store, [PRODUCTS])["products"]["ended"] is None


def test_what_a_run_has_kept_of_its_end_stands(store):
    note_turn(store, "products", 1)
    run = ScheduledRun(
        store, HOURLY_PRODUCTS, command=[sys.executable, "-c", "print('left'); exit(1)"]
    )
    note_begin(store, "products", scheduled=True)
    note_end(store, "products", 1, "Held: 40", state="held")
    assert ended(run)
    assert last_runs(store, [PRODUCTS])["products"]["state"] == "held"


def test_what_a_run_said_before_it_began_is_kept(store):
    note_turn(store, "products", 1)
    assert ended(
        ScheduledRun(store, HOURLY_PRODUCTS, command=[sys.executable, "-c", "exit('no such key')"])
    )
    kept = last_runs(store, [PRODUCTS])["products"]
    assert (kept["state"], kept["said"]) == ("failed", "no such key")


def test_what_is_known_of_the_last_run_is_how_it_ended(store):
    note_begin(store, "products")
    with run_lock(store, "products", SCHEDULED):
        run = last_runs(store, [PRODUCTS])["products"]
        assert (run["state"], run["ended"]) == ("running", None)
        assert "a scheduled reconcile (process" in run["said"]
    run = last_runs(store, [PRODUCTS])["products"]
    assert (run["state"], run["code"]) == ("killed", None)
    note_end(store, "products", 1, "Guard: too many", {"orphan": 40})
    run = last_runs(store, [PRODUCTS])["products"]
    assert (run["code"], run["said"], run["counts"]) == (1, "Guard: too many", {"orphan": 40})
    note_begin(store, "products")
    assert last_runs(store, [PRODUCTS])["products"]["code"] is None


def test_what_a_release_before_this_one_kept_is_read(store):
    store.hset("instep:reconciled:products", mapping={"began": 1.7e9})
    assert last_of(store, "products").began == datetime.fromtimestamp(1.7e9, UTC)
    assert last_runs(store, [PRODUCTS])["products"]["state"] == past_runs.KILLED
