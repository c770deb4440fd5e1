"""The pages of problems: what they show, whom, and for which filter."""

import json
import re

import pytest
from flask import Blueprint, Flask

from service.console import problems as page_of_problems
from tests.support.refusals import group_of, leave_out, refuse

HOSTILE = '🧦 <script>alert("x")</script> שלום & ' + 90 * "x"


@pytest.fixture
def console(fast_console):
    return fast_console


@pytest.fixture
def several(console):
    """Three problems: of 3 records, of one in the other destination, and of an event."""
    context = console.context
    console.stock = refuse(context, "A", "B", "C", values={"stock": "many"})
    console.total = refuse(context, "17", values={"total": 3}, place="orders", words="Is gone")
    console.event = leave_out(context, {"id": "1", "sku": "A", "qty": "<b>x</b>"})
    console.groups = [
        group_of(context, each) for each in (console.stock[0], console.total[0], console.event)
    ]
    return console


def rows(text):
    return re.findall(r'href="/problems/(p[0-9a-f]+)"', text)


def test_without_problems_the_page_says_what_that_means(console):
    text = console.person().page("/problems")
    assert "No problems" in text
    assert "Every value that came was written" in text
    assert "formaction" not in text


def test_each_cause_is_one_row_with_all_that_is_asked_at_night(several):
    text = several.person().page("/problems")
    assert rows(text)[0] == several.groups[0]
    assert set(rows(text)) == set(several.groups)
    for shown in (
        *("3 problems", "5 failures", "Refused by the CMS", "stock: Is too long", "Does not fit"),
        *("3 records", "3 values", "1 event", "Change the value at its source", "many"),
        '<span aria-hidden="true">■</span> new',
    ):
        assert shown in text, shown
    assert "replay" not in text.partition("<main")[2].replace("/problems/replay", "")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", {0, 1, 2}),
        ("state=open", {0, 1, 2}),
        ("state=seen", set()),
        ("kind=unmapped", {2}),
        ("collection=orders", {1}),
        ("source=erp", {0, 2}),
        ("since=1h", {0, 1, 2}),
        ("since=2199-01-01T00:00:00Z", set()),
        ("text=TOO LONG", {0}),
        ("text=total", {1}),
        ("text=validation_err", {0, 1}),
        ("text=products", {0}),
        ("text=validation&collection=orders", {1}),
    ],
)
def test_filters_are_in_the_address(several, asked, expected):
    text = several.person().page(f"/problems?{asked}")
    assert set(rows(text)) == {several.groups[each] for each in expected}
    if not expected:
        assert "No problem matches" in text


@pytest.mark.parametrize(
    "asked", ["state=shut", "kind=odd", "collection=x", "source=x", "since=x", "cursor=x", "odd=1"]
)
def test_a_filter_that_cannot_be_says_so(several, asked):
    answer = several.person().get(f"/problems?{asked}")
    assert (answer.status_code, "<dt>Expected</dt>" in answer.text) == (404, True)


def test_a_filter_stays_in_the_form(several):
    text = several.person().page("/problems?kind=refused&text=is&since=2h&state=open")
    assert '<option value="refused" selected>Refused by the CMS</option>' in text
    assert 'name="text" value="is"' in text
    assert 'name="filter-kind" value="refused"' in text


def test_the_list_goes_on_page_by_page(several, monkeypatch):
    monkeypatch.setattr("service.console.query.LIMIT", 2)
    someone = several.person()
    first = someone.page("/problems")
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    found = rows(first) + rows(someone.page(following))
    assert (len(found), set(found)) == (3, set(several.groups))


def test_ignored_problems_are_named_and_shown_on_demand(several):
    several.context.problems.mark(several.groups[0], "ignored", "alice")
    several.context.problems.mark(several.groups[1], "seen", "bob")
    someone = several.person()
    text = someone.page("/problems")
    assert several.groups[0] not in text
    assert 'href="/problems?state=ignored">1 ignored' in text
    assert "seen</span>" in text
    assert rows(someone.page("/problems?state=ignored")) == [several.groups[0]]
    assert "are <a" in someone.page("/problems?text=too long")


def test_all_that_are_left_are_ignored(console):
    (letter,) = refuse(console.context, "A", values={"stock": "x"})
    console.context.problems.mark(group_of(console.context, letter), "ignored", "alice")
    text = console.person().page("/problems")
    assert "No problems" in text
    assert "1 ignored" in text


def test_more_letters_than_are_counted_are_shown_as_failures(several, monkeypatch):
    monkeypatch.setattr(page_of_problems, "LISTED", 2)
    text = several.person().page("/problems")
    assert "3 failures" in text
    assert "3 records" not in text
    assert "1 record<" in text


def test_what_comes_from_outside_is_text(console):
    context = console.context
    (first,) = refuse(context, HOSTILE, values={"title": HOSTILE}, words=HOSTILE)
    event = leave_out(context, {"id": HOSTILE, "qty": HOSTILE}, path="<i>", message="<i>odd</i>")
    someone = console.person()
    for path in (
        "/problems",
        f"/problems/{group_of(context, first)}",
        f"/problems/{group_of(context, event)}",
        f"/problems/failures/{first}",
        f"/problems/failures/{event}",
    ):
        text = someone.page(path)
        assert "<script>alert" not in text
        assert "<i>" not in text
        assert "&lt;" in text
        assert text.count("<h1") == 1


def test_one_problem_has_its_failures(several):
    text = several.person().page(f"/problems/{several.groups[0]}")
    for shown in (
        *("<h1>Refused by the CMS</h1>", "stock: Is too long", "The site still shows"),
        *("400 validation_error", "3 records", "What to do", "<code>stock</code>", "many"),
        *("Attempts", "Send all again", "Discard all", 'href="/docs/operating#dead-letters"'),
    ):
        assert shown in text, shown
    for letter in several.stock:
        assert f'href="/problems/failures/{letter}"' in text
        assert f'value="{letter}"' in text
    assert several.total[0] not in re.findall(r'value="([^"]+)" data-pick', text)
    assert "All 3 that match" in text


def test_a_problem_of_events_has_no_attempts(several):
    text = several.person().page(f"/problems/{several.groups[2]}")
    assert "Left out" in text
    assert "Attempts" not in text
    assert "1 event" in text
    assert 'href="/docs/mappings"' in text


def test_a_marked_problem_says_by_whom_and_what_came_since(several):
    context, group = several.context, several.groups[0]
    context.problems.mark(group, "seen", "alice")
    context.steps.clock_offset_ms += 5
    (letter,) = refuse(context, "D", values={"stock": "many"})
    assert group_of(context, letter) == group
    text = several.person().page(f"/problems/{group}")
    assert re.search(
        r"seen by <bdi>alice</bdi>, .*; <span class=\"many\">1 failure</span> since", text
    )
    assert "Open again" in text
    assert "Mark as seen" not in text


def test_failures_since_a_time(several):
    group = several.groups[0]
    someone = several.person()
    assert "All that match" in someone.page(f"/problems/{group}?since=1h")
    assert "None is so new" in someone.page(f"/problems/{group}?since=2199-01-01T00:00:00Z")
    assert someone.get(f"/problems/{group}?since=x").status_code == 404


def test_failures_page_by_page(several, monkeypatch):
    monkeypatch.setattr("service.console.query.LIMIT", 2)
    someone = several.person()
    first = someone.page(f"/problems/{several.groups[0]}")
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert following.startswith(f"/problems/{several.groups[0]}?cursor=")
    picks = re.compile(r'value="(d\d+)" data-pick')
    found = picks.findall(first) + picks.findall(someone.page(following))
    assert found == several.stock


def test_a_failure_with_many_values_shows_some_and_leads_to_all(console):
    values = {f"f{at}": at for at in range(5)}
    (letter,) = refuse(console.context, "A", values=values)
    someone = console.person()
    text = someone.page(f"/problems/{group_of(console.context, letter)}")
    assert f'href="/problems/failures/{letter}">2 more</a>' in text
    whole = someone.page(f"/problems/failures/{letter}")
    assert all(f"<code>{slug}</code>" in whole for slug in values)


def test_one_failure_open_and_closed(several):
    someone, letter = several.person(), several.stock[0]
    text = someone.page(f"/problems/failures/{letter}")
    for shown in ("stock: Is too long", "i-A", "Not valid", "many", "Discard", "What to do"):
        assert shown in text, shown
    assert f'href="/problems/{several.groups[0]}">All of this problem' in text
    several.context.letters.discard(letter)
    text = someone.page(f"/problems/failures/{letter}")
    assert "It is not open any more: discarded" in text
    assert "What to do" not in text
    assert 'method="post" action="/problems' not in text


def test_the_payload_of_an_event_that_does_not_fit(several):
    text = several.person().page(f"/problems/failures/{several.event}")
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert f'href="/sources/erp?letter={several.event}#try"' in text


def test_links_lead_to_pages_that_are_there():
    letter = {"collection": "products", "key": "A/B ü", "id": "u1", "source": "erp", "body": "{}"}
    app = Flask(__name__)
    with app.test_request_context():
        assert page_of_problems.record_address(letter) is None
        assert page_of_problems.try_address(letter) is None
    app.add_url_rule("/records/record", "records.record", str)
    app.register_blueprint(Blueprint("sources", __name__))
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/ops"}):
        found = page_of_problems.record_address(letter)
        assert found == "/ops/records/record?collection=products&key=A/B+%C3%BC"
        assert page_of_problems.record_address({"collection": "products", "key": None}) is None
        assert page_of_problems.try_address(letter) == "/ops/sources/erp?letter=u1#try"
        assert page_of_problems.try_address(letter | {"body": ""}) is None


def test_a_payload_that_was_not_kept(console):
    letter = leave_out(console.context, b"")
    assert "Not kept here" in console.person().page(f"/problems/failures/{letter}")


@pytest.mark.parametrize("path", ["p0000000000", "p0000000000/export", "failures/d999", "x/y"])
def test_what_is_not_there_any_more(several, path):
    assert several.person().get(f"/problems/{path}").status_code == 404


def test_a_problem_that_is_solved_is_gone(several):
    several.context.problems.mark(several.groups[1], "seen", "alice")
    several.context.letters.discard(several.total[0])
    answer = several.person().get(f"/problems/{several.groups[1]}")
    assert (answer.status_code, "one that is solved" in answer.text) == (404, True)


def test_the_export_has_every_failure_whole(several):
    answer = several.person().get(f"/problems/{several.groups[0]}/export")
    assert answer.mimetype == "application/jsonl"
    assert f'filename="problem-{several.groups[0]}.jsonl"' in answer.headers["Content-Disposition"]
    letters = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["id"] for each in letters] == several.stock
    assert letters[0]["fields"]["stock"]["value"] == "many"
    answer = several.person().get(f"/problems/{several.groups[2]}/export")
    (event,) = [json.loads(line) for line in answer.text.splitlines()]
    assert json.loads(event["body"])["qty"] == "<b>x</b>"
    assert "headers" not in event


def test_an_export_of_a_time_may_be_empty(several):
    path = f"/problems/{several.groups[0]}/export?since=2199-01-01T00:00:00Z"
    answer = several.person().get(path)
    assert (answer.status_code, answer.text) == (200, "")


def test_who_may_only_look_sees_no_button(several):
    someone = several.person("viewer")
    for path in (
        "/problems",
        f"/problems/{several.groups[0]}",
        f"/problems/failures/{several.stock[0]}",
    ):
        text = someone.page(path)
        assert "formaction" not in text
        assert "checkbox" not in text
        assert re.findall(r'<form method="post"[^>]*>', text) == [
            '<form method="post" action="/logout">'
        ]


def test_who_sees_one_destination_sees_its_problems_alone(several):
    someone = several.person("shop")
    text = someone.page("/problems")
    assert rows(text) == [several.groups[1]]
    assert "1 problem<" in text
    for other in ("products", "erp", several.groups[0], several.groups[2]):
        assert other not in text.partition("<main")[2], other
    assert "Is gone" in someone.page(f"/problems/{several.groups[1]}")
    assert several.total[0] in someone.page(f"/problems/failures/{several.total[0]}")
    for path in (
        several.groups[0],
        several.groups[2],
        f"{several.groups[0]}/export",
        f"failures/{several.stock[0]}",
        f"failures/{several.event}",
    ):
        assert someone.get(f"/problems/{path}").status_code == 404, path
    for asked in ("collection=products", "source=erp"):
        assert someone.get(f"/problems?{asked}").status_code == 404
