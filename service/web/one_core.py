"""
Keeps all threads of a web process on one core, each process on another.

Only one of them runs Python at a time. Where they run on several cores, each turn moves what they
share from one core's cache to another's, which took a third of a web process's time. Everything
else stays free to run wherever there is room.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def chosen(cores: Sequence[int], place: int, taken: Sequence[int]) -> int:
    """
    Return the first of *cores*, from *place* on and around, that is *taken* the fewest times.
    """
    turned = [cores[(place + n) % len(cores)] for n in range(len(cores))]
    return min(turned, key=taken.count)


def keep_on_one(parent: int) -> None:
    """
    Keep this process, and the threads that it will start, on one core.

    Args:
        parent: Process id of the one that forks all web processes, one after the other.
    """
    # Neither every system nor every sandbox has these; without them nothing is wrong, only slower.
    with suppress(OSError, AttributeError):
        cores = sorted(os.sched_getaffinity(0))
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        others = [int(pid) for pid in found if int(pid) != os.getpid()]
        # One that starts at the same time may not have chosen yet, but is at another place. Another
        # installation on this machine begins with another core.
        place = parent + sum(pid < os.getpid() for pid in others)
        os.sched_setaffinity(0, {chosen(cores, place, _taken(others))})


def _taken(processes: Sequence[int]) -> list[int]:
    """Return the core on which each of *processes* is kept."""
    taken: list[int] = []
    for pid in processes:
        with suppress(OSError):  # it has ended
            cores = os.sched_getaffinity(pid)
            taken += cores if len(cores) == 1 else ()
    return taken
