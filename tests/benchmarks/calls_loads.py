"""
The plain loads of `tests.benchmarks.calls`: what comes, and what of it any client has to send.

A load is prepared on a `Play`: the site in use has its items known, its schema read, and nothing
on its way.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate

from tests.benchmarks.calls_planner import Piece, pages

ITEMS = 1000
NEW = {"missing": "create"}


@dataclass(slots=True)
class Load:
    """
    Args:
        arrivals: (seconds, what to do then).
        pieces: What the planner makes requests of; *extra*: the calls beside them, by kind.
        is_right: Whether the site shows what it should in the end.
        events: So many a client that sends each by itself would send; None: one an arrival.
        since: The second from which on it is late; None: that of the last arrival.
    """

    arrivals: list
    pieces: list
    is_right: Callable[[], bool]
    extra: Counter = field(default_factory=Counter)
    events: int | None = None
    since: float | None = None


class Shown:
    """Tells whether all records of *truth* show their values; each is looked at until it does."""

    def __init__(self, truth, look):
        self._left, self._look = list(truth.items()), look

    def __call__(self):
        while self._left and self._holds(*self._left[-1]):
            self._left.pop()
        return not self._left

    def _holds(self, record, fields):
        held = self._look(record) or {}
        return all(held.get(slug) == value for slug, value in fields.items())


class ByKey:
    """The live copies of items by their keys, of a collection into which items come."""

    def __init__(self, collection):
        self._collection, self._seen, self._items = collection, 0, {}

    def __call__(self, key):
        items = self._collection.items
        if len(items) != self._seen:
            self._items = {item.staged.fields["sku"]: item for item in items.values()}
            self._seen = len(items)
        item = self._items.get(key)
        return item and item.live and item.live.fields


def change(play, at, record, *, collection="products", **fields):
    def accept():
        play.change(record, fields, version=play.at(), collection=collection)

    return at, accept


def use(play, numbers=range(1, 2)):
    """Let the site be in use: it was listed, these products were written, and an hour is over."""
    for value in (1, 2):
        for n in numbers:
            play.change(n, stock=value)
        play.play([])
        play.pass_time(3600)


def burst(play, events=10_000, seconds=10):
    """10,000 stock events in 10 s over 1,000 items, most of them of a few."""
    use(play)
    chance, truth = random.Random(7), {}  # noqa: S311
    numbers = list(range(1, ITEMS + 1))
    chance.shuffle(numbers)
    weights = list(accumulate(1 / rank for rank in range(1, ITEMS + 1)))
    load = Load([], [], lambda: False)
    for k, n in enumerate(chance.choices(numbers, cum_weights=weights, k=events)):
        truth[n] = {"stock": events + k}
        load.arrivals.append(change(play, k * seconds / events, n, stock=events + k))
        load.pieces.append(Piece(k * seconds / events, str(n)))
    load.is_right = Shown(truth, play.live)
    return load


def new_keys(play, keys=1000, seconds=300):
    """Records without an item. v1 cannot ask for keys: a listing after the last has to tell."""
    use(play)
    by_v1, truth = play.by_v1, {}
    load = Load([], [], lambda: False)
    calls = ("create",) if by_v1 else ("look-up", "create")
    for n in range(keys):
        key, at = f"N-{n:05d}", n * seconds / keys
        truth[key] = {"stock": n + 1}
        load.arrivals.append(change(play, at, key, name=f"New {n}", stock=n + 1))
        load.pieces.append(Piece(at, key, calls))
    load.is_right = Shown(truth, ByKey(play.products))
    load.extra = Counter(listing=pages(ITEMS)) if by_v1 else Counter()
    return load


def first_sync(play, records=None):
    """A snapshot of many records, by a reconcile, into an empty collection."""
    records = records or (300 if play.by_v1 else 20_000)
    rows = {f"N-{n:05d}": ({"name": f"New {n}", "stock": n + 1}, None) for n in range(records)}
    truth = {key: {"stock": fields["stock"]} for key, (fields, _) in rows.items()}
    return Load(
        [(0.0, lambda: play.reconcile(rows, approved=records))],
        [Piece(0.0, key, ("create",)) for key in rows],
        Shown(truth, ByKey(play.products)),
        Counter(listing=pages(0)),
        records,
    )


def differing(play, share, items=2000):
    """A reconcile of a site in use, of which a *share* of the items differs."""
    use(play)
    numbers = range(1, items + 1)
    rows = play.products_as_source(numbers)
    chosen = random.Random(3).sample(numbers, round(share * items))  # noqa: S311
    for n in chosen:
        rows[play.key(n)] = ({"stock": 10_000 + n}, None)
    return Load(
        [(0.0, lambda: play.reconcile(rows, approved=items))],
        [Piece(0.0, str(n)) for n in chosen],
        Shown({n: {"stock": 10_000 + n} for n in chosen}, play.live),
        Counter(listing=pages(items)),
        pages(items) + len(chosen),
    )


def retire(play, items=500):
    """
    Records that are gone, and whose items are archived. Only who knows how an item was can take
    back later what he did, and no answer after the change tells: the status is read before, by v1
    of each item.
    """
    use(play, range(1, items + 1))
    numbers = range(1, items + 1)

    def is_right():
        return all(play.products.items[play.id(n)].staged.archived for n in numbers)

    return Load(
        [(0.0, partial(play.retire, n, "archive", version=play.at(1))) for n in numbers],
        [Piece(0.0, str(n), ("item" if play.by_v1 else "look-up", "write")) for n in numbers],
        is_right,
    )
