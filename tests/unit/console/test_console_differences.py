"""Two values beside each other: what differs is marked, and what is long is cut around it."""

import pytest

from service.console.differences import AROUND, MOST, Pieces, as_text, differing, one


@pytest.mark.parametrize(
    ("wanted", "held", "changed"),
    [
        ("a red shoe", "a blue shoe", ("red", "blue")),
        ("a shoe", "a", (" shoe", "")),
        ("", "a", ("", "a")),
        (12, 13, ("12", "13")),
        ("12", 12, ("", "")),  # the same text of another kind
        ("<p>one</p>", "<p>two</p>", ("one", "two")),
        ("a a", "a a a", ("", " a")),
        (None, [1], ("null", "[1]")),
    ],
)
def test_what_differs_is_between_the_common_beginning_and_end(wanted, held, changed):
    ours, theirs = differing(wanted, held)
    assert (ours.changed, theirs.changed) == changed
    for value, pieces in ((wanted, ours), (held, theirs)):
        assert pieces.before + pieces.changed + pieces.after == as_text(value)
        assert not pieces.whole


def test_equal_values_have_no_mark():
    assert differing("a b", "a b") == (Pieces("a b"), Pieces("a b"))
    assert one({"a": "ü"}) == Pieces('{"a": "ü"}')


def test_a_long_value_is_cut_around_what_differs():
    long = "word " * 200
    ours, theirs = differing(f"{long}red {long}", f"{long}blue {long}")
    assert (ours.changed, theirs.changed) == ("red", "blue")
    assert (len(ours.before), len(ours.after)) == (AROUND + 1, AROUND + 1)
    assert ours.before.startswith("…")
    assert ours.after.endswith("…")
    assert ours.whole == f"{long}red {long}"


def test_a_long_value_alone_shows_its_beginning():
    shown = one("x" * 1000)
    assert (len(shown.before), len(shown.whole)) == (MOST + 1, 1000)
