"""One action for all letters that match: what it is for, and that each is acted on once."""

import threading

import pytest

from service.config.build import build
from service.operate import bulk_runner
from service.operate.bulk_actions import estimate, start
from service.operate.bulk_runner import BulkRunner
from service.operate.scope import Scope
from service.operate.selection import Selection, UnknownGroup
from tests.support.letters_rig import Shop
from workers.errors import StoreUnavailable
from workers.runtime import jobs
from workers.runtime.upkeep import Upkeep
from workers.store import problem_keys
from workers.store.audit import Audit
from workers.store.lease import Lease
from workers.store.outbox import balanced
from workers.store.runs import WAKE

LONG = "stock: Is too long: …"


@pytest.fixture
def shop(tmp_path, store_socket, store):
    assert store.dbsize() == 0
    shop = Shop(tmp_path, f"unix://{store_socket}")
    yield shop
    assert balanced(shop.context.outbox.counts())
    shop.close()


@pytest.fixture
def runner(shop):
    return BulkRunner(shop.context, shop.configured)


def begin(shop, action="replay", by="alice", **selection):
    return start(shop.context, action, Selection(**selection), by, approved=True, wake=False)


def finish(runner, shop, id):
    while runner.step():
        pass
    return shop.context.runs.show(id)


def test_an_action_is_for_all_letters_of_a_problem_and_for_no_other(shop, runner):
    shop.refuse(*(f"i{n}" for n in range(120)))
    (other,) = shop.refuse("i7", slug="price")
    run = finish(runner, shop, begin(shop, group=shop.group(LONG)))
    assert (run.state, run.figures["letters"], run.figures["replayed"]) == ("done", 120, 120)
    assert [letter.id for letter in shop.context.letters.list()] == [other]
    assert shop.context.outbox.counts()["pending"] == 120


def test_a_run_tells_who_began_it_when_and_what_came_of_it(shop, runner):
    shop.refuse("i1", "i2")
    group = shop.group(LONG)
    id = begin(shop, "discard", by="alice", group=group)
    run = finish(runner, shop, id)
    assert run.as_dict() == {
        "id": id,
        "kind": "discard",
        "collection": "products",
        "source": "erp",
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat(),
        "state": "done",
        "by": "alice",
        "figures": {
            "letters": 2,
            "done": 2,
            "discarded": 2,
            "closed": 0,
            "left": 0,
            "reasons": {},
        },
        "reason": None,
        "notes": [],
        "proposal": None,
    }
    assert [each.id for each in shop.context.runs.list()] == [id]
    ((entry), _) = Audit(shop.context.steps).list(None, 5)
    assert (entry[0]["by"], entry[0]["action"], entry[0]["target"]) == ("alice", "discard", group)


def test_letters_that_are_opened_later_are_not_touched(shop, runner):
    shop.refuse("i1")
    id = begin(shop, "discard", group=shop.group(LONG))
    (later,) = shop.refuse("i2")
    finish(runner, shop, id)
    assert [letter.id for letter in shop.context.letters.list()] == [later]


def test_a_letter_that_is_opened_anew_meanwhile_is_not_touched(shop, runner):
    payload = {"sku": "a", "qty": "x"}
    letter = shop.leave_out(payload)
    id = begin(shop, "discard", ids=(letter,))
    shop.context.letters.discard(letter)
    shop.context.steps.clock_offset_ms += 5
    assert shop.leave_out(payload) == letter
    run = finish(runner, shop, id)
    assert run.figures["discarded"] == 0
    assert shop.context.letters.show(letter).state == "open"


def test_a_letter_that_is_opened_anew_behind_a_look_at_it_is_not_acted_on(shop):
    letters, payload = shop.context.letters, {"sku": "a", "qty": "x"}
    before = letters.show(shop.leave_out(payload))
    letters.discard(before.id)
    shop.context.steps.clock_offset_ms += 5
    shop.leave_out(payload)
    assert not letters.discard(before.id, before.created)
    assert letters.discard(before.id, letters.show(before.id).created)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"kind": "unmapped"}, 1),
        ({"source": "erp"}, 2),
        ({"source": "crm", "collection": "products"}, 1),
        ({"kind": "missing"}, 0),
        ({}, 3),
    ],
)
def test_filters_select_letters(shop, selection, expected):
    shop.refuse("i1")
    shop.refuse("i2", source="crm", slug="price")
    shop.leave_out({"sku": "a", "qty": "x"})
    assert estimate(shop.context, "replay", Selection(**selection))["letters"] == expected
    run = shop.context.runs.show(begin(shop, **selection))
    assert run.figures["letters"] == expected


def test_since_selects_by_when_a_letter_was_opened(shop):
    shop.refuse("i1")
    shop.context.steps.clock_offset_ms += 60_000
    shop.refuse("i2")
    newest = max(letter.created for letter in shop.context.letters.list())
    assert estimate(shop.context, "replay", Selection(since=newest))["letters"] == 1


def test_what_an_access_may_not_see_is_not_acted_on(shop):
    shop.refuse("i1")
    letter = shop.leave_out({"sku": "a", "qty": "x"})
    nothing = Scope(False, frozenset(), frozenset({"stores"}), frozenset({"erp"}))
    found = estimate(shop.context, "discard", Selection(scope=nothing))
    assert found["letters"] == 1
    begun = shop.context.runs.show(begin(shop, "discard", scope=nothing))
    assert shop.context.runs.todo(begun.id, 9) == [letter]


def test_an_estimate_tells_how_much_and_what_cannot_be_replayed(shop):
    ids = shop.refuse("i1", "i2")
    gone = shop.leave_out({"sku": "a", "qty": "x"})
    shop.context.steps.client.hdel(f"instep:letter:{gone}", "raw", "number")
    found = estimate(shop.context, "replay", Selection(ids=(*ids, gone, "d99")))
    assert (found["letters"], found["records"], found["values"]) == (3, 2, 2)
    assert found["oldest"] <= found["newest"]
    ((why, count),) = [(each["why"], each["letters"]) for each in found["cannot"]]
    assert why.startswith("was kept without its payload")
    assert (count, found["unknown"]) == (1, ["d99"])
    assert len(shop.context.letters.list()) == 3


def test_a_problem_that_is_not_there_is_refused(shop):
    with pytest.raises(UnknownGroup):
        begin(shop, group="p0")
    with pytest.raises(UnknownGroup):
        estimate(shop.context, "replay", Selection(group="p0"))
    with pytest.raises(UnknownGroup):
        begin(shop, "seen", group="p0")
    assert shop.context.runs.list() == []


def test_events_are_mapped_again_by_the_mappings_of_today(shop, runner):
    good = shop.leave_out({"id": "e", "sku": "a", "qty": 5})
    bad = shop.leave_out({"id": "f", "sku": "a", "qty": "y"})
    told = []
    id = begin(shop, ids=(good, bad))
    run = runner.carry_out(id, told=lambda letter, why: told.append((letter, why)))
    assert (run.figures["replayed"], run.figures["left"]) == (1, 1)
    assert [letter.id for letter in shop.context.letters.list()] == [bad]
    ((letter, why),) = told
    assert letter == bad
    assert "Not a valid integer" in why
    assert list(run.figures["reasons"].values()) == [1]


def test_a_mapping_that_breaks_holds_up_no_other_letter(shop, runner, monkeypatch):
    letter = shop.leave_out({"sku": "a", "qty": 5})
    shop.refuse("i1")

    def broken(*_):
        raise RecursionError("too deep")

    monkeypatch.setattr("service.ingest.intake.Intake.replay", broken)
    run = finish(runner, shop, begin(shop))
    assert (run.state, run.figures["replayed"], run.figures["left"]) == ("done", 1, 1)
    assert run.figures["reasons"] == {"RecursionError: too deep": 1}
    assert [each.id for each in shop.context.letters.list()] == [letter]


def test_letters_that_are_left_for_one_reason_are_told_by_number(shop, runner):
    shop.leave_out({"id": "e", "sku": "a", "qty": "y"})
    shop.leave_out({"id": "f", "sku": "b", "qty": "z"})
    run = finish(runner, shop, begin(shop))
    assert run.figures["reasons"] == {"unmapped: qty: Not a valid integer; found …": 2}


def test_an_id_that_is_not_there_is_left(shop, runner):
    run = finish(runner, shop, begin(shop, ids=("d99",)))
    assert run.figures["reasons"] == {"there is no such dead letter": 1}


def test_a_run_that_is_interrupted_goes_on_and_counts_each_letter_once(shop, monkeypatch):
    shop.refuse(*(f"i{n}" for n in range(10)))
    id = begin(shop, group=shop.group(LONG))
    first, acts = BulkRunner(shop.context, shop.configured), []
    act = first._actions.act

    def dies(action, letter, run):
        acts.append(letter.id)
        if len(acts) == 5:
            raise StoreUnavailable("gone")
        return act(action, letter, run)

    monkeypatch.setattr(first._actions, "act", dies)
    with pytest.raises(StoreUnavailable):
        first.step()
    assert shop.context.outbox.counts()["pending"] == 4
    run = finish(BulkRunner(shop.context, shop.configured), shop, id)
    assert (run.figures["done"], run.figures["replayed"], run.figures["closed"]) == (10, 10, 0)
    assert shop.context.outbox.counts()["pending"] == 10


def test_a_letter_that_closed_by_itself_is_nothing_that_is_left(shop, runner):
    (letter,) = shop.refuse("i1")
    id = begin(shop, group=shop.group(LONG))
    shop.context.letters.discard(letter)
    run = finish(runner, shop, id)
    assert (run.figures["replayed"], run.figures["closed"], run.figures["left"]) == (0, 1, 0)


@pytest.mark.parametrize("kind", ["refused", "unmapped"])
def test_two_runs_over_the_same_letters_count_each_once(shop, kind):
    if kind == "refused":
        shop.refuse("i1", "i2", "i3")
    else:
        for n in range(3):
            shop.leave_out({"id": f"e{n}", "sku": f"a{n}", "qty": n}, path="qty")
    one, other = begin(shop), begin(shop, by="bob")
    first, second = (BulkRunner(shop.context, shop.configured) for _ in range(2))
    act = first._actions.act

    def raced(action, letter, run):
        found = act(action, letter, run)
        second.carry_out(other)
        return found

    first._actions.act = raced
    figures = [first.carry_out(one).figures, shop.context.runs.show(other).figures]
    assert [each["replayed"] for each in figures] == [1, 2]
    assert [each["closed"] for each in figures] == [2, 1]


def test_a_run_maps_by_the_mappings_that_stand_on_the_disk_when_it_begins(shop, tmp_path):
    shop.leave_out({"id": "e", "sku": "a", "qty": "7"})
    runner = BulkRunner(shop.context, lambda: build(shop.environ))
    assert finish(runner, shop, begin(shop)).figures["left"] == 1
    file = tmp_path / "mappings.py"
    file.write_text(file.read_text().replace(", strict=True", "").replace("Integer(", "Float("))
    assert finish(runner, shop, begin(shop)).figures["replayed"] == 1


def test_a_run_and_its_entry_in_the_audit_list_are_one_change(shop, monkeypatch):
    shop.refuse("i1")
    group = shop.group(LONG)
    monkeypatch.setattr(shop.context.runs, "_trim", die)
    with pytest.raises(StoreUnavailable):
        begin(shop, group=group)
    (run,) = shop.context.runs.list()
    (entry,) = Audit(shop.context.steps).list(None, 9)[0]
    assert (entry["by"], entry["action"], entry["figures"]["run"]) == ("alice", "replay", run.id)


def die(*_, **__):
    raise StoreUnavailable("away")


def test_two_processes_do_not_work_on_one_run_at_once(shop, runner):
    shop.refuse("i1")
    id = begin(shop, group=shop.group(LONG))
    lease = Lease(shop.context.steps.client, problem_keys.running(id), "another process")
    assert lease.take()
    assert not runner.step()
    lease.end()
    assert runner.step()


def test_who_lost_its_lease_takes_nothing_off_the_list(shop, runner, monkeypatch):
    shop.refuse("i1", "i2")
    id = begin(shop, group=shop.group(LONG))
    act = runner._actions.act

    def slow(action, letter, run):
        shop.context.steps.client.set(problem_keys.running(id), "another process")
        return act(action, letter, run)

    monkeypatch.setattr(runner._actions, "act", slow)
    runner.step()
    assert len(shop.context.runs.todo(id, 9)) == 2
    shop.context.steps.client.delete(problem_keys.running(id))
    run = finish(BulkRunner(shop.context, shop.configured), shop, id)
    assert run.figures["replayed"] == 2


def test_a_slice_takes_no_longer_than_it_may(shop, runner, monkeypatch):
    shop.refuse("i1", "i2", "i3")
    id = begin(shop, group=shop.group(LONG))
    monkeypatch.setattr(bulk_runner, "SECONDS", -1.0)
    runner.step()
    assert len(shop.context.runs.todo(id, 9)) == 2


def test_a_run_that_cannot_go_on_has_failed(shop, runner, monkeypatch):
    shop.refuse("i1")
    id = begin(shop, group=shop.group(LONG))

    def broken(*_):
        raise ValueError("no such thing")

    monkeypatch.setattr(runner, "_act_on", broken)
    assert runner.step()
    run = shop.context.runs.show(id)
    assert (run.state, run.reason) == ("failed", "ValueError: no such thing")
    assert not runner.step()


def test_a_run_that_was_stopped_does_nothing_more(shop, runner):
    shop.refuse("i1")
    id = begin(shop, group=shop.group(LONG))
    shop.context.runs.finish(id, "stopped", reason="interrupted")
    run = finish(runner, shop, id)
    assert (run.state, run.figures["done"], shop.context.runs.queued()) == ("stopped", 0, [])


def test_a_run_over_nothing_has_ended(shop):
    run = shop.context.runs.show(begin(shop, kind="missing"))
    assert (run.state, run.figures["letters"]) == ("done", 0)
    assert shop.context.runs.queued() == []


@pytest.mark.parametrize(
    ("action", "state"), [("seen", "seen"), ("ignore", "ignored"), ("open", "open")]
)
def test_a_problem_is_marked_at_once(shop, action, state):
    shop.refuse("i1")
    group = shop.group(LONG)
    id = start(shop.context, action, Selection(group=group), "alice")
    assert shop.context.problems.show(group).state == state
    run = shop.context.runs.show(id)
    assert (run.kind, run.state, run.by, run.figures) == (action, "done", "alice", {"groups": 1})


# the worker --------------------------------------------------------------------------------------


def job(shop, runner, stop=None):
    return jobs.Jobs(shop.context, stop or threading.Event(), running=runner.step)


def queued(shop):
    return shop.context.wakes.queue.count


def test_a_run_asks_for_a_worker_that_carries_it_out(shop, runner):
    shop.refuse("i1")
    shop.context.wakes.queue.empty()
    id = start(shop.context, "replay", Selection(group=shop.group(LONG)), "alice")
    assert queued(shop) == 1
    job(shop, runner).run()
    assert shop.context.runs.show(id).state == "done"


def test_a_job_of_runs_whose_time_is_up_hands_over(shop, runner, monkeypatch):
    monkeypatch.setattr(jobs, "RUN_SLICE", -1.0)
    shop.refuse("i1")
    id = begin(shop)
    shop.context.wakes.queue.empty()
    job(shop, runner).run()
    assert "run" in [each.func_name.rpartition(".")[2] for each in shop.context.wakes.queue.jobs]
    job(shop, runner).run()
    assert shop.context.runs.show(id).state == "done"


def test_a_worker_that_is_to_end_begins_no_slice(shop, runner):
    shop.refuse("i1")
    id = begin(shop)
    stop = threading.Event()
    stop.set()
    job(shop, runner, stop).run()
    assert len(shop.context.runs.todo(id, 9)) == 1


def test_a_process_without_runs_leaves_such_a_job(shop):
    jobs.Jobs(shop.context, threading.Event()).run()


def test_the_sweeper_finds_a_run_that_nobody_works_on(shop):
    shop.refuse("i1")
    id = begin(shop)
    shop.context.wakes.queue.empty()
    lease = Lease(shop.context.steps.client, problem_keys.running(id), "a process")
    lease.take()
    Upkeep(shop.context).look()
    assert queued(shop) == 0
    lease.end()
    Upkeep(shop.context).look()
    assert queued(shop) == 1
    assert not shop.context.outbox.wants_job(WAKE)


def test_the_sweeper_groups_letters_a_second_apart(shop):
    now = [0.0]
    upkeep = Upkeep(shop.context, clock=lambda: now[0])
    shop.refuse("i1")
    upkeep.look()
    assert [group.letters for group in shop.context.problems.read()] == [1]
    shop.refuse("i2")
    upkeep.look()
    assert shop.context.problems.ungrouped() == 1
    now[0] += 1.0
    upkeep.look()
    assert [group.letters for group in shop.context.problems.read()] == [2]


def test_the_sweeper_finds_letters_of_an_older_release(shop):
    shop.refuse("i1")
    shop.context.steps.client.delete("instep:letters:ungrouped")
    Upkeep(shop.context).look()
    assert [group.letters for group in shop.context.problems.read()] == [1]


def test_a_run_with_nothing_to_do_ends_though_its_process_dies_behind_it(shop, monkeypatch):
    shop.refuse("i1")
    monkeypatch.setattr(shop.context.runs, "_trim", die)
    with pytest.raises(StoreUnavailable):
        begin(shop, "discard", source="erp", kind="nothing has this kind")
    assert [run.state for run in shop.context.runs.list()] == ["done"]
