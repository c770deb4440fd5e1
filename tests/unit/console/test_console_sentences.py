"""Sentences of operate on a page: users' words, times for the script, and nothing unescaped."""

import pytest

from service.console.sentences import phrase, sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the dead letter d1 (refused)", "The problem d1 (refused)."),
        (
            "not on it: see the dead letter u1d (unmapped): qty of an event was left out",
            "Not on it: qty of an event was left out.",
        ),
        ("the dead letter u1d (unmapped): qty was left out", "Qty was left out."),
        (
            "see the dead letter d1 (not-applied), which holds a, b: 400: no",
            "See the problem with a, b: 400: no.",
        ),
        (
            "nothing until a newer value comes or `instep dead replay d1` sends it again",
            "Nothing until a newer value comes or somebody sends it again.",
        ),
        (
            "nothing until a newer event gives it or `instep dead replay d1` maps it again",
            "Nothing until a newer event gives it or somebody sends it again.",
        ),
        ("nothing until `instep resume a` lets it go on", "Nothing until it is resumed."),
        (
            "nothing until `instep resume a`, or a restart with another token, lets it go on",
            "Nothing until it is resumed, or started again with another token.",
        ),
        (
            "it goes on by itself, or by `instep resume lane:live`",
            "It goes on by itself, or once it is resumed.",
        ),
        ("give it the scopes and run instep resume", "Give it the scopes and resume it."),
        (
            "nothing until `instep deletes approve` or `drop`, or until the record is back",
            "Nothing until somebody approves or drops it, or until the record is back.",
        ),
        ("no (a replay reads the schema again)", "No (sending it again reads the schema anew)."),
        ("the lane live, paused by a: b", "Live changes, paused by a: b."),
        ("the lane replay, paused", "What is sent again, paused."),
        ("run `instep up <x>` now", "Run <code>instep up &lt;x&gt;</code> now."),
        ("<b>what?", "&lt;b&gt;what?"),
        ("", ""),
        ("2026-13-40T09:30:00Z it says", "2026-13-40T09:30:00Z it says."),
        ("9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59-23:00."),
    ],
)
def test_a_sentence(text, shown):
    assert sentence(text) == shown


def test_a_time_stands_in_a_sentence_for_the_script_to_make_it_local():
    assert phrase("since 2026-05-12T09:30:00Z: <none>") == (
        'since <time datetime="2026-05-12T09:30:00.000+00:00" title="2026-05-12 09:30:00 UTC">'
        "<span data-at>12 May 2026 09:30 UTC</span></time>: &lt;none&gt;"
    )


def test_a_phrase_begins_and_ends_as_it_is():
    assert phrase("qty: no number") == "qty: no number"
