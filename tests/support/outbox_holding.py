"""Outboxes whose deletes are held, and those who decide on them."""

from tests.support.outbox_driver import Bench
from tests.support.outbox_retiring import held as holding
from workers.config.settings import Guard
from workers.store.held_deletes import HeldDeletes

DELAY = 60.0


def guarded(client, *records, **limits):
    """
    A bench that has written *records* to items that the CMS has, and holds their deletes.

    *limits*: of the guard.
    """
    bench = Bench(client, guard=Guard(**{"delay": DELAY} | limits))
    holding(bench, *records)
    return bench


def keys(number):
    return [f"k{n}" for n in range(1, number + 1)]


def deletes(bench):
    return HeldDeletes(bench.steps, bench.settings)


def listed(bench, **page):
    return deletes(bench).list(**page)


def waits(bench):
    """What waits for approval in `products`."""
    return deletes(bench).count()["products"]


def named(bench, *records):
    """Those of *records* that are held, by record and arrival number; of all by default."""
    found = [(each.record, each.arrival) for each in listed(bench, limit=10_000)]
    return [pair for pair in found if not records or pair[0] in records]


def approve(bench, *records):
    return deletes(bench).approve("products", named(bench, *records), "ada")


def drop(bench, *records):
    return deletes(bench).drop("products", named(bench, *records), "ada")


def sweep(bench):
    """Sweep as the worker does: what waited for long enough is decided on."""
    return bench.outbox.sweep()[0]


def go_by(bench):
    """Let the delay of all that is held go by."""
    bench.pass_time(DELAY + 1)
    return sweep(bench)
