"""The form of a message: for people in a chat, and for programs."""

import json
import re
from dataclasses import replace

import pytest

from workers.alerts.cause import Cause
from workers.alerts.message import MOST, TEXT_MOST, duration, id_of, message_of
from workers.alerts.rules import Entry

NOW = 1_799_661_600.0  # 2027-01-11 10:00 UTC
PAUSED = Cause(
    "paused",
    "destination site: paused",
    reason="401 not_authorized",
    means="Nothing is written until it goes on",
    do="run `instep resume site`",
    figures={"items_waiting": 1200},
)


def told(*entries, note="", now=NOW):
    body = json.loads(message_of(entries, place="shop", now=now, note=note))
    return body["text"], body["instep"]


def test_a_line_says_what_since_when_why_what_it_means_and_what_to_do():
    text, _ = told(Entry("began", PAUSED, NOW - 180))
    assert text == (
        "*Instep at shop*\n:red_circle: *destination site: paused* since 09:57 UTC (3 min). "
        "1,200 items wait. 401 not_authorized. Nothing is written until it goes on. "
        "*Do:* run `instep resume site`"
    )


def test_programs_get_the_same_in_parts():
    _, machine = told(Entry("began", PAUSED, NOW - 180))
    assert machine.pop("id").startswith("alert_")
    assert machine == {
        "version": 1,
        "from": "shop",
        "at": "2027-01-11T10:00:00+00:00",
        "note": "",
        "causes": [
            {
                "kind": "paused",
                "name": "destination site: paused",
                "state": "began",
                "since": "2027-01-11T09:57:00+00:00",
                "until": None,
                "seconds": 180,
                "reason": "401 not_authorized",
                "means": "Nothing is written until it goes on",
                "do": "run `instep resume site`",
                "figures": {"items_waiting": 1200},
            }
        ],
        "more": 0,
    }


def test_an_end_says_how_long_it_took():
    over = Entry("ended", Cause("outage", "destination site: outage"), NOW - 800, until=NOW - 80)
    text, machine = told(over)
    assert "*destination site: outage* is over, after 12 min." in text
    (cause,) = machine["causes"]
    assert (cause["state"], cause["seconds"]) == ("ended", 720)
    assert cause["until"] == "2027-01-11T09:58:40+00:00"


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [("items_waiting", 1, "1 item waits."), ("deletes", 12, "12 deletes."), ("x", 2, "2 x.")],
)
def test_figures_are_counted_in_words(name, number, words):
    text, _ = told(Entry("began", Cause("paused", "y", figures={name: number}), NOW))
    assert text.endswith(words)


def test_an_update_and_one_that_came_back_say_so():
    text, _ = told(Entry("update", PAUSED, NOW - 90_000, number=1))
    assert "*destination site: paused* goes on, since 2027-01-10 09:00 UTC (1 d 1 h)." in text
    text, _ = told(Entry("began", PAUSED, NOW, times=2))
    assert "*destination site: paused* again since 10:00 UTC (0 s)." in text


def test_a_note_stands_at_the_top():
    text, machine = told(note="this is a test")
    assert text == "*Instep at shop*: this is a test"
    assert (machine["note"], machine["causes"]) == ("this is a test", [])


def test_slack_finds_no_mention_link_or_second_line_in_what_others_said():
    evil = Cause("paused", "x", reason="<!channel> & <https://evil|click>\n:red_circle: *y*")
    text, _ = told(Entry("began", evil, NOW))
    assert "&lt;!channel&gt; &amp; &lt;https://evil|click&gt; :red_circle:" in text
    assert len(text.splitlines()) == 2
    assert not re.search("[<>]", text)


@pytest.mark.parametrize("length", [5, 5000])
def test_the_length_is_bounded_and_what_is_left_out_is_counted(length):
    causes = [Cause("paused", f"c{n}", reason="r" * length, do="d" * 200) for n in range(300)]
    text, machine = told(*(Entry("began", each, NOW) for each in causes))
    assert len(text) <= TEXT_MOST + 80
    shown = text.count(":red_circle:")
    assert text.endswith(f"… and {300 - shown} more: see `instep status`")
    assert (len(machine["causes"]), machine["more"]) == (MOST, 300 - MOST)


def test_a_repeat_has_the_same_id_whatever_its_figures():
    first = id_of([Entry("update", PAUSED, NOW, number=1)], "shop")
    more = Cause("paused", PAUSED.name, figures={"items_waiting": 9})
    assert id_of([Entry("update", more, NOW + 0.4, number=1)], "shop") == first
    assert id_of([Entry("update", PAUSED, NOW, number=2)], "shop") != first
    assert id_of([Entry("update", PAUSED, NOW, number=1)], "other") != first


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (59, "59 s"), (61, "1 min"), (7320, "2 h 2 min"), (180_000, "2 d 2 h")],
)
def test_durations_have_two_units(seconds, words):
    assert duration(seconds) == words


def test_half_an_emoji_in_a_reason_is_shown():
    text, machine = told(Entry("began", replace(PAUSED, reason="Not \ud83d here"), NOW))
    assert "Not ? here." in text
    assert machine["causes"][0]["reason"] == "Not ? here"
