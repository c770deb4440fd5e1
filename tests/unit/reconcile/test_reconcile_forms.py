"""What a listing shows of a value: the form of the CMS, and what is an edit beside it."""

import pytest

from service.reconcile.plan import causes
from service.reconcile.plan.field_match import FieldMatcher
from service.reconcile.plan.model import ComparedRecord
from service.reconcile.state.stored_forms import forms
from tests.support.comparisons import found, held, listed, t, wanted
from workers.fields.marks import mark_of
from workers.fields.types import seen
from workers.store.item_record import ItemRecord
from workers.webflow.schema import Schema

SENT, FORM, BOLD = "<p>Oak</p>", '<p id="">Oak</p>', "<p><b>Oak</b></p>"
NORMALISED = [(causes.NORMALISED, causes.NONE)]
EDITED = [(causes.EDITED, causes.REPAIR)]


def matcher(**rules):
    return FieldMatcher(
        schema=Schema({"text": {"slug": "text", "type": "RichText", "rules": rules}})
    )


MATCHER = matcher()


def seen_as(shown, form=None, look=MATCHER):
    outbox = held(SENT, kind="richtext", mark=mark_of(seen(SENT)), form=form)
    source = wanted(SENT, slug="text", kind="richtext")
    return found(source, outbox, listed(updated=300, fields={"text": shown}), matcher=look)


def form(look=MATCHER):
    return f"{mark_of(seen(FORM))} {look.schema.mark('text')}"


def test_what_is_akin_is_the_value_while_no_listing_has_shown_its_form():
    assert seen_as(FORM) == seen_as(BOLD) == NORMALISED
    assert seen_as("<p>Ash</p>") == EDITED


def test_once_one_has_nothing_else_is():
    assert seen_as(FORM, form()) == NORMALISED
    assert seen_as(SENT, form()) == []
    assert seen_as(BOLD, form()) == EDITED


def test_a_form_falls_with_the_rules_of_its_field():
    assert seen_as(BOLD, form(), matcher(maxLength=9)) == NORMALISED
    assert seen_as(BOLD, form(), FieldMatcher()) == NORMALISED


def test_a_text_is_compared_as_its_field_holds_it():
    address = wanted("Ann@Example.com", slug="text", kind="plain")
    shows = listed(fields={"text": "ann@example.com"})
    as_email = FieldMatcher(schema=Schema({"text": {"slug": "text", "type": "Email"}}))
    assert found(address, None, shows, matcher=as_email) == NORMALISED
    assert found(address, None, shows) == [(causes.MISSED, causes.ACCEPT)]


@pytest.mark.parametrize(("url", "expected"), [("u1", []), ("u2", EDITED)])
def test_a_video_is_the_one_that_the_answer_showed(url, expected):
    sent = "https://video.example/1"
    outbox = held(sent, kind="video", mark=mark_of(seen({"url": "u1"})))
    shows = listed(updated=300, fields={"film": {"url": url}})
    assert found(wanted(sent, slug="film", kind="video"), outbox, shows) == expected


def remembered(shown, *, updated=200, state="written", kind="richtext", **more):
    holding = ItemRecord({"text": held(SENT, kind=kind, state=state, **more)})
    item = listed(updated=updated, fields={"text": shown})
    return list(forms(ComparedRecord("k1", 1, False, (), (item,), held=holding), MATCHER))


def test_a_listing_at_the_time_of_the_answer_shows_the_form():
    (kept,) = remembered(FORM)
    assert (kept.record, kept.slug, kept.at) == ("k1", "text", t(200))
    assert f"{kept.mark} {kept.schema}" == form()


@pytest.mark.parametrize(
    "of",
    [
        {"shown": FORM, "updated": 201},
        {"shown": FORM, "updated": None},
        {"shown": FORM, "answered": None},
        {"shown": FORM, "mending": True},
        {"shown": FORM, "state": "pending"},
        {"shown": FORM, "form": form()},
        {"shown": "<p>Ash</p>"},
        {"shown": "", "kind": "video"},
    ],
)
def test_nothing_else_is_remembered(of):
    assert remembered(**of) == []
