"""What is scheduled: the reconciles, and the pulls."""

from __future__ import annotations

from functools import partial

from service.pulls.pull_state import not_before, place_of, scheduled_pulls
from service.reconcile.schedule import Timed, reconciles
from workers.config.pull import Pull
from workers.config.settings import Settings


def all_timed(settings: Settings) -> tuple[Timed, ...]:
    """Return everything of instep.toml that has a time."""
    return (*reconciles(settings), *map(timed_pull, scheduled_pulls(settings)))


def timed_pull(pull: Pull) -> Timed:
    """Return the pull; it holds up no reconcile, but for those of its collections."""
    place = place_of(pull.name)
    return Timed(
        place,
        place,
        pull,
        (pull.name,),
        {"source": pull.name},
        partial(not_before, name=pull.name),
        "service.pulls.process",
    )
