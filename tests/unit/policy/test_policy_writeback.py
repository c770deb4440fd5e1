"""What a write-back tells, and what each answer of its target means."""

from datetime import UTC, datetime

import pytest

from workers.config.settings import RETIREMENTS
from workers.config.writeback import WriteBack
from workers.model.writeback import STATES
from workers.model.writeback_attempts import Answer, Held, Owed
from workers.policy import writeback as policy

OWN = WriteBack("shop", "products", url="https://h.example/")
PUBLISHED = "|2025-01-01T00:00:00Z|2025-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("held", "state"),
    [
        (Held(None), "none"),
        (Held("i1", status=PUBLISHED), "live"),
        (Held("i1", status=PUBLISHED, staged=True), "staged"),
        (Held("i1", status="||2025-01-01T00:00:00Z"), "staged"),
        (Held("i1"), "staged"),
        (Held("i1", status=f"a{PUBLISHED}"), "archived"),
        (Held("i1", status=f"d{PUBLISHED}"), "draft"),
        (Held("i1", retired="archive"), "archived"),
        (Held("i1", retired="draft"), "draft"),
        (Held("i1", retired="unpublish"), "unpublished"),
        (Held("i1", status="ad||2025-01-01T00:00:00Z", retired="unpublish"), "archived"),
        (Held("i1", status="d||2025-01-01T00:00:00Z", retired="unpublish"), "unpublished"),
        (Held(None, retired="delete"), "deleted"),
    ],
)
def test_how_an_item_is_in_the_cms(held, state):
    assert policy.state_of(held) == state
    assert state in STATES


def _left_by(way):
    return None if way == "delete" else "i1"


def test_every_way_to_retire_has_its_state():
    states = {policy.state_of(Held(_left_by(way), retired=way)) for way in RETIREMENTS}
    assert states == {"archived", "draft", "unpublished", "deleted"}


def test_a_message_says_what_is_held_and_has_an_id_of_its_event():
    at = datetime(2025, 1, 1, tzinfo=UTC)
    held = Held("i1", "oak", PUBLISHED, page="https://s.example/p/oak", problem="no")
    told = policy.told_of(OWN, Owed("a-1", "A-1", "changed", 17, at, 0, held))
    assert (told.id, told.key, told.item, told.slug) == ("wb_shop_17", "A-1", "i1", "oak")
    assert (told.url, told.state, told.problem) == ("https://s.example/p/oak", "live", "no")
    assert policy.told_of(OWN, Owed("a", "a", "changed", 1, at, 0, Held(None))).slug is None


@pytest.mark.parametrize(
    ("status", "outcome", "pauses"),
    [
        *[(status, "told", False) for status in (200, 202, 204)],
        *[(status, "away", False) for status in (408, 425, 429, 500, 502, 503, 599)],
        *[(status, "unsent", True) for status in (401, 403, 410, 301, 308)],
        *[(status, "failed", False) for status in (400, 404, 409, 413, 422)],
    ],
)
def test_what_a_status_means(status, outcome, pauses):
    answer = policy.judge(OWN, status, f"{status}: said", None)
    assert (answer.outcome, bool(answer.pause), answer.status) == (outcome, pauses, status)


@pytest.mark.parametrize(
    ("status", "after", "rest"), [(429, 30.0, 30.0), (503, 9e9, 3600.0), (500, 30.0, None)]
)
def test_a_target_rests_for_as_long_as_it_asks(status, after, rest):
    answer = policy.judge(OWN, status, "said", after)
    timed = policy.timed(answer, attempts=0, failures=0, spread=0.5)
    assert timed.rest == (rest or 1.5)


def test_its_rests_grow_up_to_a_minute():
    away = policy.no_answer(OWN, "no answer", sent=True)
    rests = [policy.timed(away, attempts=0, failures=n, spread=0.5).rest for n in range(2000)]
    assert rests[:3] == [1.5, 3.0, 6.0]
    assert max(rests) == rests[-1] == 45.0


def test_the_waits_of_a_record_grow_up_to_five_minutes():
    failed = policy.refused(OWN, "no", "23505")
    waits = [policy.timed(failed, attempts=n, failures=0, spread=0.5).wait for n in range(100)]
    assert waits[:3] == [1.0, 2.0, 4.0]
    assert waits[-1] == 150.0


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        (policy.closed(OWN, "no such user"), "unsent", "no such user"),
        (policy.not_there(OWN), "dead", "the record is not there"),
        (policy.unfit(OWN, "no path"), "dead", "no path"),
        (policy.given_up(OWN), "dead", "no answer"),
    ],
)
def test_what_else_may_come_of_a_message(answer, outcome, words):
    assert answer.outcome == outcome
    assert answer.message.startswith("write-back shop: ")
    assert words in answer.message
    assert policy.timed(answer, attempts=3, failures=3, spread=0.5) == answer


def test_what_was_told_waits_for_nothing():
    assert policy.judge(OWN, 200, "", None) == Answer("told", status=200)
