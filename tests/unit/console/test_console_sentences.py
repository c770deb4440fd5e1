"""Sentences of operate on a page: users' words, times for the script, and nothing unescaped."""

import pytest

from service.console.sentences import phrase, sentence
from service.operate.remedies import Remedy


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the dead letter d1 (refused)", "The problem d1 (refused)."),
        ("run `instep up <x>` now", "Run <code>instep up &lt;x&gt;</code> now."),
        ("<b>what?", "&lt;b&gt;what?"),
        ("", ""),
        ("2026-13-40T09:30:00Z it says", "2026-13-40T09:30:00Z it says."),
        ("9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59-23:00."),
        (
            Remedy("publish it, then resume it", "resume", "lane:live"),
            "Publish it, then resume it.",
        ),
    ],
)
def test_a_sentence(text, shown):
    assert sentence(text) == shown


@pytest.mark.parametrize("text", ["2026-05-12T09:30:00Z", "2026-05-12 09:30:00 UTC"])
def test_a_time_stands_in_a_sentence_for_the_script_to_make_it_local(text):
    assert phrase(f"since {text}: <none>") == (
        'since <time datetime="2026-05-12T09:30:00.000+00:00" title="2026-05-12 09:30:00 UTC">'
        "<span data-at>12 May 2026 09:30 UTC</span></time>: &lt;none&gt;"
    )


def test_a_phrase_begins_and_ends_as_it_is():
    assert phrase("qty: no number") == "qty: no number"


def test_a_remedy_is_shown_without_the_command_that_its_button_is():
    assert phrase(Remedy("send it `again`", "replay", "d1")) == "send it <code>again</code>"
