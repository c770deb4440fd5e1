"""``instep preview``: the PATCH of a payload. Needs no proof; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from service.commands.output import as_json, printable, table
from service.commands.page import width, wrapped
from workers.errors import UnknownName

if TYPE_CHECKING:
    from service.ingest.intake import Preview
    from workers.model.changes import Change


def headers_of(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Return headers given as ``Name: value``, by lower-case name."""
    headers = {"content-type": "application/json"}
    for value in values:
        name, colon, text = value.partition(":")
        if not (colon and name.strip()):
            raise click.BadParameter(f"found {value!r}, expected 'Name: value'", ctx, param)
        headers[name.strip().lower()] = text.strip()
    return headers


@click.command()
@click.argument("source")
@click.argument("file", type=click.File("rb"))
@click.option("--topic", help="Use this topic instead of the payload's.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    callback=headers_of,
    metavar="'NAME: VALUE'",
    help="Header of the delivery. Repeatable.",
)
@click.option(
    "--fetched", is_flag=True, help="FILE is a fetched object, not the notice that names it."
)
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def preview(
    source: str,
    file: BinaryIO,
    topic: str | None,
    headers: dict[str, str],
    fetched: bool,
    json_wanted: bool,
) -> None:
    """
    Show what a payload from SOURCE would change. FILE may be - for standard input.

    What the items hold before is read from the store, if it runs; - stands for unknown.
    """
    from service.config.build import of_process
    from service.operate import previews
    from service.operate.preview_before import before
    from service.operate.unmatched import events_in, unmatched
    from workers.store.connection import connect
    from workers.store.outbox import Outbox
    from workers.store.scripts import Steps

    configuration = of_process()
    settings = configuration.settings
    # It is asked only for what the items hold, and need not be there.
    steps = Steps(connect(settings.store, retries=0))
    how: dict[str, Any] = {"headers": headers, "topic": topic, "fetched": fetched}
    body = file.read()
    try:
        found = previews.preview(configuration, Outbox(steps, settings), source, body, **how)
    except UnknownName as error:
        raise click.BadParameter(f"found {error.found}, expected {error.expected}") from error
    held = before(steps, settings, found.changes)
    others = unmatched(configuration, source, found, events_in(configuration, source, body, **how))
    told = previews.as_dict(found, settings, held, others)
    if json_wanted:
        as_json(told)
    else:
        _print(found, told)
        read = configuration.senders[source].headers
        if not (fetched or found.changes or found.fetches) and not headers.keys() & {*read}:
            _hint(read)
    raise SystemExit(1 if found.problems else 0)


def _hint(headers: Iterable[str]) -> None:
    if names := ", ".join(headers):
        click.echo(f"The source also reads these headers (--header 'NAME: VALUE'): {names}")


def _print(found: Preview, told: Mapping[str, Any]) -> None:
    for change, row in zip(found.changes, told["changes"], strict=True):
        _print_change(change, row)
    for fetch in found.fetches:
        click.echo(f"Would be fetched by {fetch.fetcher}: {printable(fetch.object)}")
    for problem in found.problems:
        click.echo(f"Problem at {printable(problem.path)}: {printable(problem.message)}")
    if not (found.changes or found.problems or found.fetches):
        click.echo("No mapping uses this payload")
    for each in told["unmatched"]:
        for line in wrapped(f"{each['mapping']}: not used: {each['why']}", width(), rest="  "):
            click.echo(line)


def _print_change(change: Change, row: Mapping[str, Any]) -> None:
    record = printable(change.shown or change.record)
    title = f"{change.mapping}: {change.collection}, {change.by} {record}"
    if change.retire:
        click.echo(f"{title}: the record is gone at its source ({change.retire})")
        return
    rows = [
        (each.slug, _type(each.type, now), row["before"][each.slug], _null(now))
        for each, now in zip(change.fields, row["after"].values(), strict=True)
    ]
    table(title, ("field", "type", "before", "after"), rows)
    if "creates" in row:
        click.echo(f"  {row['creates']}")


def _type(name: str, value: Any) -> str:
    """Return the type of a field in words; most types of the CMS are sent as they are: plain."""
    if name != "plain":
        return name
    return {bool: "boolean", str: "text"}.get(type(value), "plain")


def _null(value: Any) -> Any:
    return "null" if value is None else value
