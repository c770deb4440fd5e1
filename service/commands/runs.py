"""``instep runs``: what was begun by hand or by schedule, and how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, get_args

import click

from service.commands import run_page
from service.commands.output import as_json, printable
from service.commands.page import echo, width
from service.commands.session import joined, operator
from workers.model.runs import COMPARISONS, Bulk, State

_KINDS: Final = ("reconcile", "pull", "remap", "undo", *get_args(Bulk))


@click.group()
def runs() -> None:
    """List or show runs; approve or drop one that is held."""


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
    for line in run_page.listed(found):
        echo(line)


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
    for line in run_page.shown(found, width()):
        echo(line)


@runs.command()
@click.argument("id")
@click.option("--up-to", type=click.IntRange(0), metavar="K", help="At most K items of each kind.")
@click.option("--dry-run", is_flag=True, help="Show what it is for; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask; needed in a pipe.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def approve(id: str, up_to: int | None, dry_run: bool, yes: bool, json_wanted: bool) -> None:
    """
    Approve a held run: what it would create and overwrite, or what was proposed.

    Its deletes are in `instep deletes`.
    """
    from service.operate.held_runs import approve_run, shows_items

    yes = yes and not dry_run
    if not (yes or dry_run or _is_interactive()):
        raise click.UsageError("nothing was changed; add --yes to approve, or --dry-run to look")
    with joined() as context, _possible():
        found = approve_run(context, id, by=operator(), up_to=up_to, dry_run=not yes)
        if not (yes or dry_run):
            for line in run_page.approval(found, width()):
                click.echo(line, err=json_wanted)
            click.confirm("Approve these?", abort=True, err=json_wanted)
            found = approve_run(context, id, by=operator(), up_to=up_to)
        decided = _decided(found)
        run = context.runs.show(decided["run"])
        kind = run.kind if run else ""
        named = shows_items(context, decided)
    if json_wanted:
        as_json(found)
    else:
        _print_approval(found, dry_run)
    if not (dry_run or json_wanted):
        click.echo(_goes_on(decided, kind, named))
    if found["left"]:
        raise SystemExit(1)


def _print_approval(found: Mapping[str, Any], dry_run: bool) -> None:
    if dry_run:
        for line in run_page.approval(found, width()):
            click.echo(line)
    elif "proposal" in found:
        click.echo(f"Approved: {found['proposal']['kind']}, run {found['run']}")
    else:
        click.echo(f"Approved: {run_page.approved(found)}")


def _decided(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the approval that a proposal was for; else *found*."""
    would = found.get("proposal", {}).get("would", {})
    return would if would.get("run") else found


def _is_interactive() -> bool:
    return sys.stdin.isatty()


def _goes_on(found: Mapping[str, Any], kind: str, named: bool) -> str:
    if kind not in COMPARISONS:
        return "a worker goes on with it"
    goes = "the schedule goes on with it" if found["starts"] else "run the same reconcile again"
    if named:
        return f"{goes}; it does what was shown, as far as that is still the same"
    return f"{goes}; it may do as much beyond the guard, of whichever items: too many to keep"


@runs.command()
@click.argument("id")
@click.option("--dry-run", is_flag=True, help="Only look whether it is held.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def drop(id: str, dry_run: bool, json_wanted: bool) -> None:
    """End a held run without what it is held for."""
    from service.operate.held_runs import drop_run

    with joined() as context, _possible():
        found = drop_run(context, id, by=operator(), dry_run=dry_run)
    if json_wanted:
        as_json(found)
    elif not dry_run:
        click.echo(f"Dropped: {found['run']}")


@contextmanager
def _possible() -> Iterator[None]:
    """Exit 1 if there is no such run, or it is not held."""
    from workers.errors import RequestRefused

    try:
        yield
    except RequestRefused as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
