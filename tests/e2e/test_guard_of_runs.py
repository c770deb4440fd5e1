"""What a reconcile holds, and what adds up over runs, on the sandbox."""

import pytest

from service.reconcile.plan import causes
from workers.store.run_counts import RunCounts

GUARD = {}  # as instep.toml has it by default


@pytest.fixture
def guarded_way(reconciling):
    """Opens a way out with the default guard, whose orphans are deleted and whose missing made."""

    def open(items, **options):
        ceilings = {"window": 6000, "requests_per_minute": 6000}
        policy = {"orphans": "delete"}
        return reconciling(
            items=items, guard=GUARD, policy=policy, missing="create", **ceilings | options
        )

    return open


def in_step(way, n):
    return way.products_as_source(range(1, n + 1))


def new(names):
    return {f"new-{name}": ({"stock": 1, "name": f"New {name}"}, None) for name in names}


def counted(way):
    return RunCounts(way.context.steps, way.settings, way.settings.collections["products"]).read()


def test_three_hundred_duplicates_are_held(guarded_way):
    way = guarded_way(300)
    told = way.command(new(range(300)), partial=True)
    assert (told.code, told.state, told.proven) == (1, "held", False)
    assert told.guard["created"] == {"wanted": 300, "allowed": False}
    assert "--create-up-to 300 approves it" in told.said
    assert len(way.products.items) == 300


def test_three_hundred_items_set_to_zero_are_held(guarded_way):
    way = guarded_way(300)
    before = way.shown("stock", range(1, 301))
    told = way.command({way.record(n): ({"stock": 0}, None) for n in range(1, 301)})
    some = sum(stock != 0 for stock in before)
    assert (told.code, told.state) == (1, "held")
    assert told.guard["overwritten"] == {"wanted": some, "allowed": False}
    assert told.unproven == {"held": some}
    assert way.shown("stock", range(1, 301)) == before
    assert way.patches() == []


def test_what_fills_an_empty_field_is_no_overwrite(guarded_way):
    way = guarded_way(6)
    for n in range(1, 7):
        way.edit(n, stock=None)
    told = way.command({way.record(n): ({"stock": n}, None) for n in range(1, 7)})
    assert (told.code, way.shown("stock", [1, 6])) == (0, [1, 6])


@pytest.mark.parametrize("held", ["created", "overwritten", "retired"])
def test_what_is_not_held_goes_on(guarded_way, held):
    way = guarded_way(12)
    way.edit(1, color=None)
    source = in_step(way, 12)
    if held == "retired":
        source = in_step(way, 4)
    if held == "created":
        source |= new(range(10))
    if held == "overwritten":
        source |= {way.record(n): ({"stock": -1}, None) for n in range(2, 10)}
    source[way.record(1)] = ({"color": "#ff0000"}, None)
    told = way.command(source)
    assert (told.code, told.state) == (1, "held")
    assert [kind for kind, each in told.guard.items() if not each["allowed"]] == [held]
    assert len(way.products.items) == 12
    assert way.staged(1)["color"] == "#ff0000"


def test_many_small_runs_add_up_within_the_window(guarded_way):
    way = guarded_way(100)
    way.command(in_step(way, 94))
    assert len(way.products.items) == 94
    way.pass_time(3600)
    told = way.command(in_step(way, 88))
    assert (told.state, len(way.products.items)) == ("held", 94)
    assert "6 of 94 items (6.4 %) would be retired, with 6 retired in the last 24 h" in told.said
    way.pass_time(25 * 3600)
    source = in_step(way, 94)
    assert way.command(source).state == "done"
    assert way.command({key: source[key] for key in [*source][:88]}).state == "done"
    assert len(way.products.items) == 88


def test_creations_of_runs_add_up_and_those_that_are_approved_do_not_count(guarded_way):
    way = guarded_way(60)
    source = in_step(way, 60) | new(range(8))
    assert way.command(source).code == 0
    source |= new(range(8, 12))
    assert way.command(source).state == "held"
    assert way.command(source, create_up_to=3).state == "held"
    assert way.command(source, create_up_to=4).code == 0
    assert counted(way).created == 8
    source |= new(range(12, 14))
    assert way.command(source).code == 0


def test_retirements_by_live_events_count_too(guarded_way):
    way = guarded_way(30)
    for n in range(23, 31):
        way.retire(n, "delete", version=1)
    way.run()
    told = way.command(in_step(way, 19))
    assert told.guard["retired"] == {"wanted": 3, "allowed": False}


def test_a_collection_is_loaded_once_without_a_question(guarded_way):
    way = guarded_way(2)
    assert way.command(in_step(way, 2) | new(range(40))).code == 0
    assert len(way.products.items) == 42
    told = way.command(in_step(way, 2) | new(range(140)))
    assert (told.state, len(way.products.items)) == ("held", 42)


def test_a_load_that_was_killed_goes_on_with_what_is_left_of_it(guarded_way):
    way = guarded_way(0)
    runs = RunCounts(way.context.steps, way.settings, way.settings.collections["products"])
    runs.load(5)  # and the run ended before it had handed over anything
    assert way.command(new(range(5))).code == 0
    assert counted(way).first == 0
    assert way.command(new(range(20))).state == "held"


def test_a_run_that_does_nothing_else_ends_the_first_load(guarded_way):
    way = guarded_way(2)
    assert way.command(in_step(way, 2)).code == 0
    assert way.command(in_step(way, 2) | new(range(5))).state == "held"


def test_two_runs_at_once_may_not_do_more_than_one(guarded_way):
    way = guarded_way(100)
    way.command(in_step(way, 100))
    source = in_step(way, 94)
    told = way.reconcile(
        source, before=lambda: [way.retire(n, "draft", version=1) for n in range(1, 6)]
    )
    assert told.outcomes() == {causes.HELD}
    assert len(way.products.items) == 100


def test_an_operator_is_shown_what_he_is_asked_about(guarded_way):
    way = guarded_way(30)
    asked = []
    told = way.command(
        {way.record(n): ({"stock": -n}, None) for n in range(1, 31)},
        approve=lambda question: asked.append(question) or True,
    )
    [question] = asked
    assert (question.kind, len(question.lines), question.more) == ("overwritten", 20, 10)
    assert question.lines[0].startswith(f"{way.record(1)} stock: ")
    assert question.lines[0].endswith("→ -1")
    assert (told.code, way.shown("stock", [30])) == (0, [-30])


def test_a_check_asks_nobody_and_counts_nothing(guarded_way):
    way = guarded_way(12)
    told = way.command(new(range(12)), partial=True, approve=None, check=True)
    assert (told.code, told.guard["created"]["allowed"]) == (1, False)
    assert (counted(way).created, counted(way).first) == (0, None)


def test_items_that_are_made_anew_count_too(guarded_way):
    way = guarded_way(20)
    way.command(in_step(way, 20))
    source = in_step(way, 20)
    for n in range(1, 7):
        way.remove(n)
    for n in range(1, 7):
        source[way.record(n)] = ({"stock": n, "name": f"Desk {n}"}, None)
    assert way.command(source).code == 0
    assert counted(way).created == 6
    for n in range(7, 11):
        way.remove(n)
        source[way.record(n)] = ({"stock": n, "name": f"Desk {n}"}, None)
    told = way.command(source)
    assert told.guard["created"] == {"wanted": 4, "allowed": False}
    assert len(way.products.items) == 16
