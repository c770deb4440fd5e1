"""The history is bounded in bytes and in days."""

import pytest

from tests.support.outbox_driver import Bench, event

DAY = 86_400
HISTORY = "instep:history"


def fill(client, entries, size=400):
    with client.pipeline(transaction=False) as pipeline:
        for _ in range(entries):
            pipeline.xadd(HISTORY, {"step": "accepted", "data": "x" * size})
        pipeline.execute()
    client.delete("instep:history-trimmed")


def trim(bench, bytes=10**9, ms=30 * DAY * 1000):
    bench.steps.run("sweep", {"destinations": [], "history": {"bytes": bytes, "ms": ms}})


@pytest.fixture(params=[100, 2000], ids=["short entries", "long entries"])
def filled(bench, request):
    fill(bench.client, 2000, request.param)
    return bench


def test_it_takes_about_as_many_bytes_as_it_may_whatever_its_entries_are(filled):
    trim(filled, bytes=100_000)
    assert 50_000 < filled.client.memory_usage(HISTORY, samples=0) < 130_000


def test_what_fits_and_is_young_stays(filled):
    trim(filled)
    assert filled.client.xlen(HISTORY) == 2000


def test_it_ends_after_its_days(bench):
    fill(bench.client, 500)
    bench.pass_time(29 * DAY)
    trim(bench)
    assert bench.client.xlen(HISTORY) == 500
    bench.client.delete("instep:history-trimmed")
    bench.pass_time(2 * DAY)
    trim(bench)
    assert bench.client.xlen(HISTORY) < 100  # the rest of the last node


def test_in_a_store_with_a_limit_it_takes_no_more_than_an_eighth(bench):
    fill(bench.client, 2000)
    limit = bench.client.info("memory")["used_memory"] + 50_000_000
    bench.client.config_set("maxmemory", limit)
    try:
        fill(bench.client, 20_000)
        trim(bench)
        trim(bench)
        assert bench.client.memory_usage(HISTORY, samples=0) < limit / 8 * 1.1
    finally:
        bench.client.config_set("maxmemory", 0)


def test_a_delivery_trims_it_where_no_worker_runs(store):
    bench = Bench(store)
    fill(store, 3000)
    bench.pass_time(31 * DAY)
    bench.accept(event("i1", {"stock": 1}))
    assert store.xlen(HISTORY) < 200


def test_it_is_looked_at_once_a_second_alone(filled):
    trim(filled)
    trim(filled, bytes=1000)
    assert filled.client.xlen(HISTORY) == 2000
