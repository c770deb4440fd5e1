"""The attacks by name: each takes the arguments of the command and returns Figures."""

import time
from collections import Counter

from tests.attack import (
    crashes,
    debezium_order,
    faults,
    front_door,
    history_runs,
    network,
    reloads,
    store_away,
    stores,
    system_calls,
)
from tests.attack import (
    restarts as restarting,
)
from tests.attack.debezium_order import running_store
from tests.attack.history_runs import opened
from tests.attack.installation import INSTALLATIONS
from tests.attack.progress import Progress
from tests.attack.table import Figures

# crash points --------------------------------------------------------------------------------


def crash_points(world, process, seeds, *, stride=1, most=crashes.MOST, told=lambda *_: None):
    figures, begun = Figures(f"crashes of {process}"), time.monotonic()
    for seed in seeds:
        figures.seeds += 1
        for n, outcome in crashes.every(world, process, seed, stride=stride, most=most):
            figures.add(outcome)
            figures.points += 1
            figures.runs += 1
            if outcome.problems and len(figures.failures) < 5:
                figures.failures.append(
                    f"python -m tests.attack --only crashes --seed {seed}: {process}, point {n}: "
                    f"{outcome.problems[:3]}"
                )
            told(figures.points, process)
    figures.seconds = time.monotonic() - begun
    return figures


def all_crashes(given):
    """Every crash point of each process."""
    count = 2 * len(INSTALLATIONS) if given.all else 1
    seeds = range(given.first, given.first + count) if given.seed is None else [given.seed]
    progress = Progress("crash points")
    with opened() as world:
        found = [
            crash_points(world, process, seeds, told=progress.at) for process in crashes.PROCESSES
        ]
    progress.end()
    return found


# the network ---------------------------------------------------------------------------------


def all_faults(given):
    """Each kind of network fault."""
    names = [name for name in faults.KINDS if given.all or name not in faults.SLOW]
    names = names if given.all else names[:: len(names) // 8]
    seeds = range(given.first, given.first + (2 if given.all else 1))
    seeds = [given.seed] if given.seed is not None else seeds
    figures, begun = Figures(f"{len(names)} network faults", seeds=len(seeds)), time.monotonic()
    progress = Progress("network", len(names) * len(seeds))
    with running_store() as client:
        for name in names:
            for seed in seeds:
                _note(figures, given, network.play(client, name, seed), "network", seed, name)
                progress.at(figures.runs, name)
    progress.end()
    figures.seconds = time.monotonic() - begun
    return figures


def _note(figures, given, outcome, name, seed, words=""):
    figures.add(outcome)
    figures.runs += 1
    if outcome.problems:
        again = _again(given, name, seed)
        figures.failures.append(f"{again}: {words or name}: {outcome.problems[:3]}")


def _again(given, name, seed):
    """The command that plays *seed* of an attack again."""
    whole = "--all " if given.all else ""
    return f"python -m tests.attack {whole}--only {name} --seed {seed}"


# real processes ------------------------------------------------------------------------------


def _seeds(given, count):
    return [given.seed] if given.seed is not None else range(given.first, given.first + count)


def all_stores(given):
    """The store is killed, stopped, full, weakened under load, and fails over."""
    found = []
    for kind in stores.KINDS:
        figures, begun = Figures(f"store {kind}", simulated=False), time.monotonic()
        for seed in _seeds(given, 2):
            figures.seeds += 1
            _note(figures, given, stores.play(kind, seed), "stores", seed, kind)
        figures.seconds = time.monotonic() - begun
        found.append(figures)
    return [*found, failovers(given)]


def failovers(given):
    figures, begun = Figures("store failed over"), time.monotonic()
    with stores.replicated() as (world, primary, replica):
        for seed in _seeds(given, 100 if given.all else 3):
            figures.seeds += 1
            outcome = stores.fail_over(world, primary, replica, seed)
            _note(figures, given, outcome, "failover", seed)
    figures.histories = 3 * figures.runs
    figures.seconds = time.monotonic() - begun
    return figures


def all_restarts(given):
    """Web and workers restarted in turn, and the release before beside this one."""
    alone, begun = Figures("rolling restarts", simulated=False), time.monotonic()
    for seed in _seeds(given, 2):
        outcome, restarts = restarting.rolling(seed, rounds=4)
        alone.seeds, alone.points = alone.seeds + 1, alone.points + restarts
        _note(alone, given, outcome, "restarts", seed)
    alone.seconds = time.monotonic() - begun
    beside, begun = Figures("release before beside this", simulated=False), time.monotonic()
    for seed in _seeds(given, 2):
        found = restarting.beside(seed, given.before, rounds=4)
        if found is None:
            beside.left_out = f"no repository that has {given.before}"
            break
        beside.seeds, beside.points = beside.seeds + 1, beside.points + found[1]
        _note(beside, given, found[0], "restarts", seed, f"beside {given.before}")
    beside.seconds = time.monotonic() - begun
    return [alone, beside]


def all_reloads(given):
    """Ten reloads under load."""
    figures, begun = Figures("reloads under load", simulated=False), time.monotonic()
    figures.seeds, figures.points = 1, 10
    _note(figures, given, reloads.reloaded(figures.points), "reloads", 0)
    figures.seconds = time.monotonic() - begun
    return figures


def whole_door(given):
    """Requests that are not whole."""
    figures, begun = Figures("the door", simulated=False), time.monotonic()
    for seed in _seeds(given, 3):
        outcome, tried = front_door.play(seed)
        figures.seeds, figures.points = figures.seeds + 1, figures.points + tried
        _note(figures, given, outcome, "door", seed)
    figures.seconds = time.monotonic() - begun
    return figures


def databases(given):
    """The log of a database, through the accept step: see debezium_order."""
    figures, begun = Figures("logs of databases"), time.monotonic()
    code = debezium_order.main(["--histories", "100" if given.all else "3"])
    figures.runs = figures.histories = 300 if given.all else 9
    figures.seeds = figures.runs // 3
    if code:
        figures.stale += 1
        figures.failures.append("debezium_order: see above")
    figures.seconds = time.monotonic() - begun
    return figures


def away(given):
    """The store is away: ten minutes with --all, else some seconds."""
    figures, begun = Figures("store away", simulated=False), time.monotonic()
    found = store_away.run(600.0 if given.all else 12.0)
    figures.runs = figures.seeds = 1
    figures.points = found["deliveries"]
    figures.lost, figures.stale = found["lost"] + found["short"], found["older_over_newer"]
    figures.twice, figures.unbalanced = found["twice"], int(not found["balanced"])
    figures.stuck = int(found["settled_s"] is None)
    figures.longest, figures.seconds = found["settled_s"] or 0.0, time.monotonic() - begun
    if not store_away.is_good(found):
        figures.failures.append(f"store-away: {found}")
    return figures


def calls(given):
    """A process is killed at its n-th system call."""
    figures, begun = Figures("crashes at system calls", simulated=False), time.monotonic()
    figures.left_out = system_calls.missing()
    died = Counter()
    for seed in () if figures.left_out else _seeds(given, 5 if given.all else 1):
        outcome, found = system_calls.play(seed)
        died.update(found)
        figures.seeds, figures.points = figures.seeds + 1, figures.points + sum(found.values())
        figures.tried += system_calls.POINTS
        _note(figures, given, outcome, "system-calls", seed)
    figures.attack += "".join(f", {n} {kind}" for kind, n in died.items())
    figures.seconds = time.monotonic() - begun
    return figures


ATTACKS = {
    "histories": history_runs.whole,
    "crashes": all_crashes,
    "network": all_faults,
    "system-calls": calls,
    "stores": all_stores,
    "store-away": away,
    "failover": failovers,
    "restarts": all_restarts,
    "reloads": all_reloads,
    "door": whole_door,
    "databases": databases,
}
LONG = (
    *("system-calls", "stores", "store-away", "restarts", "reloads", "door", "databases"),
)  # with --all alone
PARTS = ("failover",)  # with another one already
