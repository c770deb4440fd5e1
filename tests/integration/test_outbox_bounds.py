"""What a source can send and never be done with has a bound in bytes."""

from tests.support.outbox_driver import event
from workers.model.changes import FieldProblem, Incoming
from workers.store.dead_letters import DeadLetters


def bad(number, id=None):
    return Incoming(id, "t", number, problems=(FieldProblem("qty", "not a number"),))


def deliver(bench, body, *events):
    return bench.accept(*events, body=body)


def test_the_letters_of_one_body_share_it_and_the_last_takes_it_along(bench):
    body = b"x" * 100_000
    deliver(bench, body, *(bad(number) for number in range(50)))
    letters = DeadLetters(bench.steps, bench.settings)
    assert len(letters.list()) == 50
    assert len(bench.client.keys("instep:raw:*")) == 1
    assert letters.show(letters.list()[7].id).body == body
    for letter in letters.list():
        letters.discard(letter.id)
    assert bench.client.keys("instep:raw:*") == []
    assert bench.client.hget("instep:raw-bytes", "erp") == "0"


def test_a_bad_event_takes_no_good_one_of_its_id_along(bench):
    accepted = deliver(bench, b"{}", bad(0, "A1"), event("i1", {"stock": 7}, id="A1"))
    assert (accepted.accepted, accepted.letters) == (1, 1)
    assert bench.value("i1") == 7


def test_an_unwanted_event_takes_no_wanted_one_of_its_id_along(bench):
    bench.accept(Incoming("A1", "other", 0), event("i1", {"stock": 7}, id="A1"))
    assert bench.value("i1") == 7
