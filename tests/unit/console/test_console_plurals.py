"""Nouns, for one and for several."""

import pytest

from service.console.plurals import many, noun


@pytest.mark.parametrize(
    ("number", "one", "told"),
    [
        (1, "problem", "1 problem"),
        (0, "problem", "0 problems"),
        (1200, "delivery", "1,200 deliveries"),
        (2, "waiting delete", "2 waiting deletes"),
        (2, "key", "2 keys"),
    ],
)
def test_a_number_with_its_noun(number, one, told):
    assert many(number, one) == told
    assert noun(number, one) == told.partition(" ")[2]
