"""``instep dead``: list, show, replay, discard and export dead letters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TextIO

import click

from service.commands import dead_page
from service.commands.output import as_json, printable
from service.commands.page import echo, width
from service.commands.remap import Since
from service.commands.session import joined, operator

if TYPE_CHECKING:
    from service.operate.bulk_actions import Change
    from service.operate.selection import Selection
    from workers.delivery.context import Context
    from workers.model.runs import Run

KINDS = ("refused", "exhausted", "unmapped", "missing", "not-applied", "writeback")
STATES = ("open", "seen", "ignored")


@click.group()
def dead() -> None:
    """List, show, replay, discard or export dead letters."""


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--since", type=Since(), help="Only those since: 30m, 2h, 3d, or a time."),
        click.option("--source", help="Only of this source."),
        click.option("--collection", help="Only of this collection."),
        click.option("--kind", type=click.Choice(KINDS), help="Only of this kind."),
        click.option("--group", help="Only those of this problem."),
    ):
        command = option(command)
    return command


@dead.command("list")
@filters
@click.option("--all", "closed_too", is_flag=True, help="List letters, also the closed ones.")
@click.option("--state", type=click.Choice(STATES), help="Only problems that are marked so.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the letters as JSON.")
def list_(
    closed_too: bool, state: str | None, limit: int | None, json_wanted: bool, **chosen: Any
) -> None:
    """List the problems. With --group, list the dead letters of one."""
    from service.operate import problems

    if state and (closed_too or json_wanted or chosen["group"]):
        raise click.UsageError("--state is of problems: leave out --all, --group and --json")
    with joined() as context, _known_group():
        selection = _selection(context, **chosen)
        if json_wanted or closed_too or selection.group:
            letters = problems.letters_of(context, selection, closed_too=closed_too)
            found = dead_page.first(letters, limit)
            group = problems.show_problem(context, selection.group) if selection.group else None
            left = ignored = 0
        else:
            found, left, ignored = _problems(context, selection, state, limit)
            group = None
    if json_wanted:
        as_json(found)
    elif closed_too or selection.group:
        _print(dead_page.letters(found, group, width()))
    else:
        _print(dead_page.problems(found, left, ignored))


def _problems(
    context: Context, selection: Selection, state: str | None, limit: int | None
) -> tuple[list[dict[str, Any]], int, int]:
    """Return the problems, how many more there are, and how many are ignored."""
    from service.operate.problems import list_problems

    context.problems.group(context.letters.count())
    page = list_problems(
        context,
        state=state,
        kind=selection.kind,
        source=selection.source,
        collection=selection.collection,
        since=selection.since,
        limit=sys.maxsize,
    )
    shown = page.items[:limit]
    ignored = 0 if state else len(context.problems.ignored())
    return shown, len(page.items) - len(shown), ignored


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        echo(line)


def _selection(
    context: Context, since: timedelta | datetime | None, ids: tuple[str, ...] = (), **chosen: Any
) -> Selection:
    from service.operate.selection import Selection

    if isinstance(since, timedelta):
        since = context.runs.now() - since
    return Selection(ids=ids, since=since, **chosen)


@contextmanager
def _known_group() -> Iterator[None]:
    """Exit 1 if the named group has no open letters, 2 if a filter is wrong."""
    from service.operate.page import FilterInvalid
    from service.operate.selection import UnknownGroup

    try:
        yield
    except FilterInvalid as error:
        raise click.UsageError(str(error)) from None
    except UnknownGroup as error:
        click.echo(f"there is no problem {error} with open dead letters", err=True)
        raise SystemExit(1) from None


@dead.command()
@click.argument("id")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def show(id: str, json_wanted: bool) -> None:
    """Show a dead letter or a problem, and what to do. ID is the id of either."""
    from service.operate import problems

    with joined() as context:
        found = problems.show_letter(context, id)
        group = problems.show_problem(context, id) if found is None else None
    if found is None and group is None:
        click.echo(f"there is no dead letter {id}", err=True)
        raise SystemExit(1)
    if json_wanted:
        as_json(found or group)
        return
    _print(dead_page.letter(found, width()) if found else dead_page.problem(group or {}, width()))


def chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON."),
        click.option("--yes", is_flag=True, help="Do not ask; needed in a pipe."),
        click.option("--dry-run", is_flag=True, help="Show what it is for; change nothing."),
        filters,
        click.option("--all", "every", is_flag=True, help="All open ones."),
        click.argument("ids", nargs=-1),
    ):
        command = option(command)
    return command


@dead.command()
@chosen
def replay(ids: tuple[str, ...], **options: Any) -> None:
    """Send dead letters again. Give their IDS, --group, or --all with or without filters."""
    _act("replay", ids, **options)


@dead.command()
@chosen
def discard(ids: tuple[str, ...], **options: Any) -> None:
    """Drop dead letters for good. Give their IDS, --group, or --all with or without filters."""
    _act("discard", ids, **options)


def _act(
    action: Change,
    ids: tuple[str, ...],
    *,
    every: bool,
    dry_run: bool,
    yes: bool,
    json_wanted: bool,
    **chosen: Any,
) -> None:
    from service.operate.bulk_actions import estimate

    _check_choice(ids, every, chosen)
    # One letter that is replayed harms nothing: a newer value stands.
    asks = action == "discard" or len(set(ids)) != 1
    if asks and not (yes or dry_run or _is_interactive()):
        raise click.UsageError(f"nothing was changed; add --yes to {action}, or --dry-run to look")
    with joined() as context, _known_group():
        selection = _selection(context, ids=ids, **chosen)
        if dry_run or (asks and not yes):
            found = estimate(context, action, selection)
            if json_wanted and dry_run:
                as_json(found)
            else:
                _print(dead_page.estimate(found, width()))
            _end_if_nothing(found["letters"], selection)
            if dry_run or not found["letters"]:
                return
            click.confirm(f"{action.capitalize()} these?", abort=True, err=json_wanted)
        run = _carry_out(context, action, selection)
    _report(run, selection, json_wanted)


def _check_choice(ids: tuple[str, ...], every: bool, chosen: dict[str, Any]) -> None:
    named = [name for name, value in chosen.items() if value is not None]
    if ids and named:
        others = f"--{named[0]} needs --all" if named[0] != "group" else "leave out --group"
        raise click.UsageError(f"found ids and --{named[0]}: {others}")
    if sum((bool(ids), every, chosen["group"] is not None)) != 1:
        raise click.UsageError("give the ids of dead letters, --group, or --all")


def _is_interactive() -> bool:
    return sys.stdin.isatty()


def _carry_out(context: Context, action: Change, selection: Selection) -> Run:
    from service.operate.bulk_actions import start
    from service.operate.bulk_runner import BulkRunner
    from service.reconcile.progress import Progress

    id = start(context, action, selection, operator(), approved=True, wake=False)
    with Progress(f"{action}ing", unit="letters") as bar:
        runner = BulkRunner(context)
        try:
            return runner.carry_out(
                id, bar.at, lambda letter, why: bar.say(f"{letter}: {printable(why)}")
            )
        except KeyboardInterrupt:
            context.runs.finish(id, "stopped", reason="interrupted")
            raise


def _end_if_nothing(letters: int, selection: Selection) -> None:
    """Exit 1 if nothing matched what was named."""
    if not letters and (selection.ids or selection.filters):
        click.echo("no open dead letter matches", err=True)
        raise SystemExit(1)


def _report(run: Run, selection: Selection, json_wanted: bool) -> None:
    word = {"replay": "replayed", "discard": "discarded"}[run.kind]
    if json_wanted:
        as_json(run.as_dict())
    else:
        click.echo(f"{word.capitalize()}: {run.figures[word]}")
    _end_if_nothing(run.figures["letters"], selection)
    if run.figures["left"] or run.state != "done":
        raise SystemExit(1)


@dead.command()
@filters
@click.option("--output", type=click.File("w", lazy=True), default="-", help="Instead of stdout.")
def export(output: TextIO, **chosen: Any) -> None:
    """Print the open dead letters as JSON lines. With the bodies that are kept."""
    from service.operate.json_text import json_text
    from service.operate.problems import export_letters

    with joined() as context, _known_group():
        for letter in export_letters(context, _selection(context, **chosen)):
            output.write(json_text(letter) + "\n")
