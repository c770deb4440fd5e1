"""``instep deliveries``: list, show and replay what came."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import click

from service.commands.output import as_json, printable
from service.commands.remap import WORDS, Since, show_figures
from service.commands.session import joined, operator

OUTCOMES: Final = ("kept", "duplicate", "unwanted", "unmapped", "refused", "spooled")
_COLORS: Final = {"kept": "green", "refused": "red", "unmapped": "red", "spooled": "yellow"}
_BEFORE_ID: Final = 38  # characters: time, outcome, status
_KEYS: Final = 3  # shown in a list; --json has more
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
    from service.operate.deliveries import list_deliveries, unlisted_refusals
    from service.operate.page import FilterInvalid

    waiting = chosen["outcome"] == "spooled"  # what is asked for while the store is away
    with joined(needs_store=not waiting) as context:
        try:
            page = list_deliveries(context, limit=limit, **chosen)
            unlisted = {} if waiting else unlisted_refusals(context)
        except FilterInvalid as error:
            raise click.UsageError(str(error)) from None
    if json_wanted:
        as_json(page.items)
        return
    if not page.items:
        click.echo("Deliveries: none")
    for each in page.items:
        _list_one(each)
    if page.next:
        click.echo(f"There are older ones: use --limit {2 * limit}, or a filter.")
    for source, times in unlisted.items():
        click.echo(f"{times:,} refused requests of {source} are in no entry: there were too many.")


def _list_one(found: Mapping[str, Any]) -> None:
    """Print two lines or more; ids and keys are never broken or cut, so that they can be pasted."""
    at = f"{found['at'][:19].replace('T', ' ')}Z"
    color = _COLORS.get(found["outcome"])
    outcome = click.style(f"{found['outcome']:9}", fg=color)
    status = f"{found['status']}" if found["status"] else "   "
    fits = len(found["id"]) <= _width() - _BEFORE_ID
    click.echo(
        f"{at}  {outcome}  {status}  {found['id']}" if fits else f"{at}  {outcome}  {status}"
    )
    if not fits:
        click.echo(f"    {found['id']}")
    for line in _details(found):
        click.echo(line)


def _details(found: Mapping[str, Any]) -> Iterator[str]:
    many = f"{found['events']:,} events" if found["events"] > 1 else ""
    keys = [printable(key) for key in found["keys"][:_KEYS]]
    more = "…" if len(found["keys"]) > _KEYS else ""
    parts = (printable(found["topic"]) if found["topic"] else "", many, ", ".join(keys) + more)
    for text in (" · ".join(part for part in parts if part), printable(found["reason"] or "")):
        if text:
            yield from _wrapped(text)


def _width() -> int:
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def _wrapped(text: str) -> list[str]:
    indent = " " * 4
    return textwrap.wrap(
        text,
        _width(),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
        _show(found)


def _print_body(found: Mapping[str, Any]) -> None:
    import base64

    if found["body"] is None:
        click.echo(f"the body of {found['id']} was not kept", err=True)
        raise SystemExit(1)
    text: str = found["body"]
    data = text.encode() if found["encoding"] == "text" else base64.b64decode(text)
    click.echo(data, nl=False)


def _show(found: Mapping[str, Any]) -> None:
    _list_one(found)
    if found["outcome"] == "refused":
        _show_refused(found)
        return
    if proof := found["proof"]:
        place = f", secret {proof['secret']} of {proof['of']}" if proof["secret"] else ""
        click.echo(f"Proven by {proof['scheme']}{place}")
    for each in found["found"]:
        _show_event(each)
    if found["more"]:
        click.echo(f"  and {found['more']:,} events more")
    _show_body(found)


def _show_refused(found: Mapping[str, Any]) -> None:
    checked = found["checked"]
    if checked.get("scheme"):
        click.echo(f"Checked by {checked['scheme']}: {checked['proof']}")
    for name, state in checked.get("headers", {}).items():
        click.echo(f"  header {printable(name)}: {state}")
    if url := checked.get("url"):
        click.echo(f"  signed URL: {printable(url)}")
    click.echo("Its body was not kept, so it cannot be replayed: have the source send it again.")


def _show_event(event: Mapping[str, Any]) -> None:
    name = f"Event {printable(event['event'])}" if event["event"] else "Event"
    topic = f", {printable(event['topic'])}" if event["topic"] else ""
    click.echo(f"{name}{topic}: {event['became']}")
    for change in event["changes"]:
        _show_change(change)
    for fetch in event["fetches"]:
        click.echo(f"  fetched by {fetch['fetcher']}: {printable(fetch['object'])}")
    for problem in event["problems"]:
        for line in _wrapped(f"{printable(problem['path'])}: {printable(problem['message'])}"):
            click.echo(line)
    if why := event["why"]:
        for line in _wrapped(why):
            click.echo(line)
    if letter := event["dead_letter"]:
        click.echo(f"  dead letter {letter['id']} ({letter['state']})")


def _show_change(change: Mapping[str, Any]) -> None:
    record = printable(change["key"] or change["item"])
    click.echo(f"  {change['mapping']}: {change['collection']} {record}")
    if change["retire"]:
        click.echo(f"    the record is gone at its source ({change['retire']})")
    for slug, value in change["fields"].items():
        for line in _wrapped(f"{slug} = {printable(value)}"):
            click.echo(line)


def _show_body(found: Mapping[str, Any]) -> None:
    if found["body"] is None:
        click.echo("Its body was not kept.")
        return
    for name, value in found["headers"].items():
        click.echo(f"{printable(name)}: {printable(value)}")
    kind = "" if found["encoding"] == "text" else ", as base64"
    click.echo(f"Body, {found['bytes']:,} bytes{kind}:")
    # Line by line: a control code in it would be obeyed by a terminal.
    for line in found["body"].splitlines():
        click.echo(printable(line))
    if found["cut"]:
        click.echo(f"… the rest: instep deliveries show {found['id']} --body")


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
        click.echo(f"{found['unmapped']:9,}  events that cannot be mapped:")
        for reason, times in found["reasons"].items():
            for line in _wrapped(f"{times:,}  {printable(reason)}"):
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
