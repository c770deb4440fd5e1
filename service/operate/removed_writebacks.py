"""Write-backs that were taken out of instep.toml, or renamed, while something waited to be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workers.config.settings import Settings
from workers.delivery.context import Context
from workers.errors import Problem, UnknownName
from workers.store.audit import Audit
from workers.store.removed_writebacks import RemovedWriteBacks
from workers.store.scripts import Steps

DO: Final = (
    "put [writeback.{name}] back; or hand over what it has to tell, or drop it: `instep writeback "
    "{name} --to OTHER`, or --drop"
)


def remedy(name: str) -> str:
    return DO.format(name=name)


def why(entry: Mapping[str, Any]) -> str:
    """Return what is the matter with one of `RemovedWriteBacks.read`."""
    waiting = entry["waiting"]
    records = "1 record waits" if waiting == 1 else f"{waiting} records wait"
    return f"{records} to be told, and instep.toml has no such write-back"


def waits(settings: Settings, steps: Steps) -> Iterator[Problem]:
    """Yield a warning for each; raises StoreUnavailable if the store does not answer."""
    for name, entry in RemovedWriteBacks(steps, settings).read().items():
        where = f"{settings.path}: writeback.{name}"
        yield Problem(where, why(entry), "nothing that waits for it", remedy(name))


def waiting_of(context: Context, name: str) -> int:
    """
    Return how many records *name* has to tell.

    Raises:
        UnknownName: It is configured.
        StoreUnavailable: The store does not answer.
    """
    _require_removed(context, name)
    found = RemovedWriteBacks(context.steps, context.settings).read().get(name)
    return found["waiting"] if found else 0


def move(context: Context, name: str, to: str | None, by: str) -> int:
    """
    Have the write-back *to* tell what *name* has to tell; None: drop it. Return of how many
    records, those with a dead letter among them.

    Raises:
        UnknownName: *name* is configured, or *to* is none of the same collection.
        StoreUnavailable: The store does not answer.
    """
    _require_removed(context, name)
    removed = RemovedWriteBacks(context.steps, context.settings)
    own = removed.collection_of(name)
    if to is not None:
        same = [
            each.name
            for each in context.settings.writebacks.values()
            if own in (None, each.collection)
        ]
        if to not in same:
            of = f" of {own}" if own else ""
            expected = f"a write-back{of}: {', '.join(same) or 'none'}"
            raise UnknownName(repr(to), expected, "use one of them")
    done = removed.move(name, to)
    if done:
        told = {"to": to} if to else {}
        Audit(context.steps).record(by, "writeback", name, records=done, **told)
    return done


def _require_removed(context: Context, name: str) -> None:
    if name in context.settings.writebacks:
        do = "take it out of instep.toml and run `instep reload` first"
        raise UnknownName(repr(name), "a write-back that instep.toml has no more", do)
