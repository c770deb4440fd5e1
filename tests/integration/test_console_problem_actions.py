"""What the pages of problems change: from the rows that are chosen to the end of the run."""

import re

import pytest

from service.operate.bulk_runner import BulkRunner
from tests.support.refusals import give_items, group_of, leave_out, refuse
from workers.errors import StoreUnavailable
from workers.store.audit import Audit


@pytest.fixture
def console(fast_console):
    """Three problems: of 3 records, of one in the other destination, and of an event."""
    made = fast_console
    context = made.context
    for collection in context.settings.collections.values():  # else what is sent again is a mass
        give_items(context, collection, [f"X{number}" for number in range(20)])
    made.stock = refuse(context, "A", "B", "C", values={"stock": "many"})
    made.total = refuse(context, "17", values={"total": 3}, place="orders", words="Is gone")
    made.event = leave_out(context, {"id": "1", "topic": "stock", "sku": "A", "qty": "x"})
    made.groups = [group_of(context, each) for each in (made.stock[0], made.total[0], made.event)]
    return made


def ended(console, answer):
    """Carry out the run that *answer* leads to, and return it."""
    assert answer.status_code == 303, answer.text
    id = answer.location.removeprefix("/runs/")
    runner = BulkRunner(console.context, lambda: console.rig.configuration)
    run = console.context.runs.show(id)
    if run.state == "done":
        return run
    assert run.state == "running", run
    return runner.carry_out(id)


def marked(console, answer, path):
    """Return the run of a mark, which has led back to *path*."""
    assert (answer.status_code, answer.location) == (303, path)
    (run, *_) = console.context.runs.list(limit=1)
    assert run.state == "done"
    return run


def open_letters(console):
    return set(console.context.letters.ids())


def states(console):
    return [console.context.problems.show(group).state for group in console.groups]


def test_problems_that_are_selected_are_sent_again(console):
    someone = console.person("operator")
    answer = someone.post("/problems/replay", ids=console.groups[:2])
    for shown in ("4</dd>", "stock: Is too long", "Is gone", "Send again: 4 failures"):
        assert shown in answer.text, shown
    assert len(open_letters(console)) == 5
    run = ended(console, someone.confirm(answer))
    assert (run.kind, run.by, run.figures["replayed"]) == ("replay", "operator", 4)
    assert open_letters(console) == {console.event}


def test_all_that_match_the_filter(console):
    someone = console.person()
    fields = {"filter-text": "too long", "filter-since": "1h", "filter-state": "open"}
    answer = someone.post("/problems/replay", which="all", **fields)
    assert "Send again: 3 failures" in answer.text
    ended(console, someone.confirm(answer))
    assert open_letters(console) == {console.event, *console.total}


def test_all_leaves_what_is_ignored(console):
    console.context.problems.mark(console.groups[0], "ignored", "alice")
    answer = console.person().post("/problems/discard", which="all")
    assert "Discard: 2 failures" in answer.text


def test_discarding_asks_for_the_number(console):
    someone = console.person()
    answer = someone.post("/problems/discard", ids=console.groups[0])
    assert "cannot be taken back" in answer.text
    assert "type it to go on" in someone.confirm(answer, number="1").text
    assert len(open_letters(console)) == 5
    run = ended(console, someone.confirm(answer, number="3"))
    assert run.figures["discarded"] == 3
    assert open_letters(console) == {console.event, *console.total}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("seen", "open", "seen"), ("ignore", "open", "ignored"), ("open", "seen", "open")],
)
def test_marking_problems(console, name, before, after):
    for group in console.groups:
        console.context.problems.mark(group, before, "bob")
    someone = console.person("operator")
    run = marked(console, someone.post(f"/problems/{name}", ids=console.groups[:2]), "/problems")
    assert (run.kind, run.figures) == (name, {"groups": 2})
    assert "2 problems are " in someone.page("/problems")
    assert states(console) == [after, after, before]
    ((entry, *_), _) = Audit(console.context.steps).list(None, 10)
    assert entry["by"] == "operator"
    assert set(entry["target"].split(", ")) == set(console.groups[:2])


def test_marking_all_that_match(console):
    answer = console.person().post("/problems/seen", which="all", **{"filter-kind": "refused"})
    assert marked(console, answer, "/problems?kind=refused").figures == {"groups": 2}
    assert states(console) == ["seen", "seen", "open"]


def test_many_problems_are_counted_in_the_audit_list(console, monkeypatch):
    monkeypatch.setattr("service.operate.bulk_actions.NAMED", 2)
    marked(console, console.person().post("/problems/seen", which="all"), "/problems")
    ((entry, *_), _) = Audit(console.context.steps).list(None, 10)
    assert (entry["target"], entry["figures"]["groups"]) == ("3 problems", 3)


def test_nothing_to_do(console):
    someone = console.person()
    fields = {"filter-text": "no such words", "which": "all"}
    assert "Nothing to do" in someone.post("/problems/replay", **fields).text
    answer = someone.post("/problems/seen", **fields)
    assert (answer.status_code, "no problem that matches" in answer.text) == (409, True)
    assert "Nothing to do" in someone.post("/problems/replay", ids="p0000000000").text
    assert someone.post("/problems/replay", which="selected").location == "/problems"


def test_a_filter_of_an_action_is_checked(console):
    fields = {"filter-kind": "odd", "which": "all"}
    assert console.person().post("/problems/replay", **fields).status_code == 404


def test_the_whole_of_one_problem(console):
    someone, group = console.person("operator"), console.groups[0]
    answer = someone.post(f"/problems/{group}/replay-all")
    assert "Send all again: 3 failures" in answer.text
    assert f'href="/problems/{group}">Cancel' in answer.text
    assert re.search(r"stock: Is too long", answer.text)
    assert "stock: many" in answer.text
    assert ended(console, someone.confirm(answer)).figures["replayed"] == 3
    answer = someone.post(f"/problems/{console.groups[1]}/discard-all")
    assert ended(console, someone.confirm(answer, number="1")).figures["discarded"] == 1
    assert open_letters(console) == {console.event}


@pytest.mark.parametrize(
    ("name", "state"), [("mark-seen", "seen"), ("mark-ignore", "ignored"), ("mark-open", "open")]
)
def test_marking_one_problem(console, name, state):
    someone, path = console.person(), f"/problems/{console.groups[2]}"
    assert marked(console, someone.post(f"{path}/{name}"), path).figures == {"groups": 1}
    assert "1 problem is " in someone.page(path)
    assert states(console) == ["open", "open", state]


def test_failures_of_one_problem(console):
    someone, group = console.person(), console.groups[0]
    answer = someone.post(f"/problems/{group}/replay-failures", ids=console.stock[:2])
    assert "Send again: 2 failures" in answer.text
    assert ended(console, someone.confirm(answer)).figures["replayed"] == 2
    answer = someone.post(
        f"/problems/{group}/discard-failures", which="all", **{"filter-since": "1h"}
    )
    assert ended(console, someone.confirm(answer, number="1")).figures["discarded"] == 1
    assert open_letters(console) == {console.event, *console.total}


def test_failures_that_are_gone_or_stay_are_told(console):
    console.context.letters.discard(console.stock[1])
    path = f"/problems/{console.groups[0]}/replay-failures"
    answer = console.person().post(path, ids=[*console.stock[:2], "d999"])
    assert "1 will be left: is closed." in answer.text
    assert "1 of those selected are gone" in answer.text


def test_an_event_is_mapped_again(console):
    someone = console.person()
    answer = someone.post(f"/problems/{console.groups[2]}/replay-all")
    run = ended(console, someone.confirm(answer))
    assert (run.figures["replayed"], run.figures["left"]) == (0, 1)
    assert console.event in open_letters(console)


def test_the_replay_of_a_mass_is_held(console, monkeypatch):
    from service.operate.run_mass import Mass

    found = Mass({"products": "products: more than half"}, {})
    monkeypatch.setattr("service.operate.bulk_actions.mass_of", lambda *_: found)
    answer = console.person().post("/problems/replay", ids=console.groups[0])
    assert "more than half" in answer.text
    assert "waits for an approval" in answer.text


@pytest.mark.parametrize(
    "path",
    ["p0000000000/replay-all", "p0000000000/mark-seen", "p0000000000/replay-failures"],
)
def test_a_problem_that_is_solved_meanwhile(console, path):
    answer = console.person().post(f"/problems/{path}", which="all")
    assert (answer.status_code, "a problem with open failures" in answer.text) == (404, True)


def test_a_problem_that_is_solved_while_it_is_looked_at(console, monkeypatch):
    group = console.groups[0]
    shown = console.context.problems.show(group)
    for letter in console.stock:
        console.context.letters.discard(letter)
    monkeypatch.setattr(type(console.context.problems), "show", lambda *_: shown)
    answer = console.person().post(f"/problems/{group}/replay-all")
    assert (answer.status_code, "a problem with open failures" in answer.text) == (404, True)


def test_who_operates_one_destination_changes_its_problems_alone(console):
    someone = console.person("clerk")
    answer = someone.post("/problems/replay", which="all")
    assert "Send again: 1 failure<" in answer.text
    answer = someone.post("/problems/seen", ids=console.groups)
    assert marked(console, answer, "/problems").figures == {"groups": 1}
    assert states(console) == ["open", "seen", "open"]
    for name in ("replay-all", "mark-ignore", "discard-failures"):
        answer = someone.post(f"/problems/{console.groups[0]}/{name}", which="all")
        assert answer.status_code == 404, name
    path = f"/problems/{console.groups[1]}/discard-failures"
    assert "Nothing to do" in someone.post(path, ids=console.stock).text
    fields = {"filter-collection": "products", "which": "all"}
    assert someone.post("/problems/replay", **fields).status_code == 404
    assert len(open_letters(console)) == 5


def test_a_store_that_does_not_answer(console, monkeypatch):
    def gone(*_, **__):
        raise StoreUnavailable("it does not answer")

    someone = console.person()
    monkeypatch.setattr("service.console.problem_actions.problems.estimate", gone)
    assert someone.post("/problems/replay", ids=console.groups[0]).status_code == 503
