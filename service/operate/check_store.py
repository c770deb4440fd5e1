"""The check of the store: whether it can be used, its memory, and what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.errors import Problem, StoreNewer, StoreUnavailable

if TYPE_CHECKING:
    from redis import Redis

    from service.operate.check_findings import Findings
    from workers.config.settings import Settings
    from workers.store.scripts import Steps


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
    """Add what the store knows of its losses, and of upgrades."""
    from workers.store.losses import Losses, problem
    from workers.store.upgrade import Upgrade

    found.errors += map(problem, Losses(steps).open(settings.collections))
    for name, count in Upgrade(steps, settings).merged().items():
        found.notes.append(
            f"Collection {name}: the upgrade merged {count} records whose keys are the same key"
        )
