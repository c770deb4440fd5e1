"""``instep runs``: what was begun by hand or by schedule, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import click

from service.commands.dead_page import lines, local
from service.commands.output import as_json, number, printable
from service.commands.page import echo, width, wrapped
from service.commands.session import joined
from workers.store.runs import Bulk, State

_KINDS: Final = ("reconcile", "remap", "undo", *get_args(Bulk))
_ALL: Final = {"deliveries": ("delivery", "deliveries"), "letters": ("letter", "letters")}
_FIGURES: Final = {
    "groups": ("problem marked", "problems marked"),
    "replayed": ("replayed", "replayed"),
    "discarded": ("discarded", "discarded"),
    "closed": ("closed before", "closed before"),
    "left": ("left", "left"),
    "events": ("event", "events"),
    "taken": ("value accepted", "values accepted"),
    "same": ("value unchanged", "values unchanged"),
    "stale": ("value older than the current one", "values older than the current ones"),
    "unwanted": ("event that no mapping uses", "events that no mapping uses"),
    "repeats": ("repeated event", "repeated events"),
    "not_fetched": ("notice not fetched again", "notices not fetched again"),
    "letters": ("dead letter closed", "dead letters closed"),
    "unmapped": ("event not mapped", "events not mapped"),
}


@click.group()
def runs() -> None:
    """List or show runs."""


@runs.command("list")
@click.option("--kind", type=click.Choice(_KINDS), help="Only of this kind.")
@click.option("--state", type=click.Choice(get_args(State)), help="Only in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def list_(kind: str | None, state: str | None, limit: int, json_wanted: bool) -> None:
    """List the runs, newest first."""
    with joined() as context:
        found = [run.as_dict() for run in context.runs.list(kind=kind, state=state, limit=limit)]
    if json_wanted:
        as_json(found)
        return
    for line in _listed(found):
        echo(line)


def _listed(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "Runs: none"
        return
    yield "Runs:"
    heads = [("id", "kind", "of", "state", "started")]
    heads += [
        (run["id"], run["kind"], _of(run), run["state"], local(run["started"], seconds=False))
        for run in found
    ]
    yield from lines(heads, ["figures", *(_figures(run["figures"]) for run in found)])


def _of(run: Mapping[str, Any]) -> str:
    return run["collection"] or run["source"] or ""


def _figures(figures: Mapping[str, Any]) -> str:
    """Return the figures of a run in words; the first tell how much is done."""
    of = next((name for name in _ALL if name in figures), None)
    told = [f"{figures.get('done', 0):,} of {number(figures[of], *_ALL[of])}"] if of else []
    for name, value in figures.items():
        if value and isinstance(value, int) and name not in {"done", "matched", of}:
            known = _FIGURES.get(name)
            words = f"{name.replace('_', ' ')} {value:,}"
            told.append(number(value, *known) if known else words)
    return ", ".join(told)


@runs.command()
@click.argument("id")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def show(id: str, json_wanted: bool) -> None:
    """Show one run."""
    with joined() as context:
        run = context.runs.show(id)
    if run is None:
        click.echo(f"there is no run {printable(id)}", err=True)
        raise SystemExit(1)
    found = run.as_dict()
    if json_wanted:
        as_json(found)
        return
    for line in _shown(found, width()):
        echo(line)


def _shown(found: Mapping[str, Any], columns: int) -> Iterator[str]:
    rows = {
        "run": f"{found['id']}: {found['kind']}, {found['state']}",
        "by": found["by"],
        "collection": found["collection"],
        "source": found["source"],
        "started": local(found["started"]),
        "ended": local(found["ended"]) if found["ended"] else None,
        "figures": _figures(found["figures"]),
        "reason": found["reason"],
    }
    for name, value in rows.items():
        if value:
            yield from wrapped(value, columns, first=f"{name}:".ljust(12))
    for reason, count in found["figures"].get("reasons", {}).items():
        yield from wrapped(f"{count} left: {reason}", columns, first=" " * 4)
