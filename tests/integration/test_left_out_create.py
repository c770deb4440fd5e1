"""Events of which something was left out create no item, also where one was deleted."""

import pytest

from tests.support.outbox_creating import knowing
from tests.support.outbox_driver import at, change, event, sent
from tests.support.outbox_retiring import delete, held, listed
from workers.model.changes import FieldProblem, Incoming, LeftOut

PROBLEM = FieldProblem("qty", "Not a valid integer.")


def partly(record, fields, *, version, problems=(PROBLEM,), part=False):
    changes = (change(record, fields, version=version, by="key"),)
    left = (LeftOut("products", record, "key", "stock", version),)
    return Incoming("e1", "t", 0, changes, problems, left=left, part=part)


@pytest.fixture
def creating(bench_with):
    return knowing(bench_with(missing="create"))


def test_an_event_read_in_part_makes_no_deleted_item_anew(creating):
    delete(held(creating), version=at(5))
    creating.accept(partly("k1", {"name": "Oak table"}, version=at(6)))
    listed(creating)
    assert [each["kind"] for each in creating.letters()] == ["unmapped", "missing"]
    whole = {"name": "Oak bench", "stock": 4}
    creating.accept(event("k1", whole, by="key", id="e2", version=at(7)))
    listed(creating)
    assert sent(creating.batch()) == {"k1": whole}


def test_what_it_gave_goes_with_the_item_that_a_whole_event_makes(creating):
    delete(held(creating), version=at(5))
    creating.accept(partly("k1", {"name": "Oak table"}, version=at(6)))
    listed(creating)
    creating.accept(event("k1", {"stock": 4}, by="key", id="e2", version=at(7)))
    listed(creating)
    assert sent(creating.batch()) == {"k1": {"name": "Oak table", "stock": 4}}


def test_an_item_that_is_not_made_names_the_letter_of_the_body(creating):
    part = partly("k1", {"name": "Oak table"}, version=at(6), problems=(), part=True)
    body = Incoming(None, None, -1, problems=(FieldProblem("body", "has problems"),), part=True)
    creating.accept(part, body)
    creating.list_all()
    unmapped, missing = creating.letters()
    assert missing["message"].endswith(unmapped["id"])
