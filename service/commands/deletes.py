"""``instep deletes``: list, approve and drop pending deletes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from service.commands import deletes_page
from service.commands.output import as_json, printable
from service.commands.page import width
from service.commands.session import joined, operator

if TYPE_CHECKING:
    from service.operate.held_delete_choice import ChosenDeletes
    from service.operate.held_deletes import Action
    from workers.delivery.context import Context
    from workers.model.runs import Run


@click.group()
def deletes() -> None:
    """List, approve or drop deletes that wait for approval."""


@deletes.command("list")
@click.option("--collection", help="Only of this collection.")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the oldest.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def list_(collection: str | None, limit: int | None, json_wanted: bool) -> None:
    """List the pending deletes, oldest first. Exit code 1 if some wait for approval."""
    from service.operate.held_deletes import APPROVAL, count_held, list_deletes

    with joined() as context, _known_names():
        page = list_deletes(context, collection=collection, limit=limit or sys.maxsize - 1)
        held = count_held(context)
    if json_wanted:
        as_json(page.items)
    else:
        _print(deletes_page.listed(page.items, width(), more=page.next is not None))
    named = any(each["waits"] == APPROVAL for each in page.items)
    if named or (page.next and (held if collection is None else held.get(collection))):
        raise SystemExit(1)


@contextmanager
def _known_names() -> Iterator[None]:
    """Exit 2 if a filter is wrong."""
    from service.operate.page import FilterInvalid

    try:
        yield
    except FilterInvalid as error:
        raise click.UsageError(str(error)) from None


def chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON."),
        click.option("--yes", is_flag=True, help="Do not ask; needed in a pipe."),
        click.option("--dry-run", is_flag=True, help="Show what it is for; change nothing."),
        click.option(
            "--up-to", type=click.IntRange(0), metavar="K", help="At most K, the oldest first."
        ),
        click.option("--collection", help="Only of this collection."),
        click.argument("ids", nargs=-1),
    ):
        command = option(command)
    return command


@deletes.command()
@chosen
def approve(ids: tuple[str, ...], **options: Any) -> None:
    """Send pending deletes. Give their IDS, or none for all that wait for approval."""
    _act("approve", ids, **options)


@deletes.command()
@chosen
def drop(ids: tuple[str, ...], **options: Any) -> None:
    """Drop pending deletes: their items stay. Give their IDS, or none for all that wait."""
    _act("drop", ids, **options)


def _act(
    action: Action,
    ids: tuple[str, ...],
    *,
    collection: str | None,
    up_to: int | None,
    dry_run: bool,
    yes: bool,
    json_wanted: bool,
) -> None:
    from service.operate.held_delete_choice import DeleteSelection, choose
    from service.operate.held_deletes import estimate

    _check_choice(action, ids, filters=(collection, up_to), asks=not (yes or dry_run))
    named = bool(ids or collection)
    with joined() as context, _known_names():
        found = choose(context, DeleteSelection(collection, ids, up_to))
        if dry_run or not yes:
            told = estimate(context, action, found)
            if json_wanted and dry_run:
                as_json(told)
            else:
                _print(deletes_page.estimate(told, width()), err=json_wanted)
            if dry_run or not found.deletes:
                _end_if_left(found, named=named)
                return
            click.confirm(deletes_page.QUESTION[action], abort=True, err=json_wanted)
        run = _carry_out(context, action, found)
    _report(run, json_wanted)
    _end_if_left(found, named=named)
    if run.figures["left"] or run.state != "done":
        raise SystemExit(1)


def _check_choice(
    action: Action, ids: tuple[str, ...], *, filters: tuple[object, ...], asks: bool
) -> None:
    if ids and any(each is not None for each in filters):
        raise click.UsageError("give ids, or --collection and --up-to: found both")
    if asks and not _is_interactive():
        raise click.UsageError(f"nothing was changed; add --yes to {action}, or --dry-run to look")


def _print(lines: Iterator[str], *, err: bool = False) -> None:
    for line in lines:
        click.echo(line, err=err)


def _report(run: Run, json_wanted: bool) -> None:
    if json_wanted:
        as_json(run.as_dict())
    else:
        _print(deletes_page.report(run, width()))


def _is_interactive() -> bool:
    return sys.stdin.isatty()


def _end_if_left(found: ChosenDeletes, *, named: bool) -> None:
    """Exit 1 if something is left, or nothing matched what was named."""
    if found.left or found.unknown:
        raise SystemExit(1)
    if named and not found.deletes:
        click.echo("no pending delete matches", err=True)
        raise SystemExit(1)


def _carry_out(context: Context, action: Action, found: ChosenDeletes) -> Run:
    from service.operate.bulk_runner import BulkRunner
    from service.operate.held_deletes import start
    from service.reconcile.progress import Progress

    id = start(context, action, found, operator(), wake=False)
    with Progress(deletes_page.DOING[action], unit="deletes") as bar:
        try:
            return BulkRunner(context).carry_out(
                id, bar.at, lambda delete, why: bar.say(f"{delete}: {printable(why)}")
            )
        except KeyboardInterrupt:
            context.runs.finish(id, "stopped", reason="interrupted")
            raise
