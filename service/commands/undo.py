"""``instep undo``: put back what items held before, and Instep has written over."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from service.commands import undo_page
from service.commands.output import as_json, printable
from service.commands.page import echo, width
from service.commands.remap import Since
from service.commands.session import joined, operator

if TYPE_CHECKING:
    from service.operate.undo_scope import UndoSelection
    from workers.delivery.context import Context
    from workers.model.runs import Run

NAMED: Final = 100  # fields that are left; the figures count the others


@click.command()
@click.argument("collection", required=False)
@click.argument("key", required=False)
@click.option("--run", "run_id", help="All that this run has written.")
@click.option("--source", help="All that was written of values of this source since --since.")
@click.option("--since", type=Since(), help="Only what was written since: 30m, 2h, 3d, or a time.")
@click.option("--dry-run", is_flag=True, help="Show what would be put back; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask; needed in a pipe.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def undo(
    collection: str | None,
    key: str | None,
    run_id: str | None,
    source: str | None,
    since: timedelta | datetime | None,
    dry_run: bool,
    yes: bool,
    json_wanted: bool,
) -> None:
    """
    Put back what items held before. Give --run, --source with --since, or COLLECTION and KEY.

    What has been changed since, by a later event, another run or in the CMS, is left.
    """
    from service.operate.page import FilterInvalid
    from service.operate.undo_scope import UndoSelection

    _check_choice(collection, key, run_id, source, since)
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError("nothing was changed; add --yes to undo, or --dry-run to look")
    selection = UndoSelection(run_id, source, since, collection, key)
    try:
        with joined() as context:
            _check_run(context, run_id)
            run = _undo(context, selection, dry_run, yes, json_wanted)
    except FilterInvalid as error:
        raise click.UsageError(str(error)) from None
    if json_wanted:
        as_json(run.as_dict())
    else:
        for line in undo_page.done(run, width()):
            echo(line)
    matched = run.figures["records"] or run.figures["deletes_dropped"]
    if not matched or run.figures["left"] or run.state != "done":
        raise SystemExit(1)


def _check_choice(
    collection: str | None,
    key: str | None,
    run_id: str | None,
    source: str | None,
    since: timedelta | datetime | None,
) -> None:
    if sum((collection is not None, run_id is not None, source is not None)) != 1:
        raise click.UsageError("give --run, --source with --since, or COLLECTION and KEY")
    if collection is not None and key is None:
        raise click.UsageError("give the KEY of the record, too")
    if source is not None and since is None:
        raise click.UsageError("--source needs --since")
    if run_id is not None and since is not None:
        raise click.UsageError("--since goes with --source, or with COLLECTION and KEY")


def _check_run(context: Context, id: str | None) -> None:
    """Exit 1 if there is no such run, and nothing is kept of one that was listed once."""
    from workers.store.undo_log import UndoLog

    if id is None or context.runs.show(id) is not None:
        return
    if next(iter(UndoLog(context.steps).of_run(id)), None) is None:
        click.echo(f"there is no run {id}", err=True)
        raise SystemExit(1)


def _undo(
    context: Context, selection: UndoSelection, dry_run: bool, yes: bool, json_wanted: bool
) -> Run:
    from service.operate import undo as undoing
    from service.reconcile.progress import Progress

    if dry_run or not yes:
        with Progress("comparing", unit="records") as bar:
            found = undoing.estimate(context, selection, told=bar.at)
        if json_wanted and dry_run:
            as_json(found)
        else:
            for line in undo_page.estimate(found, width()):
                click.echo(line, err=json_wanted)
        matched = found["fields"] or found["deletes_dropped"]
        if dry_run or not matched:
            raise SystemExit(1 if found["left"] or not matched else 0)
        click.confirm("Put these back?", abort=True, err=json_wanted)
    id = undoing.start(context, selection, operator(), approved=True, wake=False)
    named = 0
    with Progress("putting back", unit="records") as bar:

        def left(field: str, why: str) -> None:
            nonlocal named
            named += 1
            if named <= NAMED:
                bar.say(f"{printable(field)}: {why}")

        try:
            return undoing.carry_out(context, id, bar.at, left)
        except KeyboardInterrupt:
            context.runs.finish(id, "stopped", reason="interrupted")
            raise
