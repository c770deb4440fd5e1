"""Runs of histories: of which widths and installations, in which processes, and what came of it."""

import contextlib
import logging
import multiprocessing
import random
import time

from tests.attack import histories
from tests.attack.debezium_order import running_store
from tests.attack.installation import INSTALLATIONS, chosen
from tests.attack.progress import Progress
from tests.attack.table import Figures

QUICK = {"histories": 120, "width": 6}
LONG_RUN = {"histories": 100_000, "width": 0}
# Histories side by side in a long run, and how many of a hundred seeds have so many: the small ones
# find what many records at once hide.
WIDTHS = {100: 50, 25: 25, 6: 25}
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


def planned(seed, width=0, installation=""):
    """Return how many histories of *seed* are played side by side, and the installation."""
    chance = random.Random(f"width {seed}")  # noqa: S311  # no secret
    drawn = chance.choices(list(WIDTHS), list(WIDTHS.values()))[0]
    found = INSTALLATIONS[installation] if installation else chosen(seed)
    return width or min(drawn, found.width), found


def play_histories(world, plans, told=lambda _: None):
    """
    Play histories; what goes wrong is made as short as can be.

    Args:
        plans: (seed, width, installation) of each run.
    """
    figures, begun = Figures("histories"), time.monotonic()
    for seed, width, installation in plans:
        operations = histories.made(seed, installation)
        outcome = histories.played(world, operations, width, installation)
        figures.add(outcome)
        figures.runs += 1
        figures.seeds += 1
        figures.histories += width
        if outcome.problems and len(figures.failures) < 3:
            short = histories.shortest(world, operations, width, installation)
            words = histories.played(world, short, width, installation).problems
            figures.failures.append(
                f"python -m tests.attack --only histories --seed {seed} --width {width} "
                f"--installation {installation.name}: {(words or outcome.problems)[:3]}; the "
                f"shortest: {short}"
            )
        told(figures.histories)
    figures.seconds = time.monotonic() - begun
    return figures


def _part(job):
    plans, till = job
    # Not left to whoever reads the results: a pool that is ended leaves its stores behind.
    return play_histories(_own.world, plans if time.monotonic() < till else ())


class _Own:
    """The world of a process of the pool."""

    world = None
    stack = None


_own = _Own()


def _open_own():
    logging.disable(logging.WARNING)  # of what is refused on purpose
    _own.stack = contextlib.ExitStack()
    _own.world = _own.stack.enter_context(opened())
    multiprocessing.util.Finalize(None, _own.stack.close, exitpriority=100)


def whole(given):
    """Histories of the whole."""
    sizes = LONG_RUN if given.all else QUICK
    width = given.width or sizes["width"]
    if given.seed is not None:
        with opened() as world:
            plan = planned(given.seed, width, given.installation)
            return play_histories(world, [(given.seed, *plan)])
    plans, total = [], 0
    while total < (given.histories or sizes["histories"]):
        seed = given.first + len(plans)
        plans.append((seed, *planned(seed, width, given.installation)))
        total += plans[-1][1]
    figures, begun = Figures("histories"), time.monotonic()
    progress = Progress("histories", total)
    till = begun + (given.seconds or float("inf"))
    jobs = [(plans[n : n + AT_ONCE], till) for n in range(0, len(plans), AT_ONCE)]
    with multiprocessing.get_context("spawn").Pool(given.processes, _open_own) as pool:
        try:
            for part in pool.imap_unordered(_part, jobs):
                figures.merge(part)
                for failure in part.failures:
                    progress.say(failure)
                progress.at(figures.histories, f"{len(figures.failures)} failed")
            pool.close()
            pool.join()
        except KeyboardInterrupt:
            progress.say(f"histories: ended after {figures.histories}")
    progress.end()
    figures.seconds = time.monotonic() - begun
    return figures
