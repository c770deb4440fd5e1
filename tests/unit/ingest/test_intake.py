import json
import logging

import pytest

from service.ingest.event_mapper import LETTERS, WHOLE_BODY
from service.ingest.intake import Intake
from service.senders import SENDERS
from service.senders.configured_sender import ConfiguredSender
from tests.support.way_in import NOW, PROOF, Accepted, Mapped, Mappings, Outbox, make
from workers.errors import SignatureInvalid, StoreUnavailable
from workers.model.changes import FieldProblem, LeftOut


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def woken():
    return []


@pytest.fixture
def intake(outbox, woken):
    return make(outbox, woken.append)


def receive(intake, body, headers=PROOF):
    return intake.receive("erp", headers, body, now=NOW)


def test_a_proven_event_reaches_the_outbox_as_changes(intake, outbox):
    body = b'{"id": "e1", "qty": 31, "at": "2026-05-12T09:29:59Z"}'
    receipt = receive(intake, body)
    (delivery,) = outbox.deliveries
    (event,) = delivery.events
    assert (event.id, event.topic, event.index, event.problems) == ("e1", "stock", 0, ())
    assert [change.version for change in event.changes] == ["t01778578199000000"]
    assert (delivery.source, delivery.body, delivery.mode) == ("erp", body, "live")
    assert (receipt.outcome, receipt.events, receipt.accepted, receipt.ids) == (
        "kept",
        1,
        1,
        ("e1",),
    )


def test_only_headers_that_it_takes_to_read_the_body_are_kept(intake, outbox):
    receive(intake, b'{"qty": 1}', PROOF | {"x-other": "1"})
    assert outbox.deliveries[0].headers == {
        "content-type": "application/json",
        "x-topic": "stock",
    }


def test_every_delivery_has_a_token_of_its_own(intake, outbox):
    receive(intake, b'{"qty": 1}')
    receive(intake, b'{"qty": 1}')
    assert outbox.deliveries[0].token != outbox.deliveries[1].token


def test_what_is_not_proven_goes_no_further(intake, outbox):
    with pytest.raises(SignatureInvalid):
        receive(intake, b'{"qty": 1}', {"authorization": "Bearer other"})
    assert outbox.deliveries == []


@pytest.mark.parametrize("body", [b"{", b"\xff", b""])
def test_a_signed_body_that_cannot_be_read_is_one_problem(intake, outbox, body):
    receipt = receive(intake, body)
    (event,) = outbox.deliveries[0].events
    assert (event.id, event.index, event.changes) == (None, WHOLE_BODY, ())
    assert [problem.path for problem in event.problems] == ["body"]
    assert (receipt.outcome, receipt.problems) == ("kept", event.problems)


def test_a_problem_of_the_mapping_keeps_every_change_of_that_event_back(intake, outbox):
    receive(intake, b'{"id": "e1"}')
    (event,) = outbox.deliveries[0].events
    assert (event.changes, event.problems) == ((), (FieldProblem("qty", "missing"),))


def test_what_can_be_read_of_an_event_goes_on_beside_its_problems(intake, outbox):
    receive(intake, b'{"qty": 5, "name": ""}')
    (event,) = outbox.deliveries[0].events
    assert [field.value for change in event.changes for field in change.fields] == ["5"]
    assert event.problems == (FieldProblem("name", "is empty"),)
    assert event.left == (LeftOut("products", "sku-1", "key", "name", None),)


def test_problems_of_sender_and_mapping_are_told_together(intake, outbox):
    receive(intake, b'{"at": "soon"}')
    (event,) = outbox.deliveries[0].events
    assert [problem.path for problem in event.problems] == ["at", "qty"]


def test_an_event_with_an_unreadable_time_changes_nothing(intake, outbox):
    receive(intake, b'{"qty": 1, "name": "", "at": "soon"}')
    (event,) = outbox.deliveries[0].events
    assert event.changes == ()
    assert [out.slug for out in event.left] == ["name", "stock"]


def test_one_bad_event_does_not_sink_the_rest(outbox):
    intake = make(outbox, print, events="@")
    receive(intake, b'[{"qty": 1}, {"qty": 2, "at": "soon"}, {"qty": 3}]')
    events = outbox.deliveries[0].events
    assert [bool(event.changes) for event in events] == [True, False, True]
    assert [event.index for event in events] == [0, 1, 2]


def test_a_mapping_that_raises_makes_a_dead_letter(intake, caplog):
    receipt = receive(intake, b'{"qty": "fail"}')
    assert receipt.outcome == "kept"
    assert receipt.problems == (FieldProblem("mapping", "the mapping failed on it: KeyError"),)
    assert "mapping failed" in caplog.text


def test_a_sender_that_raises_makes_a_dead_letter(outbox, caplog):
    class Broken:
        headers = ()

        def verify(self, headers, body, *, now):
            pass

        def events(self, headers, body):
            raise IndexError

    broken = ConfiguredSender(SENDERS["bearer"], (Broken(),), (None,), ())
    receipt = receive(Intake({"erp": broken}, Mappings(), outbox, print), b"{}")
    assert receipt.problems == (FieldProblem("body", "the sender failed on it: IndexError"),)
    assert "sender failed" in caplog.text


def test_an_event_that_nothing_wants_is_said_to_be_unwanted(intake, outbox):
    receipt = receive(intake, b'{"id": "e1", "at": "soon"}', PROOF | {"x-topic": "order"})
    (event,) = outbox.deliveries[0].events
    assert receipt.outcome == "unwanted"
    assert (event.changes, event.problems) == ((), ())


def test_an_event_whose_topic_cannot_be_read_is_kept(outbox):
    class Nothing:
        def changes(self, source, topic, payload, *, version, placed="arrival"):
            return Mapped(wanted=False)

    intake = make(outbox, print, Nothing(), topic="topic")
    receipt = receive(intake, b'{"topic": ["stock"]}')
    assert [problem.path for problem in receipt.problems] == ["topic"]


@pytest.mark.parametrize("outcome", ["kept", "duplicate", "full"])
def test_the_receipt_says_what_the_outbox_said(intake, outbox, outcome):
    outbox.answer = Accepted(outcome, 0)
    assert receive(intake, b'{"qty": 1}').outcome == outcome


def test_destinations_are_woken(intake, outbox, woken):
    outbox.answer = Accepted(wake=("site", "shop"))
    receive(intake, b'{"qty": 1}')
    assert woken == ["site", "shop"]


def test_the_receipt_names_the_events_and_the_records_that_they_change(outbox):
    intake = make(outbox, print, events="@")
    receipt = receive(intake, b'[{"id": "e1", "qty": 1}, {"id": "e2", "qty": 2}]')
    assert (receipt.ids, receipt.collections) == (("e1", "e2"), ("products",))
    assert (receipt.keys, receipt.records) == (("sku-1",), 1)


def test_the_receipt_tells_a_delivery_that_is_a_dead_letter_alone(outbox):
    intake = make(outbox, print)
    assert not receive(intake, b'{"id": "e1"}').mapped
    assert receive(intake, b'{"id": "e2", "qty": 1, "name": ""}').mapped


def test_an_event_that_cannot_be_mapped_is_a_warning_without_its_values(outbox, caplog):
    outbox.answer = Accepted(letters=1)
    with caplog.at_level(logging.WARNING):
        receive(make(outbox, print), b'{"id": "e1", "qty": 1, "at": "ann@example.com"}')
    (record,) = caplog.records
    assert (record.message, record.source, record.events) == ("event not mapped", "erp", 1)
    assert record.event_ids == ("e1",)
    assert record.problems[0].startswith("at: ")
    assert "ann@" not in json.dumps(vars(record), default=str)


def test_a_repeat_of_an_event_that_cannot_be_mapped_is_no_second_warning(outbox, caplog):
    outbox.answer = Accepted("duplicate")
    with caplog.at_level(logging.WARNING):
        receive(make(outbox, print), b'{"id": "e1", "at": "soon"}')
    assert caplog.records == []


def test_a_source_that_says_nothing_newer_is_logged(intake, outbox, caplog):
    stalled = {"since": 1778578199000, "events": 9, "by": "3600000000", "unit": "us"}
    outbox.answer = Accepted(stalled=stalled)
    with caplog.at_level(logging.WARNING):
        receive(intake, b'{"qty": 1}')
    (record,) = caplog.records
    assert (record.message, record.source, record.by) == ("source stale", "erp", "3600000000")


def test_a_wake_that_fails_is_logged_and_the_next_is_tried(outbox, caplog):
    tried = []

    def wake(destination):
        tried.append(destination)
        raise ConnectionError

    outbox.answer = Accepted(wake=("site", "shop"))
    with caplog.at_level(logging.WARNING):
        assert receive(make(outbox, wake), b'{"qty": 1}').outcome == "kept"
    assert tried == ["site", "shop"]
    assert [record.destination for record in caplog.records] == tried


def test_a_store_that_does_not_answer_is_told(intake, outbox):
    outbox.down = True
    with pytest.raises(StoreUnavailable):
        receive(intake, b'{"qty": 1}')


def test_very_many_bad_events_are_one_letter_of_the_whole_body(outbox, woken):
    intake = make(outbox, woken.append, events="@")
    receive(intake, json.dumps([{"id": 1, "qty": 5}, *[{}] * (LETTERS + 1)]).encode())
    good, *bad, letter = outbox.deliveries[0].events
    assert (good.id, good.problems, good.part) == ("1", (), False)
    assert {(event.problems, event.part) for event in bad} == {((), True)}
    assert letter.index == WHOLE_BODY
    assert "201 of 202 events have problems; the first: qty missing" in letter.problems[0].message


def test_what_can_be_read_of_very_many_bad_events_goes_on(outbox, woken):
    intake = make(outbox, woken.append, events="@")
    body = [{"id": n, "qty": n, "name": ""} for n in range(1, LETTERS + 2)]
    receive(intake, json.dumps([*body, {"id": "none"}]).encode())
    *good, bad, letter = outbox.deliveries[0].events
    assert [event.id for event in good] == [str(n) for n in range(1, LETTERS + 2)]
    assert {len(event.changes) for event in good} == {1}
    assert {event.problems for event in good} == {()}
    assert {len(event.left) for event in good} == {1}
    assert {event.nameless for event in good} == {False}
    assert (bad.id, bad.nameless) == ("none", True)  # it names no record
    assert (letter.left, letter.part) == ((), True)


def test_up_to_that_many_each_bad_event_has_a_letter_of_its_own(outbox, woken):
    receive(make(outbox, woken.append, events="@"), json.dumps([{}] * LETTERS).encode())
    assert [event.index for event in outbox.deliveries[0].events] == list(range(LETTERS))
