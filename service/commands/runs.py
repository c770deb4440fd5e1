"""``instep runs``: what was begun by hand or by schedule, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import click

from service.commands.dead_page import lines, local
from service.commands.output import as_json, printable
from service.commands.page import echo, width, wrapped
from service.commands.session import joined
from workers.store.runs import Kind, State


@click.group()
def runs() -> None:
    """List or show runs."""


@runs.command("list")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="Only of this kind.")
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
    numbers = {name: value for name, value in figures.items() if value and name != "reasons"}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())


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
