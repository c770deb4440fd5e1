"""Each kind of network fault between worker and CMS, over HTTP; the end is judged."""

import random
from collections import Counter
from urllib.parse import urlsplit

from tests.attack.faults import KINDS
from tests.attack.judge import Outcome
from tests.attack.proxy import Proxy
from tests.support.delivery_rig import Way
from workers.store.outbox import balanced


def play(store, name, seed):
    """Play fault *name* on one to three writes in a row; returns the Outcome."""
    chance = random.Random(f"{name} {seed}")  # noqa: S311  # no secret
    store.flushall()
    proxy = Proxy()
    way = Way(store, by="key", items=5, window=6000, requests_per_minute=6000, linger=0.0,
              collection={"missing": "create"}, base_url=proxy.url)  # fmt: skip
    place = urlsplit(way.server.url)
    proxy.upstream = (place.hostname, place.port)
    try:
        return _played(way, proxy, name, chance)
    finally:
        way.close()
        proxy.close()


def _played(way, proxy, name, chance):
    outcome, newest, version = Outcome(), {}, 0

    def tell(key):
        nonlocal version
        version += 1
        newest[key] = version
        way.change(key, {"name": f"Item {key}", "stock": version}, version=version)

    keys = [way.key(n) for n in range(1, 4)]
    for key in keys:
        tell(key)
    way.run()
    begun = way.now()
    for round in range(2):
        proxy.faults += [KINDS[name]] * chance.choice((1, 1, 3))
        for key in (*keys, f"new-{round}"):
            tell(key)
        way.run(chance.choice((1, 30, 200)))
        tell(keys[0])
        _check(way, outcome)
    proxy.faults.clear()
    for _ in range(3):
        way.resume()
        way.run()
        for letter in way.letters():  # P7: a replay is never harmful, and mends what can be
            way.context.letters.replay(letter.id)
    way.run()
    outcome.longest = way.now() - begun
    _judge(way, newest, outcome)
    return outcome


def _check(way, outcome):
    if not balanced(way.counts()):
        outcome.unbalanced.append(str(way.counts()))


def _judge(way, newest, outcome):
    _check(way, outcome)
    held = Counter(item.staged.fields["sku"] for item in way.products.items.values())
    for key, value in newest.items():
        if held[key] > 1:
            outcome.twice.append(f"{key}: {held[key]} items")
        elif not held[key]:
            outcome.lost.append(f"{key}: no item")
        else:
            item = way.the(key)
            for copy in (item.staged, item.live):
                shown = copy and copy.fields.get("stock")
                if shown != value:
                    outcome.stale.append(f"{key}: {shown}, not {value}")
    if any(way.counts("pending", "dead")):
        outcome.stuck.append(f"pending, dead: {way.counts('pending', 'dead')} {way.letters()}")
