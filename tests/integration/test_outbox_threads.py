"""Eight threads on one destination: no item in two claims, no minute above the ceiling."""

from concurrent.futures import ThreadPoolExecutor

import redis

from tests.support.outbox_driver import Bench, event
from workers.model.attempts import Batch

THREADS = 8


def each_thread(store_socket, work, **options):
    """Run *work* in every thread at once, each with a client of its own; return the results."""

    def run(number):
        with redis.Redis(unix_socket_path=store_socket, decode_responses=True) as client:
            return work(Bench(client, **options), number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def claim_all(bench, _number):
    held = []
    while isinstance(step := bench.claim(flights=999), Batch):
        held.extend(item.record for item in step.items)
    return held


def test_no_item_is_in_two_claims_at_once(store, store_socket):
    bench = Bench(store, api="v1")
    records = [f"i{n}" for n in range(200)]
    for start in range(0, 200, 50):
        bench.accept(*(event(r, {"stock": 1}, index=n) for n, r in enumerate(records[start:][:50])))
    # v1: a claim of one item each, so that the threads meet two hundred times.
    held = each_thread(store_socket, claim_all, api="v1", requests_per_minute=10**9)
    assert sorted(record for records in held for record in records) == sorted(records)


def test_the_threads_together_stay_within_the_budget(store, store_socket):
    bench = Bench(store, api="v1")
    bench.accept(*(event(f"i{n}", {"stock": 1}, index=n) for n in range(100)))
    held = each_thread(store_socket, claim_all, api="v1", requests_per_minute=60)
    assert sum(len(records) for records in held) == 5  # the burst of an idle budget


def test_no_more_requests_are_in_flight_than_allowed(store, store_socket):
    bench = Bench(store, api="v1")
    bench.accept(*(event(f"i{n}", {"stock": 1}, index=n) for n in range(100)))
    steps = each_thread(store_socket, lambda bench, _: [bench.claim(flights=4) for _ in range(5)])
    assert sum(isinstance(step, Batch) for taken in steps for step in taken) == 1


def test_events_accepted_by_all_threads_at_once_are_each_counted_once(store, store_socket):
    def work(bench, number):
        for n in range(40):
            bench.accept(event("i1", {"stock": n}, id=f"{n}"), source=("erp", "shop")[number % 2])
            step = bench.claim(flights=999)
            if isinstance(step, Batch):
                bench.write(step)

    each_thread(store_socket, work)
    bench = Bench(store)
    assert bench.counts("accepted") == (80,)  # 40 ids of two sources
    counts = bench.counts()
    assert counts["accepted"] == sum(n for name, n in counts.items() if name != "accepted")


def test_of_all_threads_one_is_told_to_wake_a_worker(store, store_socket):
    answers = each_thread(
        store_socket, lambda bench, n: bench.accept(event(f"i{n}", {"stock": 1})).wake
    )
    assert sorted(answers) == [()] * 7 + [("site",)]
    assert store.exists("instep:wake:site")
