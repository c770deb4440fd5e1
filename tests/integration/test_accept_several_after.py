"""Deliveries that share a round trip: what fails, falls out or is trimmed between them."""

import pytest
import redis

from tests.integration.test_accept_several import bench, call, delivery, taken
from tests.support.outbox_driver import event
from workers.errors import StoreUnavailable

__all__ = ["bench"]

HOUR_MS = 3_600_000


def one_of(number, **more):
    name = f"i{number}"
    return delivery(f"t{number}", event(name, {"stock": number}, id=f"E{number}"), **more)


def packed(bench, number, words, new=b"", source="erp"):
    """The call of a delivery that is kept for a second, packed by *words*."""
    request, text, *_ = call(bench, one_of(number, source=source))
    request["kept"] = {"ms": 1000, "most": 10**9, "words": words}
    return request, text, b"packed", new


def words_of(answers):
    return [answer.get("words") for answer in answers]


def test_none_goes_on_with_what_one_that_breaks_off_has_begun(bench):
    bench.client.set("instep:seen-bytes", "x")
    answers = taken(bench, one_of(1), one_of(2))
    # Ids of a generation that is not listed would be known no more.
    assert [type(answer) for answer in answers] == [redis.ResponseError] * 2
    bench.client.delete("instep:seen-bytes")
    outcomes = [bench.outbox.accept(one_of(2)).outcome for _ in range(2)]
    bench.client.delete("instep:call:t2")
    assert [*outcomes, bench.outbox.accept(one_of(2)).outcome] == ["kept", "kept", "duplicate"]


def test_ids_that_are_over_for_one_are_known_to_another(bench):
    bench.outbox.accept(one_of(1))
    bench.pass_time(4 * 3600)  # longer than one generation is written to
    bench.outbox.accept(one_of(2))
    bench.client.delete("instep:call:t1", "instep:call:t2")
    calls = [call(bench, one_of(2)), call(bench, one_of(1))]
    calls[0][0]["dedupe_ms"] = HOUR_MS
    answers = bench.steps.run_in_order("accept", calls)
    assert [answer["outcome"] for answer in answers] == ["duplicate", "duplicate"]


def test_words_that_one_has_trimmed_are_known_to_none_behind_it(bench):
    (first,) = bench.steps.run_in_order("accept", [packed(bench, 1, None, b"words")])
    words = first["words"]
    bench.pass_time(3 * 3600)
    calls = [packed(bench, number, words) for number in (2, 3)]
    assert words_of(bench.steps.run_in_order("accept", calls)) == [None, ""]


def test_words_that_were_erased_are_known_to_no_later_group(bench):
    calls = [packed(bench, 1, None, b"words")]
    (words,) = words_of(bench.steps.run_in_order("accept", calls))
    assert words_of(bench.steps.run_in_order("accept", [packed(bench, 2, words)])) == [None]
    bench.client.delete("instep:kept-words:erp")
    assert words_of(bench.steps.run_in_order("accept", [packed(bench, 3, words)])) == [""]


def test_words_of_one_source_are_not_those_of_another(bench):
    (words,) = words_of(bench.steps.run_in_order("accept", [packed(bench, 1, None, b"words")]))
    calls = [packed(bench, 2, words), packed(bench, 3, words, source="shop")]
    assert words_of(bench.steps.run_in_order("accept", calls)) == [None, ""]


def test_lives_that_one_has_begun_are_trimmed_by_one_behind_it(bench):
    calls = [call(bench, one_of(number)) for number in (1, 2, 3)]
    calls[1][0]["lives"] = {"bytes": 0, "ms": HOUR_MS}
    bench.steps.run_in_order("accept", calls)
    assert not bench.client.exists("instep:life:products:i1")
    assert bench.client.zrange("instep:lives", 0, -1) == ["products:i2", "products:i3"]


@pytest.mark.parametrize("key", ["instep:spool:f1", "instep:lives", "instep:search-due"])
def test_what_could_not_be_written_is_left_to_no_later_group(bench, key):
    bench.client.set(key, "x")
    with pytest.raises(StoreUnavailable):
        taken(bench, one_of(1))
    assert bench.counts("accepted", "pending") == (1, 1)
    assert bench.client.hget("instep:source:erp", "deliveries") == "1"
    bench.client.delete("instep:spool:f1", "instep:lives", "instep:search-due")
    request, *more = call(bench, one_of(2))
    request["slot"] = {"file": "f1", "name": "2"}
    bench.steps.run_in_order("accept", [(request, *more)])
    assert bench.client.hgetall("instep:spool:f1") == {"call:2": "t2"}
    assert bench.client.pttl("instep:spool:f1") > 13 * 24 * HOUR_MS
    assert bench.client.zrange("instep:lives", 0, -1) == ["products:i2"]
    assert bench.client.hkeys("instep:search-due") == ["products:i2"]


def test_where_one_cannot_write_the_numbers_of_those_before_none_is_answered(bench):
    """Else these are answered, and what they count is missing."""
    bench.client.hset("instep:metrics", "values:erp:products:pending", "x")
    calls = [call(bench, one_of(number)) for number in (1, 2)]
    calls[1][0]["lives"] = {"bytes": 10**6, "ms": HOUR_MS}
    with pytest.raises(StoreUnavailable):
        bench.steps.run_in_order("accept", calls)
