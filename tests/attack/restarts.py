"""Web and workers are restarted in turn under load, and an old release works beside the new one."""

import random
import tempfile
import time
from pathlib import Path

from tests.attack.fleet import ROOT, SIGNALS, archived, opened

NAMES = ("web 0", "worker 0", "web 1", "worker 1")


def rolling(seed, *, rounds, old=None):
    """
    Restart each process *rounds* times while deliveries come; returns the Outcome and how many.

    Args:
        old: The tree of another release: the processes change from it to this one, and back.
    """
    chance = random.Random(seed)  # noqa: S311  # no secret
    trees = [tree for tree in (old, ROOT) if tree]
    with opened() as fleet:
        for name in NAMES:
            fleet.start(name, trees[0])
        fleet.load(rounds * 240, 40, chance)
        restarts = 0
        for turn in range(rounds):
            for name in NAMES:
                fleet.end(name, chance.choice(SIGNALS))
                time.sleep(chance.uniform(0.0, 0.5))
                fleet.start(name, trees[(turn + 1) % len(trees)])
                restarts += 1
                time.sleep(chance.uniform(0.2, 1.5))
        fleet.join()
        return fleet.judged(), restarts


def beside(seed, revision, *, rounds):
    """The same with the release of *revision*; None: there is no repository to take it from."""
    with tempfile.TemporaryDirectory(prefix="instep-release-") as folder:
        tree = archived(revision, Path(folder))
        return rolling(seed, rounds=rounds, old=tree) if tree else None
