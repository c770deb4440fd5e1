"""Problems name their field, once."""

import pytest

from workers.model.problem_cause import cause_of
from workers.model.problem_words import problem_words, said_once


@pytest.mark.parametrize(
    ("field", "message", "words"),
    [
        ("stock", "Not a valid integer.", "stock: Not a valid integer."),
        ("body", "the body is not JSON: cut off", "the body is not JSON: cut off"),
        ("body", "Not a valid string.", "body: Not a valid string."),
        ("body", "the bodyguard is away", "body: the bodyguard is away"),
        ("body", "events: content is missing", "body: events: content is missing"),
        ("lines[0].body", "the body is short", "lines[0].body: the body is short"),
    ],
)
def test_a_message_that_names_its_field_is_told_without_the_name_before_it(field, message, words):
    assert problem_words(field, message) == words


def test_of_several_problems_each_is_named_once():
    words = "body: the body is not UTF-8; stock: the stock is low; stock: the price is high"
    assert said_once(words) == "the body is not UTF-8; the stock is low; stock: the price is high"


def test_a_problem_with_a_body_is_titled_without_naming_it_twice_and_keeps_its_group():
    told = [{"field": "body", "message": "the body is not JSON: cut off"}]
    cause = cause_of(kind="unmapped", where="erp", problems=told)
    assert cause.title == "the body is not JSON: cut off"
    assert cause.group == "p438682c1f8"
