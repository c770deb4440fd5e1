"""The figures of several machines: what is made of what was noted, and how the page shows it."""

import pytest

from tests.benchmarks.machines_cms import Write, written
from tests.benchmarks.machines_growth import freshness, share_of
from tests.benchmarks.machines_loss import doubled, went_back
from tests.benchmarks.machines_page import BEGIN, END, shown
from tests.benchmarks.machines_page import written as page_of

ITEM = "65f100000000000000000001"
SIZE = {
    "machines": 2,
    "web": 2,
    "workers": 1,
    "rest": 70.4,
    "acks": 500,
    "ack_ms": 120,
    "cpu": {"web": 1.7, "worker": 0.4, "store": 0.9},
    "commands": 48.0,
    "fresh_ms": (900, 1300, 1400),
}
LOSS = {
    "kind": "killed",
    "events": 800,
    "away": 20.0,
    "sweep": 5.2,
    "pause": 0.4,
    "again": 16,
    "back": 4.3,
    "fresh": (1.2, 29.9, 30.4),
    "late": (277, 18),
    "missing": 0,
    "older": 0,
    "doubled": 9,
    "by": {"a": [1, 0, 1], "b": [1, 2, 1]},
    "rate": 40,
}
TOKEN = {"machines": 1, "calls": 58.2, "items": 47.1, "fresh": (1.4, 2.6), "rate": 80}
PLACE = {"namespaces": True, "cpus": 2, "cms_seconds": 0.3, "load": 0.5}
FOUND = {"place": PLACE, "sizes": [SIZE], "token": [TOKEN], "losses": [LOSS]}


def test_figures_replace_those_that_stood_between_the_marks():
    page = f"# Machines\n\n{BEGIN}stood there\n{END}\nThe end.\n"
    once = page_of(page, FOUND)
    assert page_of(once, FOUND) == once
    assert "stood there" not in once
    assert once.startswith("# Machines\n")
    assert once.endswith(f"{END}\nThe end.\n")
    assert "| 2 | 2 | 1 | 70 | 500 | 120 ms | 1.7, 0.4, 0.9 | 0.9 s, 1.3 s, 1.4 s |\n" in once


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="end of figures"):
        page_of("# Machines\n", FOUND)


def test_what_is_lost_or_late_is_said():
    text = shown(FOUND | {"losses": [LOSS | {"missing": 2, "older": 1}]})
    assert "2 items were wrong, 1 values older than one before" in text
    assert "277 events of 18 items" in text
    assert "the last after 1.5 s" in shown(
        FOUND | {"losses": [LOSS | {"late": (0, 0), "fresh": (1, 1.4, 1.5)}]}
    )


def test_where_both_have_one_address_nobody_says_who_wrote():
    assert "written by both" in shown(FOUND)
    assert "written by both" not in shown(FOUND | {"losses": [LOSS | {"by": {"a": [1, 2, 3]}}]})


def test_each_event_is_right_with_the_first_write_that_shows_it_or_a_newer_one():
    writes = [Write(10.5, "a", {"x": 2}), Write(11.0, "b", {"x": 4, "y": 3})]
    events = [("x", 1), ("x", 2), ("y", 3), ("x", 4)]
    acked = {0: 10.0, 1: 10.25, 2: 10.0, 3: 11.5}
    assert freshness(writes, acked, events) == {0: 0.5, 1: 0.25, 2: 1.0, 3: 0.0}


def test_the_share_of_waits():
    waits = range(100)
    assert [share_of(waits, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 99]


def test_older_values_and_values_of_two_machines_are_counted():
    writes = [Write(1, "a", {"x": 2, "y": 1}), Write(2, "b", {"x": 1, "y": 1})]
    assert went_back(writes) == 1
    assert doubled(writes) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/collections/c/items/live", {"items": [{"id": ITEM, "fieldData": {"stock": 7}}]}),
        (f"/v2/collections/c/items/{ITEM}/live", {"fieldData": {"stock": 7}}),
    ],
)
def test_what_a_write_says_of_the_stock(path, body):
    assert written(path, body) == {ITEM: 7}


def test_a_write_of_other_fields_says_nothing():
    assert written(f"/v2/collections/c/items/{ITEM}", {"fieldData": {"name": "x"}}) == {}
