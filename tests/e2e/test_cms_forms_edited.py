"""What an editor writes over a value of ours is no form of it, before a listing and after it."""

import pytest

from service.reconcile.plan import causes

HTML = '<p>Intro</p><figure><img src="https://media.example.com/pic{}.jpg"></figure><p>End</p>'


def shown(way, n=1):
    return way.staged(n)["description"]


def written_and_listed(reconciling):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    way.change(1, description=HTML, version=1)
    way.run()
    source = {way.record(1): ({"description": HTML}, 1)}
    way.reconcile(source, partial=True)
    way.pass_time(60)
    return way, source


EDITS = [
    ("Intro", "Prologue"),
    ("<p>End</p>", ""),
    ("<p>End</p>", '<p><a href="https://a.example">End</a></p>'),
    ("pic{}", "other"),
]


@pytest.mark.parametrize("listed", [True, False], ids=["listed before", "not listed"])
@pytest.mark.parametrize(("old", "new"), EDITS)
def test_an_editors_rich_text_is_seen(reconciling, old, new, listed):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    html = HTML.format(1)
    way.change(1, description=html, version=1)
    way.run()
    source = {way.record(1): ({"description": html}, 1)}
    if listed:
        way.reconcile(source, partial=True)
    way.pass_time(60)
    edited = shown(way).replace(old.format(1), new)
    assert edited != shown(way)
    way.edit(1, description=edited)
    assert way.reconcile(source, partial=True).by_cause() == {causes.EDITED: [way.record(1)]}
    assert way.reconcile(source, partial=True).by_cause() == {}


def test_an_edit_that_changes_no_word_is_told_from_the_form_that_was_listed(reconciling):
    way, source = written_and_listed(reconciling)
    way.edit(1, description=shown(way).replace("Intro", "<strong>Intro</strong>"))
    assert way.reconcile(source, partial=True).by_cause() == {causes.EDITED: [way.record(1)]}
    assert "strong" not in shown(way)
    assert way.reconcile(source, partial=True).by_cause() == {}


def test_a_form_that_an_editor_has_touched_is_not_remembered(reconciling):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    way.change(1, description=HTML, version=1)
    way.run()
    way.pass_time(60)
    way.edit(1, description=shown(way).replace("Intro", "<em>Intro</em>"))
    way.reconcile({way.record(1): ({"description": HTML}, 1)}, partial=True)
    assert "F" not in way.field(1, "description")


def test_a_form_that_was_listed_is_forgotten_once_the_value_goes_again(reconciling):
    way, source = written_and_listed(reconciling)
    way.edit(1, description="<p>Mine</p>")
    way.reconcile(source, partial=True)  # writes it once more, with another picture
    way.pass_time(60)
    told = way.reconcile(source, partial=True)
    assert (told.by_cause(), {call.method for call in told.calls}) == ({}, {"GET"})


def test_the_same_value_again_keeps_the_form_that_was_listed(reconciling):
    way, source = written_and_listed(reconciling)
    way.change(1, description=HTML, version=2)
    way.run()
    way.edit(1, description=shown(way).replace("Intro", "<strong>Intro</strong>"))
    source = {way.record(1): ({"description": HTML}, 2)}
    assert way.reconcile(source, partial=True).by_cause() == {causes.EDITED: [way.record(1)]}


def test_the_form_of_a_value_that_came_again_is_remembered_too(reconciling):
    way = reconciling(items=5, window=600, requests_per_minute=600)
    for version in (1, 2):
        way.change(1, description=HTML, version=version)
        way.run()
    assert way.counts("written", "unchanged") == (1, 1)
    source = {way.record(1): ({"description": HTML}, 2)}
    way.reconcile(source, partial=True)
    assert "F" in way.field(1, "description")


def test_the_answer_to_another_write_shows_an_edit(reconciling):
    way, _ = written_and_listed(reconciling)
    way.edit(1, description=shown(way).replace("Intro", "<strong>Intro</strong>"))
    way.change(1, stock=7, version=2)
    way.run()
    way.change(1, description=HTML, version=3)
    way.run()
    assert "strong" not in shown(way)
    assert way.counts("unchanged") == (0,)


def test_the_answer_to_another_write_shows_a_form_as_it_was_listed(reconciling):
    way, _ = written_and_listed(reconciling)
    way.change(1, stock=7, version=2)
    way.run()
    way.change(1, description=HTML, version=3)
    way.run()
    assert way.counts("unchanged") == (1,)
    assert [set(sent) for sent in way.sent_to(1)] == [{"stock"}]
