"""The check of the store: whether it can be used, its memory, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.errors import Problem, StoreNewer, StoreUnavailable

if TYPE_CHECKING:
    from redis import Redis

    from service.operate.check_findings import Findings
    from workers.config.settings import Settings
    from workers.store.scripts import Steps

SHOWN = 10  # keys of a collection with several items


def store(settings: Settings, found: Findings) -> Steps | None:
    """Add what is found of the store, and return it; None: it does not answer."""
    from workers.store import connection, durability
    from workers.store.scripts import Steps

    client = connection.connect(settings.store, retries=0)
    try:
        connection.reach(client, settings.store)
        seen = durability.inspect(client)
    except StoreNewer as error:
        client.connection_pool.disconnect()
        found.errors.append(error.problem)
        return None
    except StoreUnavailable as error:
        if settings.store.url is not None:
            do = "check that it runs, and the address"
            found.errors.append(Problem("REDIS_URL", str(error), "a store that answers", do))
        else:
            # The embedded store starts with up, web or worker: before that, nothing is wrong.
            found.notes.append("Store: not running yet; its durability is checked when it starts")
        return None
    found.notes.append(f"Store: {seen.version}, durability {seen.mode}")
    found.errors += durability.faults(seen, settings.store.durability)
    memory(client, found)
    return Steps(client)


def memory(client: Redis, found: Findings) -> None:
    """Add the memory that the store uses: too little of it stops deliveries."""
    from workers.store import memory

    seen = memory.read(client)
    used = f"{seen['used'] / 1_048_576:.0f} MB of memory used"
    if not seen["limit"]:
        do = "set maxmemory, so that Instep can warn before the machine runs out"
        problem = Problem("store: maxmemory", f"none ({used})", "a limit", do)
        found.warnings.append(problem)
        return
    used = f"{used} of {seen['limit'] / 1_048_576:.0f} MB"
    found.notes.append(f"Store: {used}")
    if seen["level"] or seen["full"]:
        do = "see `instep status` for what fills it, and raise maxmemory ([store] memory_mb)"
        problem = Problem("store: maxmemory", used, "less than 70 %", do)
        (found.errors if seen["full"] else found.warnings).append(problem)


def contents(settings: Settings, steps: Steps, found: Findings) -> None:
    """Add what the store knows of its losses, of keys that several items have, and of upgrades."""
    from workers.store.losses import Losses, problem
    from workers.store.upgrade import Upgrade

    found.errors += map(problem, Losses(steps).open(settings.collections))
    found.warnings += _duplicates(settings, steps)
    for name, count in Upgrade(steps, settings).merged().items():
        found.notes.append(
            f"Collection {name}: the upgrade merged {count} records whose keys are the same key"
        )


def _duplicates(settings: Settings, steps: Steps) -> Iterator[Problem]:
    """Yield the keys that listings have found in several items."""
    from workers.store.item_index import Items

    items = Items(steps, settings)
    for name, collection in settings.collections.items():
        where = f"collection {name}"
        found = items.duplicates(collection)
        for key, ids in list(found.items())[:SHOWN]:
            do = f"give the others keys of their own, or delete them: {ids[0]} is written"
            named = f"key {key} in items {', '.join(ids)}"
            yield Problem(where, named, "one item for each key", do)
        if len(found) > SHOWN:
            do = f"begin with the {SHOWN} above"
            yield Problem(where, f"{len(found)} such keys in all", "one item for each key", do)
