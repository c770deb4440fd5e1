"""What to do, as a page says it."""

import pytest

from service.console.next_step import next_step


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "correct mappings.py, `instep reload`, then replay: `instep dead replay --group p1`",
            "Correct mappings.py, <code>instep reload</code>, then send it again",
        ),
        (
            "look at its letters one by one: `instep dead list --group ID`: "
            "`instep dead list --group p1`",
            "Look at each of them",
        ),
        ("see them with `instep dead list`", "See them all"),
        (
            "see them with `instep deletes list`, then `approve` or `drop` them",
            "Look at them, then approve or drop them",
        ),
        (
            "look with `instep runs show r1`, then `instep runs approve r1`, or `drop`",
            "Look at it, then approve or drop it",
        ),
        (
            "correct the value (the letter then closes itself), or discard",
            "Correct the value (it then closes itself), or discard it",
        ),
        (
            "see why with `instep deliveries list --source erp --outcome refused`",
            "See why",
        ),
        ("start one with `instep worker`", "Start one with <code>instep worker</code>"),
        ("<b>`<i>`", "&lt;b&gt;<code>&lt;i&gt;</code>"),
        ("", ""),
    ],
)
def test_commands_that_a_page_does_by_itself_are_left_out(text, shown):
    assert next_step(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run `instep resume site`", "Press Resume"),
        (
            "publish the site; `instep resume products` tries at once",
            "Publish the site; press Resume: it is tried at once",
        ),
    ],
)
def test_a_button_takes_the_place_of_its_command(text, shown):
    assert next_step(text, resumes=True) == shown
    assert "<code>instep resume " in next_step(text)


def test_a_time_is_one_that_the_page_makes_local():
    found = next_step("or wait: it goes on by itself at 2026-05-12 09:30:00 UTC")
    assert '<time datetime="2026-05-12T09:30:00.000+00:00"' in found
    assert found.startswith("Or wait: it goes on by itself at ")
