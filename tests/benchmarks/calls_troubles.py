"""Loads of `tests.benchmarks.calls` in which the CMS refuses something, or is not alone."""

import random
from collections import Counter
from dataclasses import replace

from tests.benchmarks.calls_loads import ITEMS, Load, Shown, change, use
from tests.benchmarks.calls_planner import Piece, isolation, outage, pages

BATCH = 100
ROUNDS = 10  # of a refused batch, each with other bad items
APART = 300.0  # s between them
LOST = {"times": None}


def bad_values(play, bad, *, named):
    """Ten times 100 items, of which so many are refused: the answer names them, or nothing."""
    use(play)
    chance, load, truth = random.Random(11), Load([], [], lambda: False), {}  # noqa: S311
    for turn in range(ROUNDS):
        numbers = range(turn * BATCH + 1, (turn + 1) * BATCH + 1)
        spoiled = set(chance.sample(numbers, bad))
        for n in numbers:
            fields = {"stock": 1000 + n}
            if n in spoiled and named:
                fields = {"supplier": f"Supplier {n} of {turn}"}
            elif n in spoiled:
                play.fault(
                    "status", status=400, message="Validation Error", match=play.of(n), **LOST
                )
            else:
                truth[n] = fields
            load.arrivals.append(change(play, turn * APART, n, **fields))
        load.extra += _refused(BATCH, bad, play, named=named)
    if named:
        _refuse_suppliers(play)
    load.is_right = Shown(truth, play.live)
    return load


def _refused(items, bad, play, *, named):
    return Counter(write=items) if play.by_v1 else isolation(items, bad, named=named)


def _refuse_suppliers(play):
    """The CMS takes none of the new ones, and names each, though the schema says nothing of it."""
    supplier = play.products.fields["supplier"]
    rule = {"maxLength": 11}
    play.products.fields["supplier"] = replace(supplier, validations=rule)


def never_published(play, share=0.1):
    """Items whose keys were never met, of which a tenth was never published."""
    numbers = range(1, ITEMS + 1)
    chosen = set(random.Random(5).sample(numbers, round(share * ITEMS)))  # noqa: S311
    for n in chosen:
        item = play.products.items[play.id(n)]
        item.live = item.published = None
    read = Counter(listing=pages(ITEMS)) if play.by_v1 else Counter()

    def look(n):
        return play.staged(n) if n in chosen else play.live(n)

    first = () if play.by_v1 else ("look-up",)
    return Load(
        [change(play, 0.0, n, stock=1000 + n) for n in numbers],
        [Piece(0.0, str(n), (*first, "staged" if n in chosen else "write")) for n in numbers],
        Shown({n: {"stock": 1000 + n} for n in numbers}, look),
        read,
    )


def restored(play):
    """
    A backup was restored: every item has another id. That shows the first answer, and where the
    items are now a listing.
    """
    numbers = range(1, ITEMS + 1)
    use(play, numbers)
    items = play.products.items
    for n in numbers:
        item = items[play.id(n)]
        play.products.remove(item)
        item.id = f"65f2{n:020x}"
        play.products.store(item, item.staged)

    def look(n):
        return items[f"65f2{n:020x}"].live.fields

    return Load(
        [change(play, 0.0, n, stock=1000 + n) for n in numbers],
        [Piece(0.0, str(n)) for n in numbers],
        Shown({n: {"stock": 1000 + n} for n in numbers}, look),
        Counter(refused=1, listing=pages(ITEMS)),
    )


def field_anew(play, items=200):
    """
    A field of options was made anew: the same labels have other ids. That shows the first answer,
    and which they are the schema.
    """
    use(play)
    numbers = range(1, items + 1)
    play.change(1, category=next(iter(play.products.fields["category"].options.values())))
    play.play([])
    play.pass_time(3600)
    field = play.products.fields["category"]
    options = [{"id": f"{n:032x}", "name": label} for n, label in enumerate(field.options.values())]
    play.products.put_field(replace(field, validations={"options": options}, id=""))
    wanted = options[1]["id"]
    for item in play.products.items.values():
        item.staged.fields["category"] = None
        item.live = item.staged
    return Load(
        [change(play, 0.0, n, category=options[1]["name"]) for n in numbers],
        [Piece(0.0, str(n)) for n in numbers],
        Shown({n: {"category": wanted} for n in numbers}, play.live),
        Counter(refused=1, schema=1),
    )


def away(play, kind, seconds=300, rate=2):
    """The CMS answers nothing good for five minutes: a minute before it and one after it."""
    use(play)
    chance, load, truth = random.Random(13), Load([], [], lambda: False), {}  # noqa: S311
    first, last = 60.0, 60.0 + seconds
    for k in range(rate * (120 + seconds)):
        n, at = chance.randint(1, ITEMS), k / rate
        truth[n] = {"stock": 1000 + k}
        load.arrivals.append(change(play, at, n, stock=1000 + k))
        load.pieces.append(Piece(last if first <= at < last else at, str(n)))
    options = {"status": 503} if kind == "status" else {}
    any_call = {"method": None}
    load.arrivals.append((first, lambda: play.fault(kind, match=any_call, **LOST, **options)))
    load.arrivals.append((last, play.mend))
    load.extra = outage(seconds)
    load.is_right = Shown(truth, play.live)
    return load


def shared(play, rate=5, seconds=600):
    """Ten minutes of events, while another client takes of each minute its part."""
    use(play)
    chance, load, truth = random.Random(17), Load([], [], lambda: False), {}  # noqa: S311
    for k in range(rate * seconds):
        n = chance.randint(1, ITEMS)
        truth[n] = {"stock": 1000 + k}
        load.arrivals.append(change(play, k / rate, n, stock=1000 + k))
        load.pieces.append(Piece(k / rate, str(n)))
    load.is_right = Shown(truth, play.live)
    return load
