"""What waits for an item that it refers to is forgotten once nobody names that any more."""

import pytest

from tests.support.outbox_driver import event
from tests.support.outbox_referring import listed, one, put, several


def waiters(bench):
    return sorted(bench.client.scan_iter("instep:waiters:*"))


def given_up(bench, *fields):
    """A product refers to stores that are not there."""
    put(bench, "p1", *(fields or (one("s1"),)))
    listed(bench)
    assert bench.counts("pending") == (0,)


def discard(bench):
    for letter in bench.letters():
        bench.letter(letter["id"], "discard")


def newer(bench):
    put(bench, "p1", one("s2"))
    put(bench, "p1", event("p1", {"store": None}).changes[0].fields[0])


@pytest.mark.parametrize("end", [discard, newer])
def test_no_waiter_stays_for_a_value_that_has_left_its_letter(bench, end):
    given_up(bench)
    assert waiters(bench) == ["instep:waiters:stores:s1"]
    end(bench)
    assert waiters(bench) == []


def test_a_waiter_stays_while_another_field_lies_in_a_letter_for_the_same_key(bench):
    given_up(bench)
    put(bench, "p1", several("s1", "s3"))
    bench.pass_time(31)
    listed(bench, ("s3", "id-s3"))
    first, second = bench.letters()
    bench.letter(first["id"], "discard")
    assert "instep:waiters:stores:s1" in waiters(bench)
    bench.letter(second["id"], "discard")
    assert waiters(bench) == []


def test_values_that_name_ever_new_keys_leave_nothing_behind(bench):
    for n in range(5):
        put(bench, "p1", one(f"s{n}"))
        bench.pass_time(31)
        listed(bench)
    assert len(waiters(bench)) == 1
    assert bench.client.exists("instep:wanted:stores") == 0
    discard(bench)
    assert waiters(bench) == []
