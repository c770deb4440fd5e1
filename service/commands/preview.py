"""``instep preview``: the PATCH of a payload. Needs no store and no proof; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO

import click

from service.commands.output import as_json, printable, table
from workers.errors import UnknownName

if TYPE_CHECKING:
    from service.config.build import Configuration
    from service.ingest.intake import Preview
    from workers.config.settings import Settings


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
    """Show what a payload from SOURCE would change. FILE may be - for standard input."""
    from service.config.build import of_process
    from service.operate import previews
    from workers.store.connection import connect
    from workers.store.outbox import Outbox
    from workers.store.scripts import Steps

    configuration = of_process()
    settings = configuration.settings
    outbox = Outbox(Steps(connect(settings.store)), settings)  # connects on first use
    try:
        found = previews.preview(
            configuration,
            outbox,
            source,
            file.read(),
            headers=headers,
            topic=topic,
            fetched=fetched,
        )
    except UnknownName as error:
        raise click.BadParameter(f"found {error.found}, expected {error.expected}") from error
    if json_wanted:
        as_json(previews.as_dict(found, settings))
    else:
        _print(found, settings)
        if not (found.changes or found.problems or found.fetches):
            click.echo(f"No mapping uses this payload{_why(found, source, configuration)}")
        read = configuration.senders[source].headers
        if not (fetched or found.changes or found.fetches) and not headers.keys() & {*read}:
            _hint(read)
    raise SystemExit(1 if found.problems else 0)


def _hint(headers: Iterable[str]) -> None:
    if names := ", ".join(headers):
        click.echo(f"The source also reads these headers (--header 'NAME: VALUE'): {names}")


def _why(found: Preview, source: str, configuration: Configuration) -> str:
    """Return why no mapping takes its topics, if that is the reason."""
    rules = [rule for rule in configuration.mappings.rules if rule.options.source == source]
    unknown = [topic for topic in found.topics if not any(r.options.takes((topic,)) for r in rules)]
    if not (rules and unknown):
        return ""
    found_topics = ", ".join("none" if topic is None else printable(topic) for topic in unknown)
    taken = sorted({topic for rule in rules for topic in rule.options.topics or ()})
    return f": its topic is {found_topics}; the mappings of {source} take {', '.join(taken)}"


def _print(found: Preview, settings: Settings) -> None:
    from service.operate import previews

    for change in found.changes:
        record = printable(change.shown or change.record)
        title = f"{change.mapping}: {change.collection}, {change.by} {record}"
        if change.retire:
            click.echo(f"{title}: the record is gone at its source ({change.retire})")
            continue
        rows = [(field.slug, field.type, field.value) for field in change.fields]
        table(title, ("field", "type", "value"), rows)
        for words in previews.creation(change, found, settings).values():
            click.echo(f"  {words}")
    for fetch in found.fetches:
        click.echo(f"Would be fetched by {fetch.fetcher}: {printable(fetch.object)}")
    for problem in found.problems:
        click.echo(f"Problem at {printable(problem.path)}: {printable(problem.message)}")
