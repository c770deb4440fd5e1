"""What web processes, workers and machines bring: rates, costs and freshness by their numbers."""

import time
from dataclasses import asdict, dataclass
from statistics import median

SETTLED = 3.0  # s after a start until what it brings is over
LOOKS = 3  # windows at rest, of which the middle one counts
FEW = 5  # commands that take the most, in the answer as JSON


@dataclass(frozen=True)
class Size:
    """How many machines, and processes on each."""

    machines: int
    web: int
    workers: int


@dataclass(frozen=True)
class Loaded:
    """
    Args:
        idle: Seconds at rest.
        events: Sent as fast as they are taken.
        rate, seconds: Of what is sent steadily then.
    """

    idle: float
    events: int
    rate: float
    seconds: float


@dataclass(frozen=True)
class Growth:
    """
    Args:
        rest: Commands a second that the store runs while nothing comes in.
        acks: Deliveries that were acknowledged in a second, as fast as they are taken.
        ack_ms: Milliseconds within which 99 of 100 of them were.
        cpu: CPU seconds of 1,000 of them, until the site was right: web, worker, store.
        commands: That the store ran for one of them.
        most: The most frequent of these.
        fresh_ms: Milliseconds from the acknowledgement until the site was right, at a steady
            rate: p50, p95, p99.
    """

    machines: int
    web: int
    workers: int
    rest: float
    acks: float
    ack_ms: float
    cpu: dict
    commands: float
    most: dict
    fresh_ms: tuple

    as_dict = asdict


def measured(rig, size, loaded):
    """Measure one size."""
    machines = rig.machines[: size.machines]
    with rig.running(machines, size.web, size.workers):
        time.sleep(SETTLED)
        # Some seconds each ten, the process that sweeps measures the memory of keys.
        rest = median(_at_rest(rig, loaded.idle / LOOKS) for _ in range(LOOKS))
        burst = _burst(rig, machines, loaded.events, rest)
        load, _, events = rig.load(machines, int(loaded.rate * loaded.seconds), rate=loaded.rate)
        rig.until_right()
        waits = freshness(rig.writes.all, load.acked, events).values()
        fresh = tuple(round(1000 * share_of(waits, share)) for share in (0.5, 0.95, 0.99))
        return Growth(size.machines, size.web, size.workers, round(rest, 1), *burst, fresh)


def _at_rest(rig, seconds):
    """Return the commands a second, from the end of a sweep to that of another."""
    began, before = rig.after_sweep()
    time.sleep(seconds)
    ended, after = rig.after_sweep()
    return (after - before) / (ended - began)


def _burst(rig, machines, number, rest):
    """Send as fast as it is taken; return all of `Growth` that this tells."""
    rig.load(machines, number // 10)  # each process has had its first
    rig.until_right()
    cost, ran, by = rig.cost(machines), rig.commands(), rig.by_command()
    began = time.monotonic()
    _, result, _ = rig.load(machines, number)
    rig.until_right()
    spent = time.monotonic() - began
    ran = rig.commands() - ran - rest * spent
    each = {name: (n - by.get(name, 0)) / number for name, n in rig.by_command().items()}
    most = dict(sorted(each.items(), key=lambda one: -one[1])[:FEW])
    cpu = {role: 1000 * (n - cost[role]) / number for role, n in rig.cost(machines).items()}
    return (
        round(result.rate),
        round(1000 * result.percentile(0.99)),
        {role: round(n, 2) for role, n in cpu.items()},
        round(ran / number, 1),
        {name: round(n, 2) for name, n in most.items()},
    )


def freshness(writes, acked, events):
    """
    Return for each of *events* the seconds from its acknowledgement (*acked*) until the site showed
    it, or a newer one; 0 where it did before.
    """
    waiting = {}  # item id → its events without a write so far, the oldest first
    for number, (item, quantity) in enumerate(events):
        waiting.setdefault(item, []).append((quantity, number))
    found = {}
    for write in writes:
        for item, shown in write.stock.items():
            own = waiting.get(item, [])
            while own and own[0][0] <= shown:
                number = own.pop(0)[1]
                found[number] = max(0.0, write.at - acked[number])
    return found


def share_of(waits, share):
    """Return the wait that *share* of *waits* are not above."""
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
