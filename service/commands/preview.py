"""``instep preview``: the PATCH of a payload. Needs no proof; sends nothing."""

from __future__ import annotations

from typing import Any, BinaryIO

import click

from service.commands import preview_page
from service.commands.output import as_json
from workers.errors import UnknownName


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


header_option = click.option(
    "--header",
    "headers",
    multiple=True,
    callback=headers_of,
    metavar="'NAME: VALUE'",
    help="Header of the delivery. Repeatable.",
)


@click.command()
@click.argument("source")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--topic", help="Use this topic instead of the payload's.")
@header_option
@click.option(
    "--fetched",
    is_flag=True,
    help="FILE is a fetched object, not the notice that names it; of a pull one record.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def preview(
    source: str,
    file: BinaryIO | None,
    topic: str | None,
    headers: dict[str, str],
    fetched: bool,
    json_wanted: bool,
) -> None:
    """
    Show what a payload from SOURCE would change. FILE may be - for standard input.

    Of a source that is pulled FILE is an answer of its API, and the first records are shown.
    Without FILE it is asked for its first page.

    What the items hold before is read from the store, if it runs; - stands for unknown.
    """
    from service.config.build import of_process
    from service.operate import previews
    from service.operate.preview_before import before
    from service.operate.unmatched import unmatched, why_none
    from workers.store.connection import connect
    from workers.store.outbox import Outbox
    from workers.store.scripts import Steps

    configuration = of_process()
    settings = configuration.settings
    if file is None and source not in settings.pulls:
        raise click.UsageError("Missing argument 'FILE'.")
    # It is asked only for what the items hold, and need not be there.
    steps = Steps(connect(settings.store, retries=0))
    how: dict[str, Any] = {"headers": headers, "topic": topic, "fetched": fetched}
    body = None if file is None else file.read()
    try:
        found, events = previews.preview_and_events(
            configuration, Outbox(steps, settings), source, body, **how
        )
    except UnknownName as error:
        raise click.BadParameter(f"found {error.found}, expected {error.expected}") from error
    held = before(steps, settings, found.changes)
    others = unmatched(configuration, source, found, events)
    told = previews.as_dict(found, settings, held, others)
    if json_wanted:
        as_json(told)
    else:
        preview_page.show(found, told, why_none(configuration, source, events))
        sender = configuration.senders.get(source)
        read = sender.headers if sender else ()
        if (
            read
            and not (fetched or found.changes or found.fetches)
            and not headers.keys() & {*read}
        ):
            preview_page.hint(read)
    raise SystemExit(1 if found.problems else 0)
