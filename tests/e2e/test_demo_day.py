"""The day that the demo plays, and how it is judged: both without Instep."""

import contextlib
import io
import json
from datetime import UTC, datetime

import pytest

from service.demo import run, simulation
from service.demo.display import Display, DisplayState
from service.demo.report import DemoResult, verdict
from service.demo.site_check import compare, reasons, unexpected
from service.demo.stop import Stop

BEGINS = datetime(2025, 6, 1, tzinfo=UTC)
SITE = {"P-1": {"sku": "P-1", "price": 1.0, "stock": 5}, "P-2": {"sku": "P-2", "price": 2.0}}
LETTER = {"kind": "refused", "key": "P-1", "fields": {"price": {}}, "problems": [], "message": "no"}
OUTCOME = {
    "api": "v2", "events": 10, "deliveries": 12, "duplicates": 2, "late": 1, "refused": 0,
    "resent": 0, "field_values": 20, "fields": {"written": 20}, "calls": 3,
    "calls_one_per_event": 10, "limit": 60, "rate_limited": 0, "checked": 30, "wrong": 0,
    "lost": 0, "unexpected": 0, "pending": 0, "unanswered": 0, "repairs": 0, "balanced": True,
    "dead_letters": [], "seconds": 5.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def day():
    return simulation.make(1000, 100, begins=BEGINS)


def test_the_same_arguments_give_the_same_day(day):
    assert simulation.make(1000, 100, begins=BEGINS) == day
    assert simulation.make(1000, 100, begins=BEGINS, seed=2) != day


def test_no_two_facts_of_a_source_about_a_field_are_equally_new(day):
    orders = [(fact.source, fact.sku, fact.order) for fact in day.facts]
    assert len(set(orders)) == len(orders)


def test_the_sources_write_different_fields(day):
    fields = {source: set() for source in simulation.SOURCES}
    for fact in day.facts:
        fields[fact.source] |= set(fact.values)
    assert len(set().union(*fields.values())) == sum(map(len, fields.values()))


def test_the_day_has_duplicates_late_ones_and_odd_ones(day):
    marks = day.marks
    assert marks["unmapped"] == len(simulation.UNMAPPED)
    assert marks["unsigned"] == simulation.UNSIGNED
    assert marks["unknown"] == 1
    assert marks["duplicate"] > 20
    assert marks["late"] > 20


def test_a_duplicate_is_the_same_bytes_under_the_same_id(day):
    first = {each.id: each.body for each in day.deliveries if each.mark in ("", "late")}
    again = [each for each in day.deliveries if each.mark == "duplicate"]
    assert all(first[each.id] == each.body for each in again)


def test_late_deliveries_come_after_newer_ones(day):
    latest, overtaken = {}, 0
    for each in day.deliveries:
        if each.source == "stock" and each.mark in ("", "late"):
            data = json.loads(each.body)["data"]
            overtaken += data["revision"] < latest.get(data["sku"], 0)
            latest[data["sku"]] = max(latest.get(data["sku"], 0), data["revision"])
    assert overtaken > 10


def test_the_truth_is_the_newest_value_of_each_field():
    facts = (
        simulation.Fact("stock", "P-1", 0.1, 2, {"stock": 7}),
        simulation.Fact("stock", "P-1", 0.2, 1, {"stock": 3}),
        simulation.Fact("shop", "P-1", 0.3, 1, {"price": -1.0}, frozenset({"price"})),
    )
    day = simulation.Day(facts, ())
    assert day.truth() == {("P-1", "stock"): 7, ("P-1", "price"): -1.0}
    assert day.refused() == {("P-1", "price")}


@pytest.mark.parametrize(
    ("shown", "wrong", "lost"),
    [
        pytest.param(9, [], [], id="right"),
        pytest.param(7, [("P-1", "stock")], [], id="older value"),
        pytest.param(5, [], [("P-1", "stock")], id="nothing arrived"),
    ],
)
def test_a_field_that_shows_another_value_is_wrong_or_lost(shown, wrong, lost):
    after = {**SITE, "P-1": {**SITE["P-1"], "stock": shown}}
    found = compare(SITE, after, {("P-1", "stock"): 9}, ())
    assert (list(found.wrong), list(found.lost)) == (wrong, lost)
    assert found.checked == 5


def test_a_field_that_nobody_touched_must_show_what_it_did():
    after = {**SITE, "P-2": {**SITE["P-2"], "price": 3.0}}
    assert compare(SITE, after, {}, ()).wrong == (("P-2", "price"),)


def test_a_field_whose_newest_value_was_refused_is_excused():
    truth = {("P-1", "price"): -1.0}
    assert compare(SITE, SITE, truth, {("P-1", "price")}).lost == ()
    assert compare(SITE, SITE, truth, ()).lost == (("P-1", "price"),)


def test_only_letters_that_the_day_planned_are_expected():
    assert unexpected([LETTER], {("P-1", "price")}) == 0
    assert unexpected([LETTER], set()) == 1
    assert unexpected([{**LETTER, "kind": "unmapped", "fields": {}}], set()) == 0


def test_dead_letters_are_told_by_kind_with_the_briefest_words():
    letters = [LETTER, {**LETTER, "problems": [{"field": "price", "message": "is negative"}]}]
    assert reasons(letters) == [{"kind": "refused", "count": 2, "reason": "no"}]


@pytest.mark.parametrize(
    "flaw",
    [
        {"wrong": 1},
        {"lost": 1},
        {"unexpected": 1},
        {"pending": 1},
        {"unanswered": 1},
        {"balanced": False},
    ],
    ids=str,
)
def test_any_flaw_fails_the_demo_and_is_told(flaw):
    assert DemoResult(**OUTCOME).good
    found = DemoResult(**{**OUTCOME, **flaw})
    assert not found.good
    assert verdict(found).startswith("FAILED. ")
    assert len(verdict(found)) > len("FAILED. .")


def _lines(*moments):
    """Return what a pipe is shown of *moments*, each of them long after the one before it."""
    out = io.StringIO()
    lines = Display(out, quiet=False)
    for moment in moments:
        lines._next = float("-inf")
        lines.show(moment)
    return out.getvalue().splitlines()


def _moment(share, said):
    return DisplayState(share, 300, 9, 58, 9, 60, 7, "flowing", 2, said)


def test_once_nothing_moves_each_line_says_what_is_waited_for():
    told = _lines(*(_moment(1.0, f"In {left} s another sends them.") for left in (9, 6, 3)))
    assert told[0].startswith("  23:59  in 300  calls 9  waiting 58")
    assert told[1:] == ["  In 6 s another sends them.", "  In 3 s another sends them."]


def test_during_the_day_each_line_has_the_figures():
    told = _lines(_moment(0.5, "The CMS is down."), _moment(0.5, "The CMS is down."))
    assert [line[:9] for line in told] == ["  12:00  "] * 2


def test_a_paragraph_of_the_beginning_is_one_line():
    lines = [line for line in run._INTRO.splitlines() if line]
    assert [line for line in lines if not line.endswith((".", ":"))] == []


def test_a_signal_that_got_lost_is_told_at_the_next_look():
    stop = Stop()
    stop.check()
    with contextlib.suppress(KeyboardInterrupt):
        stop.ask()
    with pytest.raises(KeyboardInterrupt):
        stop.check()
