"""The page of `instep status`, and how a page fits its width."""

import re
from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from service.commands.page import columns_of, duration, echo, wrapped
from service.commands.status_page import lines_of
from tests.support.status_numbers import (
    COLLECTION,
    DESTINATION,
    FETCHER,
    RUN,
    SOURCE,
    WRITEBACK,
    flowing,
)

NOW = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
REASON = {
    "name": "destination site: paused",
    "state": "degraded",
    "since": "2026-05-12T09:00:00+00:00",
    "why": "401 not_authorized",
    "do": "set another token, then run `instep resume site`",
}
NOTICE = {"name": "dead letters", "state": "notice", "since": None, "why": "", "do": "look"}
LONG = "a-name-of-a-thing-that-somebody-has-made-as-long-as-it-may-be-x"


def shown(columns=80, **parts):
    lines = lines_of(flowing(**parts), columns, NOW)
    return [re.sub(r"\x1b\[\d+m", "", line) for line in lines]


def test_the_page_leads_with_what_is_wrong_since_when_and_what_to_do():
    assert shown(reasons=[REASON], notices=[NOTICE])[:7] == [
        "x destination site: paused since 2026-05-12 09:00:00 UTC (30 min)",
        "  401 not_authorized",
        "  > Do: set another token, then run `instep resume site`",
        "",
        "! dead letters",
        "  > Do: look",
        "",
    ]


def test_the_page_says_that_everything_flows():
    assert shown()[:2] == ["Everything flows.", ""]


def test_the_numbers_follow():
    page = "\n".join(shown())
    for line in (
        r"site  +flowing  +3  +0  +57 of 60",
        r"products  +flowing  +0  +-",
        r"erp  +flowing  +5  +0  +0  +5  +2026-05-12 09:20:00",
        r"8 accepted = 2 written \+ 6 pending\nBalanced: yes",
        r"web  +vm  +7",
        r"Dead letters: 0",
        r"Memory: ",
    ):
        assert re.search(line, page), line


def test_what_waits_is_told_with_the_time_that_it_takes():
    site = DESTINATION | {"pending_items": 5400, "drain_seconds": 120.0}
    assert "site: 5,400 items wait, for about 2 min of calls" in shown(destinations={"site": site})
    assert not [line for line in shown() if "of calls" in line]


def test_write_backs_stand_with_what_waits_and_what_was_told():
    waiting = WRITEBACK | {"state": "outage", "waiting": 12, "oldest_seconds": 90.0}
    page = shown(writebacks={"shop": waiting})
    assert re.fullmatch(r"shop  +outage  +12  +1 min  +3  +0", page[page.index("Write-backs") + 2])
    assert "Write-backs" not in shown()


def test_the_next_publish_is_told_and_what_waits_for_it():
    told = {"next": "2026-05-12T09:31:00+00:00", "held": None, "failed": None}
    page = shown(
        destinations={"site": DESTINATION | {"publish": told}},
        collections={"products": COLLECTION | {"unpublished": 3}},
    )
    assert "site: the next publish is at 2026-05-12 09:31:00 UTC" in page
    assert "products: 3 items wait to be published" in page
    quiet = shown(destinations={"site": DESTINATION | {"publish": told | {"next": None}}})
    assert not [line for line in quiet if "next publish" in line]


def test_what_is_no_state_is_counted_below_the_collections():
    page = shown(collections={"products": COLLECTION | {"not_live": 2, "duplicate_keys": 1}})
    assert "products: 2 items not live, 1 keys in several items" in page


def test_a_paused_lane_is_named_without_a_table_of_nothing():
    lanes = {"live": {"state": "flowing"}, "replay": {"state": "paused"}}
    page = shown(lanes=lanes)
    assert page[page.index("Lanes") + 1] == "paused: replay"


def test_freshness_is_told_once_something_was_written():
    assert not [line for line in shown() if line.startswith("Freshness")]
    page = shown(freshness={"p50": 1.24, "p99": 12.0})
    assert "Freshness: 50 % within 1.2 s, 99 % within 12.0 s (last hour)" in page


def test_dead_letters_are_counted_by_kind():
    problems = {"kinds": {"refused": 2, "unmapped": 1}, "open": 1, "largest": []}
    page = shown(dead_letters=3, problems=problems)
    assert "Dead letters: 3 (refused 2, unmapped 1)" in page
    page = shown(dead_letters=5, problems=problems)
    assert "Dead letters: 5 (refused 2, unmapped 1, not grouped yet 2)" in page


def test_processes_stand_by_host():
    processes = [
        {"role": "worker", "pid": 8, "host": "one"},
        {"role": "worker", "pid": 9, "host": "one", "hung": True},
        {"role": "worker", "pid": 8, "host": "two"},
    ]
    page = "\n".join(shown(processes=processes))
    assert "worker  one   8 9 (hung)\nworker  two   8" in page


def everything(name):
    """A status in which all is long, and everything has happened."""
    other = name[:-1] + "y"
    lanes = {"live": 1, "replay": 2, "reconcile": 123456}
    entry = COLLECTION | {"state": "paused", "lanes": lanes, "normalised": 12345678}
    secrets = [{"until": "2027-01-31T00:00:00+00:00", "matched": 7}] * 2
    source = SOURCE | {"deliveries": 123456789, "secrets": secrets, "stale": {name: 12345}}
    big = {"items": 10**9, "index": 10**8, "letters": 10**7}
    memory = {"used": 3 * 10**9, "limit": 4 * 10**9, "families": big, "level": "full", "full": True}
    command = REASON | {"do": f"run `instep resume {name}` " * 3, "why": "word " * 80}
    return {
        "destinations": {each: DESTINATION | {"calls": 123456789} for each in (name, other)},
        "collections": {each: entry | {"pending_items": 1234567} for each in (name, other)},
        "sources": dict.fromkeys((name, other), source),
        "refusals": {name: {"incomplete": 12345, "late": 1}},
        "fetchers": {name: FETCHER | {"state": "outage", "waiting": 12345}},
        "writebacks": {name: WRITEBACK | {"state": "paused", "told": 10**9}},
        "fields": {"accepted": 10**10, **{f"fate-{n}": 10**9 + n for n in range(10)}},
        "memory": memory,
        "spool": {"deliveries": 12345, "bytes": 10**9},
        "reconciles": {name: RUN | {"state": "running", "next": "2026-05-13T03:00:00+00:00"}},
        "processes": [{"role": "worker", "pid": 10**6 + n, "host": name} for n in range(40)],
        "reasons": [command | {"name": f"destination {name}: paused"}],
    }


@pytest.mark.parametrize("columns", [80, 60])
def test_no_line_is_wider_than_the_page(columns):
    page = shown(columns, **everything(LONG))
    assert max(map(len, page)) <= columns


def test_nothing_is_cut():
    page = "".join("".join(shown(80, **everything(LONG))).split())
    assert page.count(LONG) >= 5
    assert all(str(10**6 + n) in page for n in range(40))
    assert page.count("word") == 80


def test_a_command_to_paste_stays_in_one_line():
    lines = wrapped("x " * 35 + "`instep resume site` or not", 80)
    assert lines == [("x " * 35).rstrip(), "`instep resume site` or not"]


def test_a_command_that_no_line_holds_is_broken_at_a_space():
    assert wrapped(f"run `instep resume {LONG}`", 70) == ["run `instep resume", f"{LONG}`"]


def test_control_codes_are_not_obeyed():
    assert wrapped("a\x1b[2Jb", 80) == ["a\N{REPLACEMENT CHARACTER}[2Jb"]


def test_a_column_without_a_value_is_left_out():
    lines = list(columns_of(("name", "calls", "dropped"), [("site", 12, None)], 80))
    assert lines[1] == "site     12"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min"), (3700, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_is_told_in_two_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_it_wants_none(environ, coloured):
    @click.command()
    def command():
        for line in lines_of(flowing(reasons=[REASON]), 80, NOW):
            echo(line)

    page = CliRunner().invoke(command, color=True, env={"NO_COLOR": None} | environ).output
    assert ("\x1b[31m" in page, "\x1b[32mflowing" in page) == (coloured, coloured)
    assert "flowing" in page
