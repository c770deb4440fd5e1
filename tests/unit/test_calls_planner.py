"""The planner of the least number of calls, on loads that can be counted by hand."""

import ast
from pathlib import Path

import pytest

from tests.benchmarks import calls_planner
from tests.benchmarks.calls_planner import Piece, Policy, blind, isolation, least, outage, pages

V1 = Policy(most=1, linger=0.0)


def all_of(number, at=0.0, **more):
    return [Piece(at, f"r{n}", **more) for n in range(number)]


@pytest.mark.parametrize(
    ("number", "calls"), [(0, 0), (1, 1), (100, 1), (101, 2), (1000, 10)], ids=str
)
def test_what_is_there_at_once_goes_a_hundred_to_a_call(number, calls):
    assert least(all_of(number), Policy())["write"] == calls


def test_v1_takes_one_a_call():
    assert least(all_of(120), V1) == {"write": 120}


def test_events_of_one_item_merge_until_it_is_sent():
    pieces = [Piece(n / 100, "a") for n in range(90)]
    assert least(pieces, Policy()) == {"write": 1}
    assert least([Piece(0.0, "a"), Piece(5.0, "a")], Policy()) == {"write": 2}


def test_a_request_that_is_not_full_goes_once_the_oldest_has_lingered():
    pieces = [Piece(0.0, "a"), Piece(0.9, "b"), Piece(1.1, "c")]
    assert least(pieces, Policy()) == {"write": 2}
    assert least(pieces, Policy(linger=2.0)) == {"write": 1}


def test_what_comes_again_later_leaves_its_place_to_others():
    early = [Piece(0.0, f"again{n}") for n in range(100)] + all_of(100)
    late = [Piece(0.5, f"again{n}") for n in range(100)]
    assert least(early + late, Policy(limit=1, linger=0.0)) == {"write": 2}


def test_the_pace_lets_more_come_together():
    pieces = [Piece(n / 10, f"r{n}") for n in range(600)]  # ten a second, for a minute
    fast, slow = (least(pieces, Policy(limit))["write"] for limit in (600, 6))
    assert (fast, slow) == (55, 6 + 1)


def test_a_new_key_is_asked_for_and_then_created():
    found = least(all_of(250, calls=("look-up", "create")), Policy())
    assert found == {"look-up": 3, "create": 3}


def test_what_waits_for_another_record_goes_behind_it():
    pieces = [Piece(0.0, "a", after="b"), Piece(9.0, "b", ("create",))]
    assert least(pieces, Policy()) == {"create": 1, "write": 1}


def test_an_item_may_take_several_entries():
    assert least(all_of(100, entries=3), Policy()) == {"write": 4}


def test_a_listing_has_a_page_even_of_nothing():
    assert [pages(number) for number in (0, 1, 100, 101)] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("bad", "named", "calls"),
    [
        pytest.param(0, True, 1, id="all good"),
        pytest.param(1, True, 3, id="all, the good ones, the bad one"),
        pytest.param(5, True, 7, id="each bad one alone"),
        pytest.param(100, True, 101, id="nothing is good"),
        pytest.param(1, False, 8, id="one of a hundred: seven answers"),
        pytest.param(5, False, 28, id="five of a hundred: 27 answers"),
    ],
)
def test_what_is_bad_costs_what_it_takes_to_tell(bad, named, calls):
    assert isolation(100, bad, named=named) == {"write": calls}


def test_an_outage_costs_what_tells_its_end():
    assert outage(30) == {"failed": 3, "probe": 6}
    assert outage(300) == {"failed": 3, "probe": 15}


def test_it_imports_nothing_of_the_product():
    tree = ast.parse(Path(calls_planner.__file__).read_text())
    named = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert named == {"math", "collections", "dataclasses", "operator"}


def test_who_does_not_know_what_comes_sends_what_waits_longest():
    # Both wait for the one slot; only "b" is not sent again.
    pieces = [Piece(0.0, str(n)) for n in range(5)]
    pieces += [Piece(0.1, "b"), Piece(0.1, "a"), Piece(1.3, "a")]
    assert least(pieces, V1) == {"write": 7}
    assert blind(pieces, V1) == {"write": 8}
