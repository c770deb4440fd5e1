"""The attacks by name: each takes the arguments of the command and returns Figures."""

import contextlib
import multiprocessing
import time

from tests.attack import crashes, histories
from tests.attack.debezium_order import running_store
from tests.attack.progress import Progress
from tests.attack.table import Figures

WIDTH = 25  # histories side by side in a long run
QUICK = {"histories": 120, "width": 6, "crash seeds": 1}
LONG_RUN = {"histories": 100_000, "crash seeds": 5}
AT_ONCE = 5  # seeds that a process is given at once


@contextlib.contextmanager
def opened():
    """A world on a store of its own."""
    from tests.attack.world import World

    with running_store() as client:
        world = World(client.connection_pool.connection_kwargs["path"])
        try:
            yield world
        finally:
            world.close()


# histories -----------------------------------------------------------------------------------


def play_histories(world, seeds, width, told=lambda _: None):
    """Play the histories of *seeds*; what goes wrong is made as short as can be."""
    figures, begun = Figures("histories"), time.monotonic()
    for seed in seeds:
        operations = histories.made(seed)
        outcome = histories.played(world, operations, width)
        figures.add(outcome)
        figures.runs += 1
        figures.seeds += 1
        figures.histories += width
        if outcome.problems and len(figures.failures) < 3:
            short = histories.shortest(world, operations, width)
            words = histories.played(world, short, width).problems or outcome.problems
            figures.failures.append(
                f"histories: --only histories --seed {seed} --width {width}: {words[:3]}; the "
                f"shortest: {short}"
            )
        told(figures.histories)
    figures.seconds = time.monotonic() - begun
    return figures


def _part(job):
    seeds, width = job
    return play_histories(_own.world, seeds, width)


class _Own:
    """The world of a process of the pool."""

    world = None
    stack = None


_own = _Own()


def _open_own():
    _own.stack = contextlib.ExitStack()
    _own.world = _own.stack.enter_context(opened())
    multiprocessing.util.Finalize(None, _own.stack.close, exitpriority=100)


def whole(given):
    """Histories of the whole."""
    sizes = LONG_RUN if given.all else QUICK
    width = given.width or (WIDTH if given.all else QUICK["width"])
    runs = max(1, (given.histories or sizes["histories"]) // width)
    if given.seed is not None:
        with opened() as world:
            return play_histories(world, [given.seed], width)
    seeds = range(given.first, given.first + runs)
    figures, begun = Figures("histories"), time.monotonic()
    progress = Progress("histories", runs * width)
    jobs = [(seeds[n : n + AT_ONCE], width) for n in range(0, runs, AT_ONCE)]
    with multiprocessing.get_context("spawn").Pool(given.processes, _open_own) as pool:
        try:
            for part in pool.imap_unordered(_part, jobs):
                figures.merge(part)
                for failure in part.failures:
                    progress.say(failure)
                progress.at(figures.histories, f"{len(figures.failures)} failed")
                if given.seconds and time.monotonic() - begun > given.seconds:
                    break
            else:
                pool.close()
                pool.join()
        except KeyboardInterrupt:
            progress.say(f"histories: ended after {figures.histories}")
    progress.end()
    figures.seconds = time.monotonic() - begun
    return figures


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
                    f"crashes: {process}, --seed {seed}, point {n}: {outcome.problems[:3]}"
                )
            told(figures.points, process)
    figures.seconds = time.monotonic() - begun
    return figures


def all_crashes(given):
    """Every crash point of each process."""
    count = (LONG_RUN if given.all else QUICK)["crash seeds"]
    seeds = range(given.first, given.first + count) if given.seed is None else [given.seed]
    progress = Progress("crash points")
    with opened() as world:
        found = [
            crash_points(world, process, seeds, told=progress.at) for process in crashes.PROCESSES
        ]
    progress.end()
    return found


ATTACKS = {"histories": whole, "crashes": all_crashes}
LONG = ()
