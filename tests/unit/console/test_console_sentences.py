"""Sentences of operate on a page: users' words, times for the script, and nothing unescaped."""

import pytest

from service.console.sentences import phrase, sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the dead letter d1 (refused)", "The problem d1 (refused)."),
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
