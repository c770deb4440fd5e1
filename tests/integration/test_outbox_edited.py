"""Listings that keys wait for: which one says that an item is not there, and since when."""

import pytest

from tests.support.outbox_listing import lookup, put


@pytest.fixture
def listed(bench):
    """An outbox that has listed the collection: it holds k1."""
    put(bench, "k1")
    bench.list_all(("k1", "id-1"))
    bench.write(bench.batch())
    return bench


def test_a_long_pass_rests_and_what_was_created_is_listed_meanwhile(listed):
    listed.pass_time(31)
    put(listed, "k8")
    step = lookup(listed)
    for offset in (100, 200, 300):
        listed.page(step, [], more=offset)
        step = lookup(listed)
    listed.page(step, [])  # four pages of 10 s each
    put(listed, "k9")
    listed.pass_time(31)
    step = lookup(listed)
    assert (step.edited, step.since) == (False, "2025-01-01")
    listed.page(step, [])
    listed.pass_time(11)
    assert lookup(listed).edited


def test_what_was_created_finds_an_item_and_never_misses_one(listed):
    listed.pass_time(31)
    put(listed, "k8")
    listed.page(lookup(listed), [], page_ms=600_000)
    put(listed, "k2", "k9")
    listed.pass_time(31)
    answer = listed.page(lookup(listed), [("k2", "id-2")])
    assert (answer["found"], answer["missing"]) == (1, 0)
    assert sorted(listed.client.zrange("instep:lookup:products", 0, -1)) == ["k9"]


def test_since_when_is_told_by_the_clock_of_the_cms(bench):
    put(bench, "k1")
    bench.page(lookup(bench), [], more=100, at=1_700_000_000_000)
    # Edits after its first page are news.
    bench.page(lookup(bench), [("k1", "id-1")], at=1_700_000_300_000)
    bench.write(bench.batch())
    bench.pass_time(31)
    put(bench, "k2")
    assert lookup(bench).since == "2023-11-14T22:12:20.000Z"


def test_without_that_clock_the_whole_is_listed(bench):
    put(bench, "k1")
    bench.page(lookup(bench), [("k1", "id-1")], at=None)
    bench.write(bench.batch())
    bench.pass_time(31)
    put(bench, "k2")
    assert lookup(bench).since is None


def test_where_the_ids_have_gone_the_whole_is_listed(listed):
    (ids,) = listed.client.keys("instep:ids:*")
    listed.client.delete(ids)
    listed.pass_time(31)
    put(listed, "k2")
    assert lookup(listed).since is None
