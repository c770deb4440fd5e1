"""The check of the store: whether it can be used, its memory, and what it holds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from workers.errors import Problem, StoreForbidden, StoreNewer, StoreUnavailable

if TYPE_CHECKING:
    from redis import Redis

    from service.operate.check_findings import Findings
    from workers.config.settings import Settings
    from workers.store.scripts import Steps

APART: Final = 60  # s between two clocks


def store(settings: Settings, found: Findings) -> Steps | None:
    """Add what is found of the store, and return it; None: it does not answer."""
    from workers.store import commands, connection, durability
    from workers.store.scripts import Steps
    from workers.store.sentinel import NoMaster

    client = connection.connect(settings.store, retries=0)
    try:
        connection.reach(client, settings.store)
        began = time.time()
        look = durability.look(client)
        found.warnings += clock(look.now_us / 1e6, (began + time.time()) / 2)
        # The embedded store is known to have them.
        given = settings.store.url is not None
        missing = [*refused(*commands.unanswered(client))] if given else []
    except StoreNewer as error:
        client.connection_pool.disconnect()
        found.errors.append(error.problem)
        return None
    except StoreForbidden as error:
        client.connection_pool.disconnect()
        do = "correct the address, or the user in the store"
        found.errors.append(
            Problem("store: rights", str(error), "a user that may do what Instep needs", do)
        )
        return None
    except StoreUnavailable as error:
        if isinstance(error.__cause__, NoMaster):
            found.errors.append(error.__cause__.problem)
        elif settings.store.url is not None:
            do = "check that it runs, and the address"
            found.errors.append(Problem("REDIS_URL", str(error), "a store that answers", do))
        else:
            # The embedded store starts with up, web or worker: before that, nothing is wrong.
            found.notes.append("Store: not running yet; its durability is checked when it starts")
        return None
    seen = durability.durability_of(look)
    found.notes.append(f"Store: {seen.version}, durability {seen.mode}")
    found.errors += durability.faults(seen, settings.store.durability)
    if missing:
        client.connection_pool.disconnect()
        found.errors += missing
        return None
    memory(client, found)
    return Steps(client)


def clock(store: float, here: float) -> Iterator[Problem]:
    """Yield a warning if the clock of the *store*, in Unix s, differs from that *here*."""
    if abs(ahead := round(store - here)) > APART:
        way = "ahead of" if ahead > 0 else "behind"
        yield Problem(
            "store: clock",
            f"{abs(ahead)} s {way} this machine",
            f"the same time, to {APART} s: a change more than an hour ahead is a dead letter",
            "set both clocks, by NTP",
        )


def refused(lacking: Sequence[str], denied: Sequence[str]) -> Iterator[Problem]:
    """Yield an error for the commands *lacking* in the store, and those *denied* to its user."""
    from workers.store.rights import RULE

    if lacking:
        do = "use a Redis 7 or Valkey 7.2, without a proxy that leaves commands out"
        yield Problem("store: commands", f"none of {', '.join(lacking)}", "all that is sent", do)
    if denied:
        do = f"ACL SETUSER NAME {RULE}"
        found = f"a user that may not {', '.join(denied)}"
        yield Problem("store: rights", found, "a user that may do what Instep needs", do)


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
