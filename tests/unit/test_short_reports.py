"""What a worker of pytest-xdist tells of a test."""

from types import SimpleNamespace

import pytest

from tests.support.short_reports import ShortReports


def sent(*phases):
    """Names and phases of the messages of tests whose phases went so: (test, phase, outcome)."""
    messages = []
    worker = SimpleNamespace(sendevent=lambda name, **message: messages.append((name, message)))
    short = ShortReports(worker)
    for test, when, outcome in phases:
        report = pytest.TestReport(test, ("", 0, ""), {}, outcome, None, when)
        if when == "setup":
            worker.sendevent("logstart", nodeid=test)
        data = short.pytest_report_to_serializable(report) or {"when": when}
        worker.sendevent("testreport", data=data)
        if when == "teardown":
            worker.sendevent("logfinish", nodeid=test)
            worker.sendevent("runtest_protocol_complete", item_index=0)
    return [message.get("data", {}).get("when", name) for name, message in messages]


def phases(test, setup="passed", call="passed", teardown="passed"):
    outcomes = {"setup": setup, "call": call, "teardown": teardown}
    return [(test, when, outcome) for when, outcome in outcomes.items() if outcome]


END = "runtest_protocol_complete"


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ({}, ["call"]),
        ({"setup": "failed", "call": None}, ["setup", "teardown"]),
        ({"setup": "skipped", "call": None}, ["setup", "teardown"]),
        ({"call": "failed"}, ["call", "teardown"]),  # with what the teardown has written
        ({"call": "skipped"}, ["call", "teardown"]),
        ({"teardown": "failed"}, ["call", "teardown"]),
        ({"call": "failed", "teardown": "failed"}, ["call", "teardown"]),
    ],
)
def test_what_passes_is_told_shortly_and_what_does_not_whole(outcomes, told):
    assert sent(*phases("a", **outcomes)) == [*told, END]


def test_what_failed_before_makes_no_difference():
    told = sent(*phases("a", call="failed"), *phases("b"), *phases("c", teardown="failed"))
    assert told == ["call", "teardown", END, "call", END, "call", "teardown", END]
