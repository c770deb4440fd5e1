"""What is read of an error body to find the items that it is about."""

from workers.webflow.mentions import MOST, mentions


def test_a_long_error_body_is_read_only_up_to_its_first_texts():
    texts, places = mentions([f"text {n}" for n in range(MOST)] + ["items[3] is bad"])
    assert texts == tuple(f"text {n}" for n in range(MOST))
    assert places == frozenset()
