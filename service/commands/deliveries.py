"""``instep deliveries``: list, show and replay what came."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from service.commands.delivery_page import show_line, show_page, wrapped
from service.commands.output import as_json, printable
from service.commands.remap import WORDS, Since, show_figures
from service.commands.session import joined, operator

OUTCOMES: Final = ("kept", "duplicate", "unwanted", "unmapped", "refused", "spooled")
_SINCE: Final = "Only those since then: 30m, 2h or 3d, or a time with its offset."


@click.group()
def deliveries() -> None:
    """List, show or replay deliveries."""


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--since", type=Since(), help=_SINCE),
        click.option("--key", help="Only those about the record with this key."),
        click.option("--outcome", type=click.Choice(OUTCOMES), help="Only those that ended so."),
        click.option("--source", help="Only those of this source."),
    ):
        command = option(command)
    return command


@deliveries.command("list")
@filters
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def list_(limit: int, json_wanted: bool, **chosen: Any) -> None:
    """List the deliveries, newest first."""
    from service.operate.deliveries import unlisted_refusals
    from service.operate.page import FilterInvalid

    waiting = chosen["outcome"] == "spooled"  # what is asked for while the store is away
    with joined(needs_store=not waiting) as context:
        try:
            items = _listed(context, limit + 1, chosen)
            unlisted = {} if waiting else unlisted_refusals(context)
        except FilterInvalid as error:
            raise click.UsageError(str(error)) from None
    if json_wanted:
        as_json(items[:limit])
        return
    if not items:
        click.echo("Deliveries: none")
    for each in items[:limit]:
        show_line(each)
    if len(items) > limit:
        click.echo(f"There are older ones: use --limit {2 * limit}, or a filter.")
    for source, times in unlisted.items():
        click.echo(f"{times:,} refused requests of {source} are in no entry: there were too many.")


def _listed(context: Any, limit: int, chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the newest *limit* deliveries, however long that takes."""
    from service.operate.deliveries import list_deliveries
    from service.reconcile.progress import Progress

    items: list[dict[str, Any]] = []
    cursor, looked = None, 0
    with Progress("looking", unit="deliveries") as bar:

        def told(more: int) -> None:
            nonlocal looked
            looked += more
            bar.at(looked)

        while True:
            page = list_deliveries(
                context, cursor=cursor, limit=limit - len(items), told=told, **chosen
            )
            items += page.items
            cursor = page.next
            if cursor is None or len(items) == limit:
                return items


@deliveries.command()
@click.argument("id")
@click.option("--body", "body_wanted", is_flag=True, help="Print the body alone, as it was kept.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def show(id: str, body_wanted: bool, json_wanted: bool) -> None:
    """Show one delivery: its body as kept, and what became of its events."""
    from service.operate.deliveries import show_delivery
    from service.operate.delivery_page import BODY, is_spooled

    with joined(needs_store=not is_spooled(id)) as context:
        found = show_delivery(context, id, body_most=None if body_wanted else BODY)
    if found is None:
        click.echo(f"there is no delivery {id}, or no longer", err=True)
        raise SystemExit(1)
    if body_wanted:
        _print_body(found)
    elif json_wanted:
        as_json(found)
    else:
        show_page(found)


def _print_body(found: Mapping[str, Any]) -> None:
    import base64

    if found["body"] is None:
        click.echo(f"the body of {found['id']} was not kept", err=True)
        raise SystemExit(1)
    text: str = found["body"]
    data = text.encode() if found["encoding"] == "text" else base64.b64decode(text)
    click.echo(data, nl=False)


@deliveries.command()
@click.argument("ids", nargs=-1)
@filters
@click.option("--limit", type=click.IntRange(1), help="At most so many by filter, the newest.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before replaying.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def replay(
    ids: tuple[str, ...], dry_run: bool, yes: bool, json_wanted: bool, **chosen: Any
) -> None:
    """
    Run deliveries again by today's mappings. Give their IDS, or filters.

    Each event keeps its own place: a value never goes over a newer one.
    """
    from service.operate.deliveries import DeliverySelection
    from service.operate.page import FilterInvalid

    _check_choice(ids, chosen)
    if not (dry_run or yes or _is_interactive()):
        raise click.UsageError("nothing was changed; add --yes to replay, or --dry-run to look")
    try:
        found = _replay(DeliverySelection(ids, **chosen), dry_run, yes, json_wanted)
    except FilterInvalid as error:
        raise click.UsageError(str(error)) from None
    if json_wanted:
        as_json(found)
    left = found["left"] or found["more_left"]
    if not found["matched"] or left or found.get("problems") or found.get("unmapped"):
        raise SystemExit(1)


def _is_interactive() -> bool:
    return sys.stdin.isatty()


def _check_choice(ids: tuple[str, ...], chosen: Mapping[str, Any]) -> None:
    filtered = [name for name, value in chosen.items() if value is not None]
    if ids and filtered:
        raise click.UsageError(f"give ids, or filters: found both, ids and --{filtered[0]}")
    if not ids and not {"source", "outcome", "key", "since"} & {*filtered}:
        raise click.UsageError("give the ids of deliveries, or --source, --outcome, --key, --since")


def _replay(selection: Any, dry_run: bool, yes: bool, json_wanted: bool) -> dict[str, Any]:
    from service.operate.deliveries import replay_deliveries
    from service.reconcile.progress import Progress

    with joined() as context:
        if dry_run or not yes:
            with Progress("comparing") as bar:
                found = replay_deliveries(context, selection, dry_run=True, told=bar.at)
            if not json_wanted or not dry_run:
                _show_replay(found)
            if dry_run or not found["deliveries"]:
                return found
            click.confirm("Replay these deliveries?", abort=True)
        with Progress("replaying") as bar:
            found = replay_deliveries(context, selection, dry_run=False, by=operator(), told=bar.at)
    if not json_wanted:
        _show_replay(found)
    return found


def _show_run(found: Mapping[str, Any]) -> None:
    click.echo(f"Replayed: {found['done']:,} of {found['deliveries']:,}; run {found['run']}")
    for name, words in WORDS:
        if name != "deliveries" and found.get(name):
            click.echo(f"{found[name]:9,}  {words}")
    if found["unmapped"]:
        click.echo(f"{found['unmapped']:9,}  problems with events:")
        for reason, times in found["reasons"].items():
            for line in wrapped(f"{times:,}  {printable(reason)}"):
                click.echo(line)


def _show_replay(found: Mapping[str, Any]) -> None:
    if not found["matched"]:
        click.echo("no delivery matches", err=True)
        return
    if found["dry_run"]:
        show_figures(dict(found), dry=True)
    else:
        _show_run(found)
    for each in found["left"]:
        click.echo(f"{each['id']}: {each['reason']}", err=True)
    if found["more_left"]:
        click.echo(f"and {found['more_left']:,} more are left", err=True)
