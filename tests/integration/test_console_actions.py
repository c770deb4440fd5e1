"""From what is selected to one run: the flow that the actions of all pages go through."""

import re
import threading
from dataclasses import dataclass, field

import pytest
from flask import Blueprint, render_template_string

from service.console import actions, query
from service.console.actions import Action, Estimate
from service.operate.page import FilterInvalid
from service.operate.parts import Parts
from tests.support.api_rig import Rig
from tests.support.console import Console
from workers.errors import ReconcileFailed, RequestRefused, StoreUnavailable
from workers.store.audit import Audit

LIST = """
{% extends "console/base.html" %}{% import "console/macros.html" as ui with context %}
{% block title %}Probe{% endblock %}{% block content %}
{% call ui.bulk(actions, query, total=1234) %}{% call ui.table("Rows", ["Name"], select=True) %}
<tr data-row>{{ ui.pick("a<b", "A") }}<td>{{ ui.name("a<b") }}</td></tr>{% endcall %}{% endcall %}
{{ ui.act(actions[2], group="g1") }}{% endblock %}
"""


@dataclass
class Operations:
    """Stands for the operate layer; *count* is what an estimate finds."""

    count: int = 3
    asked: list = field(default_factory=list)
    began: list = field(default_factory=list)
    error: Exception | None = None
    gate: threading.Event | None = None

    def estimate(self, who, chosen):
        self.asked.append((who.name, chosen))
        samples = [{"Key": "שלום", "Now": 1, "After": 2}, {"Key": "b", "Now": 3, "After": 4}]
        held = {"products": "half of the collection"}
        figures = {"records": 2, "oldest": "2026-05-12T09:30:00Z"}
        return Estimate(self.count, "dead letter", figures, samples, held, ["one stays"])

    def start(self, who, chosen):
        if self.gate:
            self.gate.wait(10)
        if self.error:
            raise self.error
        self.began.append((who.name, chosen))
        return f"r{len(self.began)}"


@pytest.fixture(scope="module")
def built(tmp_path_factory, store_socket):
    rig = Rig(tmp_path_factory.mktemp("actions"), store_socket)
    operations = Operations()

    def estimate(who, chosen):
        return operations.estimate(who, chosen)

    def start(who, chosen):
        return operations.start(who, chosen)

    table = [
        Action("probe", "replay", "Replay", "Replay letters", estimate, start),
        Action("probe", "discard", "Discard", "Discard letters", estimate, start, final=True),
        Action("probe", "drop", "Drop", "Drop a run", estimate, start, of_rows=False, back="one"),
        Action(
            *("probe", "seen", "Seen", "Mark as seen", estimate, start),
            at_once=True,
            kept=("state",),
        ),
    ]
    blueprint = Blueprint("probe", __name__)
    blueprint.add_url_rule(
        "/problems/probe",
        "show",
        lambda: render_template_string(
            LIST, actions=table, query=query.of_request(("state", "since"))
        ),
    )
    blueprint.add_url_rule("/problems/probe/<group>", "one", lambda **_: "")
    parts = Parts(rig.configuration, rig.context)
    of_rows = [table[0], table[1], table[3]]
    actions.add(blueprint, "/problems/probe", parts, of_rows, filters=("state", "since"))
    actions.add(blueprint, "/problems/probe/<group>", parts, [table[2]])
    rig.app.register_blueprint(blueprint)
    yield Console(rig), operations
    rig.close()


@pytest.fixture
def probe(built, store):
    assert store.dbsize() == 0
    console, operations = built
    operations.__init__()
    return console, operations


def chosen_of(operations):
    ((who, chosen),) = operations.began
    return who, chosen.ids, dict(chosen.filters), dict(chosen.place)


def test_rows_then_an_estimate_then_one_run(probe):
    console, operations = probe
    someone = console.person("operator")
    answer = someone.post("/problems/probe/replay", ids=["a<b", "c", "c"], which="selected")
    assert answer.status_code == 200
    for shown in ("Nothing has changed yet", "half of the collection", "one stays", "שלום"):
        assert shown in answer.text
    assert 'datetime="2026-05-12T09:30:00.000+00:00"' in answer.text
    assert operations.began == []
    begun = someone.confirm(answer)
    assert (begun.status_code, begun.location) == (303, "/runs/r1")
    assert chosen_of(operations) == ("operator", ("a<b", "c"), {}, {})


def test_all_that_match_by_the_filter_of_the_list(probe):
    console, operations = probe
    someone = console.person()
    page = someone.page("/problems/probe?state=open&since=2h")
    assert 'name="filter-state" value="open"' in page
    assert "All 1,234 that match" in page
    fields = {"filter-state": "open", "filter-since": "2h", "which": "all", "ids": "x"}
    answer = someone.post("/problems/probe/replay", **fields)
    assert someone.confirm(answer).status_code == 303
    assert chosen_of(operations) == ("admin", (), {"state": "open", "since": "2h"}, {})


def test_without_a_selection_nothing_is_asked(probe):
    console, operations = probe
    someone = console.person()
    answer = someone.post("/problems/probe/replay", which="selected")
    assert answer.location == "/problems/probe"
    assert "Nothing is selected" in someone.page("/problems/probe")
    assert operations.asked == []


def test_what_matches_nothing_offers_no_confirmation(probe):
    console, operations = probe
    operations.count = 0
    answer = console.person().post("/problems/probe/replay", which="all")
    assert "Nothing to do" in answer.text
    assert 'name="token"' not in answer.text


def test_one_thing_that_the_route_names(probe):
    console, operations = probe
    someone = console.person()
    assert 'action="/problems/probe/g1/drop"' in someone.page("/problems/probe")
    answer = someone.post("/problems/probe/g1/drop")
    assert '<a class="button" href="/problems/probe/g1">Cancel' in answer.text
    assert someone.confirm(answer).location == "/runs/r1"
    assert chosen_of(operations) == ("admin", (), {}, {"group": "g1"})


def test_a_mark_needs_no_confirmation(probe):
    console, operations = probe
    answer = console.person().post("/problems/probe/seen", ids="a", **{"filter-state": "open"})
    assert (answer.location, operations.asked) == ("/problems/probe?state=open", [])
    assert chosen_of(operations)[1] == ("a",)


def test_who_goes_back_finds_the_filter_of_the_list(probe):
    console, operations = probe
    fields = {"filter-state": "op&en", "filter-since": "2h", "which": "all"}
    someone = console.person()
    page = someone.post("/problems/probe/seen", **fields | {"which": "selected"})
    assert page.location == "/problems/probe?state=op%26en"  # its other filter is the action's own
    operations.count = 0
    estimate = someone.post("/problems/probe/replay", **fields).text
    assert '<a href="/problems/probe">Back</a>' in estimate  # it keeps none


@pytest.mark.parametrize("number", ["", "2", "33", "three"])
def test_what_cannot_be_taken_back_asks_for_the_number(probe, number):
    console, operations = probe
    someone = console.person()
    answer = someone.post("/problems/probe/discard", ids="a")
    assert "cannot be taken back" in answer.text
    refused = someone.confirm(answer, number=number)
    assert (refused.status_code, operations.began) == (200, [])
    assert "type it to go on" in refused.text
    assert someone.confirm(refused, number=" 3 ").location == "/runs/r1"


def test_more_that_match_meanwhile_are_not_confirmed(probe):
    console, operations = probe
    operations.count = 1200
    someone = console.person()
    answer = someone.post("/problems/probe/discard", which="all")
    operations.count = 1300
    refused = someone.confirm(answer, number="1,200")
    assert "The number is 1,300" in refused.text
    assert operations.began == []


def test_a_confirmation_that_is_sent_again_leads_to_the_same_run(probe):
    console, operations = probe
    someone = console.person()
    answer = someone.post("/problems/probe/discard", ids="a")
    assert someone.confirm(answer, number="3").location == "/runs/r1"
    operations.count = 0  # done meanwhile
    assert someone.confirm(answer, number="3").location == "/runs/r1"
    assert len(operations.began) == 1


def test_of_three_confirmations_at_once_one_begins_a_run(probe, monkeypatch):
    console, operations = probe
    operations.gate = threading.Event()  # opens once another request waits for that run
    monkeypatch.setattr(actions, "sleep", lambda _: operations.gate.set())
    someone = console.person()
    answer = someone.post("/problems/probe/replay", ids="a")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(someone.confirm(answer).location))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["/runs/r1"] * 3
    assert len(operations.began) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestRefused("r1 is done", "a run that is held", "nothing is left"), 409),
        (ReconcileFailed("items that can be read: none"), 409),
        (FilterInvalid("'x'", "a collection", "use one of them"), 404),
    ],
)
def test_what_is_refused_began_nothing_and_may_be_confirmed_again(probe, error, status):
    console, operations = probe
    someone = console.person()
    answer = someone.post("/problems/probe/replay", ids="a")
    operations.error = error
    refused = someone.confirm(answer)
    expected = getattr(error, "expected", "items that can be read")
    assert (refused.status_code, expected in refused.text) == (status, True)
    operations.error = None
    assert someone.confirm(answer).location == "/runs/r1"


def test_where_it_is_unknown_whether_a_run_began_none_is_begun_again(probe, monkeypatch):
    console, operations = probe
    monkeypatch.setattr(actions, "_PATIENCE", 0.0)
    monkeypatch.setattr(actions, "_TURN", 0.0)
    someone = console.person()
    answer = someone.post("/problems/probe/replay", ids="a")
    operations.error = StoreUnavailable("gone")
    assert someone.confirm(answer).status_code == 503
    operations.error = None
    again = someone.confirm(answer)
    assert (again.status_code, "look under Runs" in again.text) == (409, True)
    assert operations.began == []


def test_a_token_of_somebody_else_leads_nowhere(probe):
    console, operations = probe
    answer = console.person("operator").post("/problems/probe/replay", ids="a")
    token = re.search(r'name="token" value="([^"]+)"', answer.text)[1]
    for name in ("operator", "admin"):
        assert console.person(name).post("/problems/probe/replay", ids="a", token=token)
    assert [who for who, _ in operations.began] == ["operator", "admin"]


@pytest.mark.parametrize("token", ["", "x", 100 * "x"])
def test_another_token_is_refused(probe, token):
    console, operations = probe
    answer = console.person().post("/problems/probe/replay", ids="a", token=token)
    assert (answer.status_code, operations.began) == (400, [])


def test_the_reason_stands_in_the_audit_list(probe):
    console, _ = probe
    someone = console.person("operator")
    answer = someone.post("/problems/probe/replay", ids="a")
    someone.confirm(answer, reason=" the shop was down " + 300 * "x")
    ((entry,), _) = Audit(console.context.steps).list(None, 10)
    assert (entry["by"], entry["action"], entry["target"]) == ("operator", "reason", "r1")
    assert entry["figures"]["reason"].startswith("the shop was down")
    assert len(entry["figures"]["reason"]) == actions.REASON


def test_too_many_rows_are_refused(probe):
    console, operations = probe
    ids = [str(number) for number in range(actions.MOST + 1)]
    answer = console.person().post("/problems/probe/replay", ids=ids)
    assert (answer.status_code, "all that match" in answer.text) == (409, True)
    assert operations.asked == []


def test_a_filter_that_there_is_not_is_refused(probe):
    console, operations = probe
    fields = {"filter-colour": "red", "which": "all"}
    answer = console.person().post("/problems/probe/replay", **fields)
    assert (answer.status_code, operations.asked) == (404, [])


def test_who_may_only_look_sees_the_rows_and_no_buttons(probe):
    console, operations = probe
    someone = console.person("viewer")
    text = someone.page("/problems/probe")
    assert "a&lt;b" in text
    assert "formaction" not in text
    assert "checkbox" not in text
    for name in ("replay", "discard", "seen", "g1/drop"):
        answer = someone.post(f"/problems/probe/{name}", ids="a", which="all", token=22 * "x")
        assert answer.status_code == 403
    assert operations.asked == operations.began == []
