"""The store is killed, stopped, full, weakened under load, and fails over to a replica."""

import contextlib
import random
import signal
import time

from tests.attack import histories
from tests.attack.debezium_order import running_store
from tests.attack.fleet import free_port, opened
from tests.attack.judge import Judge, Outcome
from tests.attack.mortal import Died
from tests.attack.truth import GONE, Event
from tests.attack.world import World
from workers.store.losses import Losses


def killed(fleet, chance):
    for _ in range(3):
        fleet.store.kill()
        time.sleep(chance.uniform(0.0, 1.0))
        fleet.store.start()
        time.sleep(chance.uniform(0.5, 2.0))


def stopped(fleet, chance):
    for seconds in (0.5, chance.uniform(3.0, 5.0)):
        fleet.store.server.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        fleet.store.server.send_signal(signal.SIGCONT)
        time.sleep(1.0)


def full(fleet, chance):
    """There is less memory than is in use, and then room again."""
    with fleet.store.client() as client:
        for _ in range(2):
            client.config_set("maxmemory", client.info("memory")["used_memory"] // 2)
            time.sleep(chance.uniform(1.5, 3.0))
            client.config_set("maxmemory", 0)
            time.sleep(1.5)


def weakened(fleet, chance):
    """It stops to keep anything on disk, then it would evict; and is mended."""
    with fleet.store.client() as client:
        for name, bad, good in (
            ("appendonly", "no", "yes"),
            ("maxmemory-policy", "allkeys-lru", "noeviction"),
        ):
            client.config_set(name, bad)
            time.sleep(chance.uniform(1.5, 3.0))
            client.config_set(name, good)
            time.sleep(1.5)


KINDS = {"killed": killed, "stopped": stopped, "full": full, "weakened": weakened}


def play(kind, seed, *, deliveries=400):
    """Do *kind* to the store of running processes; returns the Outcome."""
    chance = random.Random(f"{kind} {seed}")  # noqa: S311  # no secret
    with opened() as fleet:
        for name in ("web 0", "web 1", "worker 0", "worker 1"):
            fleet.start(name)
        fleet.load(deliveries, 40, chance)
        time.sleep(1.5)
        KINDS[kind](fleet, chance)
        fleet.join()
        return fleet.judged()


# a failover ----------------------------------------------------------------------------------


@contextlib.contextmanager
def replicated(durability="everysec"):
    """A world on a primary, and its replica."""
    with running_store(port=free_port()) as primary, running_store() as replica:
        path = primary.connection_pool.connection_kwargs["path"]
        world = World(path, durability=durability)
        try:
            yield world, primary, replica
        finally:
            world.close()


def fail_over(world, primary, replica, seed, *, width=3):
    """
    The replica takes over, and lacks what came last: that is lost, as documented. Whatever has a
    newer value afterwards must show it, and no item may be made twice.
    """
    chance = random.Random(f"failover {seed}")  # noqa: S311  # no secret
    world.socket = primary.connection_pool.connection_kwargs["path"]
    world.reset(width)
    history = histories.History(world, width)
    history.exact = False
    operations = histories.made(seed)
    cut = chance.randrange(len(operations) // 2, len(operations))
    _do(history, operations[:cut])
    _copy(primary, replica)
    _do(history, operations[cut:])
    world.run(chance.choice((0, 5, 100)))
    world.socket = replica.connection_pool.connection_kwargs["path"]
    world.cms.point = lambda _: None
    world.begin()
    # As each supervisor does that had seen the other one (workers/store/witness.py).
    Losses(world.steps).note({"id": "failover", "kind": "older", "had": 1, "held": 0})
    world.context.breaker.resume("site")
    world.failed.clear()
    history.mail.clear()
    _send_all_anew(history, chance)
    outcome = Outcome()
    history.end(outcome)
    # An archive that is forgotten is an editor's, whose item is written staged only.
    Judge(world, live=False).judge(outcome)
    return outcome


def _do(history, operations):
    for name, seed in operations:
        with contextlib.suppress(Died):
            getattr(history, f"op_{name}")(random.Random(seed))  # noqa: S311  # no secret


def _copy(primary, replica):
    """Let *replica* take all that *primary* holds, and part from it."""
    replica.execute_command("REPLICAOF", "127.0.0.1", primary.config_get("port")["port"])
    ends = time.monotonic() + 20
    while replica.info("replication").get("master_link_status") != "up":
        assert time.monotonic() < ends, "the replica was not fed"
        time.sleep(0.02)
    primary.wait(1, 5000)
    replica.execute_command("REPLICAOF", "NO", "ONE")


def _send_all_anew(history, chance):
    """Each record has a newer event, with a value for each of its fields."""
    truth = history.truth
    for collection, key in list(dict.fromkeys(place[:2] for place in truth.fields)):
        slugs = [p[2] for p in truth.fields if p[:2] == (collection, key) and p[2] != GONE]
        history.world.pass_time(chance.choice((0.5, 40)))
        event = _event(history, chance, collection, key, slugs)
        if event:
            history.arrive(event.source, [event])


def _event(history, chance, collection, key, slugs):
    number = history.number = history.number + 1
    values = {slug: history._value(chance) for slug in slugs if slug in ("stock", "price")}
    values |= {"name": f"{key} {number}"} if collection != "prices" else {}
    if collection == "products":
        payload = {"id": f"e{number}", "type": "changed", "sku": key, "rev": number, **values}
        return Event("erp", f"e{number}", collection, key, values, (2, number, 0), payload)
    if collection == "prices":
        return _price(history, key, number, values) if values else None
    values["note"] = f"n{number}"
    values |= {"of": "K1"} if "of" in slugs else {}
    payload = {"type": "changed", "sku": key, **values}
    return Event("bare", None, collection, key, values, None, payload)


def _price(history, key, number, values):
    moment = int(history.world.clock.t) + 2000  # after all that arrival has given
    payload = {"id": f"s{number}", "type": "changed", "sku": key, "at": moment, **values}
    return Event("shop", f"s{number}", "prices", key, values, (1, moment * 1_000_000, 0), payload)
