"""The keys of problems (groups of open letters), and of runs; all others: ``keys.py``."""

from __future__ import annotations

from workers.store.keys import LETTERS, PREFIX

# Problems (``letter_groups.lua``) ---------------------------------------------------------------

UNGROUPED = f"{LETTERS}:ungrouped"  # sorted set: open letters whose cause is not read yet
PROBLEMS = f"{PREFIX}problems"  # sorted set: groups that have letters
IGNORED = f"{PROBLEMS}:ignored"  # sorted set: ignored groups


def letters_of(group: str) -> str:
    """Sorted set: the open letters of one group, by time."""
    return f"{LETTERS}:group:{group}"


def problem(group: str) -> str:
    """Hash: the cause of one group, and whether it was seen or is ignored."""
    return f"{PREFIX}problem:{group}"


# Runs (``runs.py``) -----------------------------------------------------------------------------

RUNS = f"{PREFIX}runs"  # sorted set: all that are kept, by start
OPEN = f"{RUNS}:open"  # set: those that have not ended
QUEUED = f"{RUNS}:queued"  # sorted set: those that a worker carries out
RUN_NUMBER = f"{PREFIX}run-number"  # counter


def run(id: str) -> str:
    """Hash: one run."""
    return f"{PREFIX}run:{id}"


def run_work(id: str) -> str:
    """List: what a run has yet to do, in order, such as ids of letters."""
    return f"{PREFIX}run-work:{id}"


def run_plan(id: str) -> str:
    """Hash: kind → digests of the items for which a run is held (``run_plan.py``)."""
    return f"{PREFIX}run-plan:{id}"


def running(id: str) -> str:
    """Lock: who carries a run out."""
    return f"{PREFIX}running:{id}"
