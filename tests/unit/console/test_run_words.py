"""Runs in words and figures."""

import pytest

from service.console import run_figures, run_words
from service.console.run_figures import RunProgress


def run(kind="reconcile", state="done", **parts):
    made = {"id": "r1", "kind": kind, "state": state, "collection": "products", "source": None}
    return made | {"figures": {}, "reason": None, "by": "ada", "proposal": None} | parts


PROPOSAL = {"why": "it was mended", "until": "", "approved_by": None}


@pytest.mark.parametrize(
    ("made", "title"),
    [
        (run(source="erp"), "Reconcile of products from erp"),
        (run("approve", figures={"deletes": 2}), "Approve deletes in products"),
        (run("approve", collection=None), "Approve a run"),
        (run("drop", collection=None), "Drop deletes"),
        (run("pull"), "Pull of products"),
    ],
)
def test_titles(made, title):
    assert run_words.title(made) == title


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (run(state="running"), "It has begun."),
        (run(state="running", figures={"read_rows": 7}), "It goes on: 7 rows read so far."),
        (
            run(state="running", figures={"read_rows": 9, "items": 1200, "items_of": 4000}),
            "It goes on: 1,200 of 4,000 items.",
        ),
        (run(state="failed", reason="it broke!"), "It failed: it broke!"),
        (run(state="failed"), "It failed: no reason was kept."),
        (run(state="stopped", reason="ended"), "It was stopped: ended."),
        (run(), "Nothing was to be done."),
        (run(figures={"differences": 1, "repaired": 1}), "1 difference found, 1 repaired."),
        (run("undo", figures={"fields": 2}), "2 fields of 0 items put back."),
        (run(state="held"), "Only its deletes wait for an approval."),
        (run(state="held", reason="half of it"), "Half of it."),
        (
            run("undo", "held", figures={"held_overwritten": 1}, reason="half of it"),
            "It would overwrite 1 item. Nothing of that was done. Half of it.",
        ),
        (
            run(state="held", figures={"held_created": 9, "may_create": 5}),
            "The next reconcile of the same source may create 5 items, as this one has shown.",
        ),
        (run("undo", "held", proposal=PROPOSAL), "Proposed: it was mended."),
    ],
)
def test_sentences(made, sentence):
    assert run_words.sentence(made) == sentence


@pytest.mark.parametrize(
    ("made", "begin"),
    [
        (run(), ""),
        (run(figures={"left": 1}), "See below"),
        (run(state="running"), ""),
        (run(state="failed"), "Correct what the reason names, then run the reconcile again"),
        (run("undo", "stopped"), "Correct what the reason names, then begin it again"),
        (run("undo", "stopped", reason="dropped by ada"), ""),
        (run(state="held"), "Decide on its deletes"),
        (run(state="held", figures={"held_created": 9}), "Approve it if"),
        (run(state="held", figures={"may_create": 9}), "Nothing, if the schedule"),
        (run(state="held", proposal=PROPOSAL), "See what it would do"),
    ],
)
def test_what_to_do(made, begin):
    told = run_words.next_step(made)
    assert told.startswith(begin)
    assert bool(told) is bool(begin)


@pytest.mark.parametrize(
    ("made", "word", "tone"),
    [
        (run(), "done", "done"),
        (run(state="held"), "waits for approval", "held"),
        (run(state="held", figures={"may_overwrite": 1}), "approved", "approved"),
        (run(state="held", proposal=PROPOSAL), "proposed", "held"),
        (run(state="done", proposal=PROPOSAL), "done", "done"),
    ],
)
def test_states(made, word, tone):
    assert (run_words.state(made), run_words.tone_of(made)) == (word, tone)


def test_what_can_be_done_about_it():
    deletes = run("approve", "held", proposal=PROPOSAL, figures={"deletes": 3})
    assert run_words.is_final(deletes)
    assert run_words.is_final(run("discard", "held", proposal=PROPOSAL))
    assert not run_words.is_final(run("approve", "held", proposal=PROPOSAL))
    assert not run_words.is_final(run("discard"))
    assert run_words.can_be_undone(run("remap"))
    assert not run_words.can_be_undone(run("remap", "running"))
    assert not run_words.can_be_undone(run("discard"))
    assert run_words.is_whole(run("undo"))
    assert run_words.is_whole(run(state="held", proposal=PROPOSAL))
    assert not run_words.is_whole(run(state="held"))


def test_deletes_that_a_run_is_held_for():
    figures = {"held": 10, "held_created": 4, "held_overwritten": 1}
    assert run_words.held_deletes(run(state="held", figures=figures)) == 5
    assert run_words.held_deletes(run(state="done", figures=figures)) == 0


def test_figures_are_named_in_order_without_those_that_are_0():
    figures = {"done": 3, "left": 2, "records": 3, "fields": 0, "odd_one": 7, "records_of": 9}
    figures |= {"reasons": {"x": 1}}
    rows = run_figures.rows(run("undo", figures=figures))
    assert rows == [("Records", 3), ("Left as they were", 2), ("Odd one", 7)]
    assert run_figures.rows(run(figures=figures))[0] == ("Records of the source", 3)


def test_how_far_it_is():
    figures = {"letters": 1000, "done": 320}
    assert run_figures.progress(run("replay", figures=figures)) == RunProgress(
        320, 1000, "failures"
    )
    assert run_figures.progress(run()) is None


def test_what_differed_most_comes_first():
    counts = {"missing": 3, "orphan": 5, "undecided": 0, "other": 4}
    expected = [("not in the source", 5), ("other", 4), ("missing on the site", 3)]
    assert run_figures.differences(counts) == expected
