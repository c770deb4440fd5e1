"""The life of a record: by day, newest first, and what each entry is in a word."""

import pytest
from flask import Flask

from service.console.record_timeline import days

AGAINST = {"why": "newer value", "source": "erp", "event": "e1", "version": "sequence 3"}


def entry(what="accepted", at="2026-05-12T09:30:00Z", **more):
    names = ("by", "run", "source", "delivery", "event", "topic", "mapping", "proof", "call")
    return {
        "at": at,
        "what": what,
        "says": "it happened",
        "fields": {},
        "detail": {},
        **dict.fromkeys(names),
        **more,
    }


def shown(*life):
    with Flask(__name__).test_request_context():
        return days(life)


def field(outcome="pending", value=None, against=None, **more):
    return {"outcome": outcome, "value": value, "against": against, **more}


def test_days_and_entries_come_newest_first_and_repeats_once():
    life = [
        entry(at="2026-05-11T23:59:59Z"),
        entry("not-sent", at="2026-05-12T09:30:00Z"),
        entry("not-sent", at="2026-05-12T09:31:00Z"),
        entry("found", at="2026-05-12T09:32:00Z"),
    ]
    found = shown(*life)
    assert [day for day, _ in found] == ["Tuesday, 12 May 2026", "Monday, 11 May 2026"]
    newest, repeated = found[0][1]
    assert (newest.badge, newest.times) == (("", "item found"), 1)
    assert (repeated.times, repeated.at[14:16], repeated.since[14:16]) == (2, "31", "30")


@pytest.mark.parametrize(
    ("given", "badge"),
    [
        (entry(by="erp"), ("running", "event")),
        (entry(by="undo"), ("running", "undo")),
        (entry("answered", call={"status": 200}), ("done", "CMS 200")),
        (entry("answered", call={"status": 429}), ("refused", "CMS 429")),
        (entry("answered"), ("held", "no answer")),
        (entry("letter", detail={"act": "dead", "letter": "d1"}), ("refused", "problem")),
        (entry("letter", detail={"act": "replay", "letter": "d1"}), ("running", "problem")),
        (entry("of a later release"), ("", "of a later release")),
    ],
)
def test_what_an_entry_is(given, badge):
    (((_, (found,)),)) = shown(given)
    assert found.badge == badge


@pytest.mark.parametrize(
    ("given", "outcome", "value"),
    [
        (field("stale", 3, AGAINST), "too old; newer: event e1 of erp, sequence 3", "3"),
        (
            field("written", None, {**AGAINST, "why": "odd", "event": None, "version": None}),
            "written; odd: erp",
            None,
        ),
        (field(value='"begun', length=900), "to be sent", "begun… (900 characters)"),
    ],
)
def test_what_became_of_a_field(given, outcome, value):
    ((_, (found,)),) = shown(entry(fields={"stock": given, "(retire)": field("held", "archive")}))
    first, delete = found.fields
    assert (first.slug, first.outcome) == ("stock", outcome)
    assert (first.value.before if first.value else None) == value
    assert delete.slug == "its delete"


def test_the_request_of_an_entry_is_named():
    call = {"method": "PATCH", "path": "/items", "status": 200}
    ((_, (found,)),) = shown(entry("answered", call=call))
    assert found.call == "PATCH /items"
