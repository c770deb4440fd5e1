import pytest

from service.ingest.event_mapper import WHOLE_BODY
from tests.support.way_in import Letter, Outbox, make
from workers.errors import ConfigurationInvalid
from workers.model.changes import FieldProblem


@pytest.fixture
def outbox():
    return Outbox()


@pytest.fixture
def intake(outbox):
    return make(outbox, print)


def test_a_replay_maps_the_event_of_the_letter_and_closes_it(outbox):
    intake = make(outbox, print, events="@")
    receipt = intake.replay(Letter(b'[{"qty": 1}, {"qty": 2}]', index=1))
    (delivery,) = outbox.deliveries
    assert (delivery.mode, delivery.closes) == ("remap", "letter-1")
    assert [event.index for event in delivery.events] == [1]
    assert receipt.outcome == "kept"


def test_a_replay_of_a_body_that_could_not_be_split_takes_all_its_events(outbox):
    intake = make(outbox, print, events="@")
    intake.replay(Letter(b'[{"qty": 1}, {"qty": 2}]', index=WHOLE_BODY))
    assert [event.index for event in outbox.deliveries[0].events] == [0, 1]


def test_a_replay_of_a_whole_body_takes_what_of_it_can_be_read_by_now(outbox):
    intake = make(outbox, print, events="@")
    receipt = intake.replay(Letter(b'[{"qty": 1}, {}]', index=WHOLE_BODY))
    (delivery,) = outbox.deliveries
    assert receipt.problems == (FieldProblem("qty", "missing"),)
    assert [bool(event.problems) for event in delivery.events] == [False, True]
    assert [event.again.place for event in delivery.events] == [0, 1]


def test_a_replay_does_not_mind_the_other_events_of_its_body(outbox):
    intake = make(outbox, print, events="@")
    assert intake.replay(Letter(b'[{"qty": 1}, {}]', index=0)).outcome == "kept"


def test_a_replayed_event_stands_where_it_first_came(intake, outbox):
    letter = Letter(b'{"qty": 1}')
    intake.replay(letter)
    (event,) = outbox.deliveries[0].events
    assert event.again == letter.again


@pytest.mark.parametrize("index", [0, WHOLE_BODY])
def test_a_replay_that_cannot_be_mapped_yet_changes_nothing(intake, outbox, index):
    receipt = intake.replay(Letter(b"{}", index=index))
    assert (receipt.outcome, outbox.deliveries) == ("unmapped", [])
    assert receipt.problems == (FieldProblem("qty", "missing"),)


def test_a_replay_of_a_body_that_still_cannot_be_read_changes_nothing(intake, outbox):
    receipt = intake.replay(Letter(b"{", index=WHOLE_BODY))
    assert (receipt.outcome, outbox.deliveries) == ("unmapped", [])


def test_a_replay_that_nothing_wants_any_more_leaves_the_letter_open(intake, outbox):
    receipt = intake.replay(Letter(b'{"qty": 1}', headers={"x-topic": "order"}))
    assert (receipt.outcome, outbox.deliveries) == ("unwanted", [])


def test_a_replay_of_a_source_that_is_gone_is_refused(intake):
    with pytest.raises(ConfigurationInvalid, match="found 'shop', expected one of erp"):
        intake.replay(Letter(b"{}", source="shop"))


def test_a_preview_shows_changes_and_keeps_nothing(intake, outbox):
    preview = intake.preview("erp", b'{"qty": 1}', {"X-Topic": "stock"})
    assert [change.collection for change in preview.changes] == ["products"]
    assert preview.problems == ()
    assert outbox.deliveries == []


def test_a_preview_takes_a_topic_instead_of_the_senders(intake):
    assert intake.preview("erp", b'{"qty": 1}', {"x-topic": "order"}).changes == ()
    assert intake.preview("erp", b'{"qty": 1}', {"x-topic": "order"}, topic="stock").changes


@pytest.mark.parametrize(("body", "path"), [(b"{", "body"), (b"{}", "qty")])
def test_a_preview_shows_problems(intake, body, path):
    assert [problem.path for problem in intake.preview("erp", body).problems] == [path]


def test_a_preview_of_an_unknown_source_is_refused(intake):
    with pytest.raises(ConfigurationInvalid):
        intake.preview("shop", b"{}")
