"""``instep remap``: map stored deliveries again with the current mappings."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from service.commands.output import as_json, number, printable, table
from service.commands.page import width, wrapped
from service.commands.session import joined, operator

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.ingest.remap import Remap
    from workers.delivery.context import Context
    from workers.store.delivery_log import Kept, Window
    from workers.store.own_runs import OwnRun

SHOWN: Final = 20  # fields in a table
_UNITS: Final = {"m": 1.0, "h": 60.0, "d": 1440.0}  # in minutes
_EXPECTED: Final = "30m, 2h or 3d, or a time such as 2026-05-12T09:30:00+02:00"


class Since(click.ParamType["timedelta | datetime"]):
    """A duration before now, or a time with its offset."""

    name = "since"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | datetime:
        try:
            found = _since(value)
        except (ValueError, OverflowError):
            found = None
        if found is None:
            self.fail(f"found {value!r}, expected {_EXPECTED}", param, ctx)
        return found


def _since(value: str) -> timedelta | datetime | None:
    if found := re.fullmatch(r"([0-9]{1,6})([mhd])", value):
        ago = timedelta(minutes=int(found[1]) * _UNITS[found[2]])
        _ = datetime.now(UTC) - ago  # before the year 1 there is no time
        return ago
    moment = datetime.fromisoformat(value)
    return None if moment.tzinfo is None else moment.astimezone(UTC)


@click.command()
@click.argument("source")
@click.option("--since", required=True, type=Since(), help=f"Start of the period: {_EXPECTED}.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before applying the changes.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def remap(
    source: str, since: timedelta | datetime, dry_run: bool, yes: bool, json_wanted: bool
) -> None:
    """Map stored deliveries of SOURCE again. Shows first what the current mappings change."""
    from service.config.build import of_process
    from service.operate.remap_figures import run_figures
    from workers.store.audit import Audit
    from workers.store.delivery_log import Kept
    from workers.store.outbox import Outbox
    from workers.store.own_runs import own_run

    configuration = of_process()
    if source not in configuration.senders:
        names = ", ".join(sorted(configuration.senders)) or "none"
        raise click.BadParameter(f"found {source!r}, expected a source of instep.toml ({names})")
    with joined() as context:
        # Of the whole configuration: the senders set how long ids are remembered.
        kept = Kept(Outbox(context.steps, configuration.settings))
        window = kept.window(source)
        start = _start(source, since, window)
        result: dict[str, Any] = {"source": source, "since": start.isoformat()}

        def apply(run: OwnRun | None) -> dict[str, Any]:
            made = _remap(configuration, context, kept, source, run.id if run else None)
            return _run(context, made, start, window.last, run)

        result["dry_run"] = apply(None)
        if not json_wanted:
            show_figures(result["dry_run"], dry=True)
        if not _confirmed(result, dry_run=dry_run, yes=yes, json_wanted=json_wanted):
            return
        with own_run(context.runs, "remap", operator(), source=source) as run:
            done = result["done"] = apply(run)
            run.end(figures=run_figures(done))
        result["run"] = run.id
        told = {"fields": done["taken"], "items": done["items"], "letters": done["letters"]}
        told |= {"run": run.id}
        Audit(context.steps).record(operator(), "remap", source, since=result["since"], **told)
    if json_wanted:
        as_json(result)
    else:
        show_figures(result["done"], dry=False)
        click.echo(f"Run {run.id}; take it back with: `instep undo --run {run.id}`")


def _start(source: str, since: timedelta | datetime, window: Window) -> datetime:
    """Return the start of the run if all deliveries since are stored; else end the command."""
    start = window.now - since if isinstance(since, timedelta) else since
    words = ""
    if start > window.now:
        words = f"{start.isoformat()} is in the future"
    elif window.since is None:
        words = f"no deliveries of {source} are stored; see `keep_hours` of [sources.{source}]"
    elif window.fell and start <= window.fell:
        words = (
            f"deliveries of {source} are stored since {window.since.isoformat()}, not since "
            f"{start.isoformat()}: use a later time, as in --since {window.since.isoformat()} "
            f"(see `keep_hours` and `keep_mb` of [sources.{source}])"
        )
    if words:
        click.echo(words, err=True)
        raise SystemExit(1)
    return start


def _remap(
    configuration: Configuration, context: Context, kept: Kept, source: str, run: str | None
) -> Remap:
    from service.ingest.event_mapper import Reader
    from service.ingest.remap import Remap

    collections = configuration.settings.collections
    reader = Reader(configuration.senders, configuration.mappings, collections)
    return Remap(kept, reader, source, dry=run is None, wake=context.wakes.wake, run=run)


def _run(
    context: Context, made: Remap, start: datetime, last: int, run: OwnRun | None
) -> dict[str, Any]:
    from service.operate.remap_figures import figures_of, figures_so_far
    from service.operate.remap_mass import mass_of_dry
    from service.reconcile.progress import Progress

    with Progress("comparing" if made.dry else "applying") as bar:

        def told(done: int, total: int) -> None:
            bar.at(done, total)
            if run is not None:
                run.progress({**figures_so_far(made), "deliveries_of": total})

        made.run(start, last, told)
    found = figures_of([made])
    if made.dry:
        found["held"] = mass_of_dry(context, [made]).why
    made.diff.close()
    return found


def _confirmed(result: dict[str, Any], *, dry_run: bool, yes: bool, json_wanted: bool) -> bool:
    """Return whether to apply the changes; exits if that needs a confirmation."""
    found = result["dry_run"]
    needed = bool(found["taken"] or found["letters"])
    if needed and not dry_run:
        if yes:
            return True
        if _is_interactive() and not json_wanted:
            return click.confirm("Apply these changes?", abort=True)
    if json_wanted:
        as_json(result | {"done": None, "run": None})
    elif not needed:
        click.echo("Nothing to do.")
    if needed and not dry_run:
        click.echo("nothing was changed; add --yes to apply the changes", err=True)
        raise SystemExit(2)
    return False


def _is_interactive() -> bool:
    return sys.stdin.isatty()


def _show_mass(held: dict[str, str]) -> None:
    for words in held.values():
        for line in wrapped(f"Many: {words}", width()):
            click.echo(line)


WORDS: Final = (
    ("deliveries", "deliveries"),
    ("events", "events in them"),
    ("taken", "field values accepted"),
    ("same", "field values unchanged"),
    ("stale", "field values older than the current ones"),
    ("undone", "field values that were undone, and stay so"),
    ("unwanted", "events that no mapping uses"),
    ("repeats", "repeated events"),
    ("not_fetched", "objects named by notices: mapped as fetched then, not fetched again"),
    ("unreadable", "deliveries that cannot be unpacked"),
    ("letters", "dead letters closed"),
)


def show_figures(found: dict[str, Any], *, dry: bool) -> None:
    """Print what a remap or a replay did, or with *dry* what it would do."""
    if dry:
        columns = ("collection", "record", "field", "old", "new")
        rows = [tuple(each[column] for column in columns) for each in found["changes"][:SHOWN]]
        table("Would change", columns, rows)
        if found["changed"] > SHOWN:
            click.echo(f"  and {found['changed'] - SHOWN:,} more")
        _show_mass(found["held"])
    would = "would change" if dry else "changed"
    fields, items = number(found["changed"], "field"), number(found["items"], "item")
    click.echo(f"{fields} of {items} {would}")
    for name, words in WORDS:
        if found[name]:
            click.echo(f"{found[name]:9,}  {words}")
    for each in found["problems"]:
        problem = f"{each['path']}: {each['message']}"
        click.echo(f"{each['events']:9,}  events cannot be mapped: {printable(problem)}")
    if dry:
        click.echo("If you changed mappings.py, run `instep reload` first: until then new")
        click.echo("deliveries are mapped as before.")
