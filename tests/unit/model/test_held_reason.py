"""Why deletes wait for approval, as people read it."""

import pytest

from workers.model.held_reason import HeldReason

DAY = 86_400.0


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            HeldReason(12, 0, 40, 10, 5.0, DAY),
            "12 of 40 items would be retired within 24 h: more than 10 and more than 5 %",
        ),
        (
            HeldReason(3, 9, 40, 10, 5.0, 1800.0),
            "3 of 40 items would be retired within 30 min, with 9 before: "
            "more than 10 and more than 5 %",
        ),
        (
            HeldReason(3, 0, 5, 10, 5.0, DAY),
            "3 of 5 items would be retired within 24 h: half of the collection or more",
        ),
        (
            HeldReason(1100, 2000, 40_000, 10, 5.0, DAY),
            "1,100 of 40,000 items would be retired within 24 h, with 2,000 before: more than 10 "
            "and more than 5 %",
        ),
        (
            HeldReason(11, 0, 0, 10, 5.0, DAY),
            "11 items would be retired within 24 h: more than 10",
        ),
    ],
)
def test_a_reason_tells_its_numbers(reason, words):
    assert reason.words() == words
