"""``instep reconcile``: a snapshot of the source against the outbox and the CMS."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from service.commands.output import as_json, printable
from service.commands.session import operator

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.reconcile.apply.guard_counts import GuardQuestion
    from service.reconcile.runner import RunResult


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    from service.reconcile.snapshot import snapshot_time

    return None if value is None else snapshot_time.given(value, now=datetime.now(UTC))


@click.command()
@click.argument("collection")
@click.argument("file", required=False, type=click.Path())
@click.option(
    "--sql", nargs=2, metavar="URL QUERY", help="Read the rows of this query instead of a file."
)
@click.option("--pull", metavar="NAME", help="Read the source [pulls.NAME] of instep.toml.")
@click.option("--format", "form", help="csv, json or jsonl. Default: by the file name.")
@click.option("--under", help="Path to put each record under, for example data.")
@click.option("--list", "list_", help="Path to the list of records in a JSON file.")
@click.option("--delimiter", help="Delimiter of a CSV file. Default: detected in its header.")
@click.option(
    "--encoding", help="Text encoding of the file, for example windows-1252. Default: UTF-8."
)
@click.option("--source", help="Source of the snapshot. Needed if several write the collection.")
@click.option("--topic", help="Use only the mappings for this topic.")
@click.option("--as-of", callback=_moment, metavar="TIME", help="Time at which the export began.")
@click.option(
    "--partial",
    is_flag=True,
    help="The snapshot is incomplete: retire no items that are missing from it.",
)
@click.option("--check", is_flag=True, help="Only compare. Exit code 1 if anything differs.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show what would be sent and how many API calls it takes; change nothing.",
)
@click.option(
    "--retire-up-to", type=click.IntRange(0), metavar="K", help="Allow up to K items to be retired."
)
@click.option(
    "--create-up-to", type=click.IntRange(0), metavar="K", help="Allow up to K items to be created."
)
@click.option(
    "--overwrite-up-to",
    type=click.IntRange(0),
    metavar="K",
    help="Allow up to K items to be overwritten.",
)
@click.option(
    "--no-wait",
    is_flag=True,
    help="Do not wait for the CMS to answer. Exit code 1 if there was anything to send.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    metavar="LINES",
    help="Maximum number of differences to print.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
@click.option("--scheduled", is_flag=True, hidden=True)
def reconcile(
    collection: str, json_wanted: bool, limit: int, pull: str | None, **options: Any
) -> None:
    """
    Compare COLLECTION with a snapshot, and repair the differences.

    FILE may be - for standard input. Without FILE, --sql and --pull, the snapshot is the one that
    instep.toml names.
    """
    from service.config.build import of_process
    from service.reconcile import runner
    from service.reconcile.options import ReconcileOptions

    configuration = of_process()
    if collection not in configuration.settings.collections:
        names = ", ".join(sorted(configuration.settings.collections)) or "none"
        raise click.UsageError(f"found {collection!r}, expected a collection: {names}")
    wanted = ReconcileOptions(collection=collection, **options)
    approve = _approve if sys.stdin.isatty() and sys.stderr.isatty() else None
    stdin = sys.stdin.buffer
    by = "schedule" if wanted.scheduled else operator()
    run: Any = partial(runner.reconciled, configuration, wanted, stdin=stdin)
    if pull is not None:
        run = partial(_pulling(configuration, pull, options), configuration, pull, wanted)
    with run(approve=approve, by=by) as outcome:
        if json_wanted:
            as_json(outcome.document())
        else:
            _print(outcome, limit)
        code = outcome.code
    raise SystemExit(code)


def _pulling(configuration: Configuration, pull: str, options: dict[str, Any]) -> Any:
    """Return what reconciles with a pull; raises UsageError where *options* name another source."""
    from service.pulls import runner

    if pull not in configuration.settings.pulls:
        names = ", ".join(sorted(configuration.settings.pulls)) or "none"
        raise click.UsageError(f"found --pull {pull!r}, expected a pull of instep.toml: {names}")
    given = [name for name in _OF_FILES if options.get(name) is not None]
    if given:
        raise click.UsageError(f"found --pull beside {_OF_FILES[given[0]]}, expected one of them")
    return runner.reconciled


_OF_FILES = {
    "file": "FILE",
    "sql": "--sql",
    "form": "--format",
    "under": "--under",
    "list_": "--list",
    "delimiter": "--delimiter",
    "encoding": "--encoding",
    "source": "--source",
    "as_of": "--as-of",
}
_SIDES = {"source": "source", "outbox": "Instep", "cms": "CMS"}  # as users call them
_DO = {"created": "Create", "overwritten": "Overwrite", "retired": "Retire"}


def _approve(asked: GuardQuestion) -> bool:
    """Show the items in question, then ask."""
    for line in asked.lines:
        click.echo(f"  {printable(line)}", err=True)
    if asked.more:
        click.echo(f"  and {asked.more:,} more", err=True)
    return click.confirm(f"{asked.words}. {_DO[asked.kind]} them?", default=False, err=True)


def _print(outcome: RunResult, limit: int) -> None:
    for each in islice(outcome.entries(), limit):
        click.echo(difference_line(each))
    total = outcome.figures["found"]
    if total > limit:
        click.echo(f"{limit} of {total} shown; --limit LINES shows more, --json all of them")
    for line in outcome.lines():
        click.echo(printable(line))


def difference_line(each: dict[str, Any]) -> str:
    where = " ".join(
        printable(part) for part in (each["key"] or each["item"], each["field"]) if part
    )
    values = ""
    if each["field"]:
        values = ": " + ", ".join(
            f"{word} {printable(each[side])}" for side, word in _SIDES.items()
        )
    done = each["outcome"] or each["action"]
    held = done == "withheld"  # printed once for all of them, below
    why = f" ({printable(each['why'])})" if each["why"] and not held else ""
    return f"{each['cause']}: {where}{values} → {done}{why}"
