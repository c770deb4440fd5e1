"""What the CMS tells of a value that it keeps in a form of its own: ours, unless it is an edit."""

import uuid
from dataclasses import replace

import pytest

from service.reconcile.state.stored_forms import Form, keep
from tests.support.outbox_driver import at, event
from tests.support.outbox_echoes import tell, write
from workers.config.settings import Source
from workers.fields.marks import mark_of
from workers.fields.types import seen
from workers.model.attempts import Batch
from workers.model.changes import canonical
from workers.store.outbox import Outbox

SENT = {
    "email": "Ann@Example.com",
    "link": "https://people.example/",
    "phone": "+49 30 123-456",
    "plain": "Cafe\u0301",
    "richtext": '<p>Oak</p><img src="https://shop.example/oak.png">',
}
FORMS = {
    "email": "ann@example.com",
    "link": "https://people.example",
    "phone": "+4930123456",
    "plain": "Café",
    "richtext": '<p id="">Oak</p><img src="https://cdn.prod.website-files.com/6/'
    '0123456789abcdef01234567_oak.png">',
}
EDITS = {
    "email": "bob@example.com",
    "link": "https://people.example/bob",
    "phone": "+4930123457",
    "plain": "Tea",
    "richtext": "<p>Ash</p>",
}


@pytest.fixture
def told(bench):
    """An outbox to which the CMS tells of its items."""
    settings = bench.settings
    sources = settings.sources | {"shop": Source("shop", "webflow", ("s",))}
    bench.settings = replace(settings, sources=sources)
    bench.outbox = Outbox(bench.steps, bench.settings)
    return bench


def shown(bench, kind, value, seconds):
    how = {"seen": value} if kind == "richtext" else {}
    return tell(bench, {"text": value}, seconds, kind=kind, **how)


def sent(bench, kind):
    bench.accept(event("i1", {"text": SENT[kind]}, version=at(10), kind=kind))
    return bench.batch()


@pytest.mark.parametrize("kind", SENT)
def test_a_form_that_is_told_before_the_answer_is_ours(told, kind):
    sent(told, kind)
    assert shown(told, kind, FORMS[kind], 11) == ["unchanged"]


@pytest.mark.parametrize("kind", SENT)
@pytest.mark.parametrize("later", [0, 20], ids=["at once", "after another write"])
def test_a_form_that_is_told_after_an_answer_that_echoed_is_ours(told, kind, later):
    write(told, SENT[kind], 10, 11, slug="text", kind=kind, seen=SENT[kind])
    assert shown(told, kind, FORMS[kind], 11 + later) == ["unchanged"]
    assert not isinstance(told.claim(), Batch)


@pytest.mark.parametrize("kind", SENT)
def test_a_form_that_the_answer_showed_is_ours_where_nothing_else_is_known(bench, kind):
    write(bench, SENT[kind], 10, 11, slug="text", kind=kind, seen=FORMS[kind])
    assert shown(bench, kind, FORMS[kind], 11) == ["unchanged"]


@pytest.mark.parametrize("kind", SENT)
def test_what_an_editor_writes_is_none(told, kind):
    write(told, SENT[kind], 10, 11, slug="text", kind=kind, seen=FORMS[kind])
    assert shown(told, kind, EDITS[kind], 31) == ["accepted"]


def form(bench, value, seconds, slug="text"):
    (arrival,) = [bench.item("i1")[1][slug]["a"]]
    return Form("i1", slug, arrival, at(seconds), mark_of(seen(value)), "")


def test_where_a_listing_has_shown_the_form_another_is_an_edit(told):
    write(told, SENT["richtext"], 10, 11, slug="text", kind="richtext", seen=SENT["richtext"])
    keep(told, "products", [form(told, FORMS["richtext"], 11)])
    assert shown(told, "richtext", FORMS["richtext"], 31) == ["unchanged"]
    bold = FORMS["richtext"].replace("Oak", "<strong>Oak</strong>")
    assert shown(told, "richtext", bold, 41) == ["accepted"]


# what is kept of a listing ----------------------------------------------------------------------


def normalised(bench):
    return int(bench.client.hget("instep:collection:products", "normalised") or 0)


def test_a_listed_form_is_counted_once_among_the_written(told):
    write(told, SENT["richtext"], 10, 11, slug="text", kind="richtext", seen=SENT["richtext"])
    for _ in range(2):
        keep(told, "products", [form(told, FORMS["richtext"], 11)])
    assert (normalised(told), told.counts("written", "accepted")) == (1, (1, 1))


@pytest.mark.parametrize("seconds", [10, 12])
def test_a_listing_of_another_time_shows_no_form(told, seconds):
    write(told, SENT["plain"], 10, 11, slug="text", kind="plain")
    keep(told, "products", [form(told, FORMS["plain"], seconds)])
    assert "F" not in told.item("i1")[1]["text"]


def test_a_form_of_what_has_been_overtaken_since_is_not_kept(told):
    write(told, SENT["plain"], 10, 11, slug="text", kind="plain")
    old = form(told, FORMS["plain"], 11)
    write(told, "Tea", 20, 21, slug="text", kind="plain")
    keep(told, "products", [old])
    assert "F" not in told.item("i1")[1]["text"]


def test_a_form_is_kept_by_a_repeat_of_the_call_too(told):
    write(told, SENT["plain"], 10, 11, slug="text", kind="plain")
    request = {"token": uuid.uuid4().hex, "collection": "products"}
    one = list(form(told, FORMS["plain"], 11))
    for _ in range(2):
        told.steps.run("keep_forms", {**request, "forms": [one]})
    assert normalised(told) == 1


def test_the_mark_of_python_is_that_of_the_store(told):
    write(told, SENT["plain"], 10, 11, slug="text", kind="plain", seen=FORMS["plain"])
    entry = told.item("i1")[1]["text"]["k"]
    assert entry.split(",")[1] == mark_of(canonical(FORMS["plain"]))
