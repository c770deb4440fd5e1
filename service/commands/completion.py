"""
Shell completion that knows names: what instep.toml names, senders, pages, and ids of the store.

It completes what it can and is silent about the rest: a shell must never show an error of ours in
the middle of a line that somebody types.
"""

from __future__ import annotations

import contextlib
import os
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from workers.delivery.context import Context

PATIENCE: Final = 0.3  # s for the store
MOST: Final = 50  # ids that are offered

Names = Callable[[click.Context], Iterable[str]]
Read = Callable[["Context"], Iterable[str]]


def attach(command: click.Command, path: tuple[str, ...] = ()) -> None:
    """Let each parameter of *command* and those below it that names something complete it."""
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            attach(each, (*path, name))
        return
    for parameter in command.params:
        names = _names_of(path, parameter.name or "")
        if names is not None:
            # Not the decorators' argument: each command would have to remember it.
            parameter.shell_complete = _completed(parameter, names)  # type: ignore[assignment]


def _names_of(path: tuple[str, ...], parameter: str) -> Names | None:
    for depth in range(len(path), -1, -1):
        if names := COMPLETED.get((" ".join(path[:depth]), parameter)):
            return names
    return None


def _completed(
    parameter: click.Parameter, names: Names
) -> Callable[[click.Context, str], list[CompletionItem]]:
    def complete(context: click.Context, incomplete: str) -> list[CompletionItem]:
        given = context.params.get(parameter.name or "")
        taken = given if isinstance(given, (list, tuple)) else ()
        found = list(_silent(lambda: names(context)))
        return [
            CompletionItem(name)
            for name in found
            if name.startswith(incomplete) and name not in taken
        ]

    return complete


def _silent(names: Callable[[], Iterable[str]]) -> Iterable[str]:
    # Any error: a traceback would end up in the line that is typed.
    with contextlib.suppress(Exception):
        return [*names()]
    return []


def _configured(*kinds: str) -> Names:
    """Return the names of the tables of *kinds* in instep.toml, which need not be valid."""

    def names(_: click.Context) -> Iterator[str]:
        path = Path(os.environ.get("INSTEP_CONFIG") or "instep.toml")
        written: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        for kind in kinds:
            section = written.get(kind)
            if isinstance(section, dict):
                yield from section

    return names


def _senders(_: click.Context) -> Iterable[str]:
    from service.senders import SENDERS

    return sorted(SENDERS)


def _pages(_: click.Context) -> Iterable[str]:
    from service.operate import documentation

    return documentation.pages()


def _stored(reader: Callable[[], Read]) -> Names:
    """
    Return what the *reader* finds in the store; nothing if it does not answer within `PATIENCE`.
    """

    def names(_: click.Context) -> Iterable[str]:
        found: list[str] = []

        def look() -> None:
            with contextlib.suppress(Exception):
                found.extend(islice(read(system), MOST))

        # Before the clock runs: imports are no answer of the store.
        read, system = reader(), _system()
        # A thread: the timeouts of a client count for each command, and not the look-up of a host.
        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        return [] if thread.is_alive() else found

    return names


def _system() -> Context:
    from workers.config.loader import load
    from workers.runtime import jobs

    return jobs.build(load(os.environ), timeout=PATIENCE, retries=0)


def _letters() -> Read:
    from workers.store import keys

    return lambda context: map(str, context.steps.client.zrevrange(keys.LETTERS, 0, MOST - 1))


def _groups() -> Read:
    return lambda context: (group.id for group in context.problems.read())


def _deliveries() -> Read:
    from service.operate.deliveries import list_deliveries

    return lambda context: (entry["id"] for entry in list_deliveries(context, limit=MOST).items)


def _deletes() -> Read:
    from service.operate.held_deletes import list_deletes

    return lambda context: (each["id"] for each in list_deletes(context, limit=MOST).items)


def _runs() -> Read:
    from workers.store.runs import Runs

    return lambda context: (run.id for run in Runs(context.steps).list(limit=MOST))


_COLLECTIONS: Final = _configured("collections")
_SOURCES: Final = _configured("sources")
# (command, or "" for all of them; parameter) → its names. The command that is named in full counts.
COMPLETED: Final[Mapping[tuple[str, str], Names]] = MappingProxyType(
    {
        ("", "collection"): _COLLECTIONS,
        ("", "source"): _SOURCES,
        ("", "destination"): _configured("destinations"),
        ("pause", "name"): _configured("destinations", "collections"),
        ("resume", "name"): _configured("destinations", "collections"),
        ("senders", "name"): _senders,
        ("init", "sender"): _senders,
        ("docs", "page"): _pages,
        ("dead", "id"): _stored(_letters),
        ("dead", "ids"): _stored(_letters),
        ("dead", "group"): _stored(_groups),
        ("deletes", "ids"): _stored(_deletes),
        ("deliveries", "id"): _stored(_deliveries),
        ("deliveries", "ids"): _stored(_deliveries),
        ("runs", "id"): _stored(_runs),
        ("undo", "run_id"): _stored(_runs),
    }
)
