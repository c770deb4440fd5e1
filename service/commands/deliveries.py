"""``instep deliveries``: list, show and replay what came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from service.commands.output import as_json, table
from service.commands.remap import Since
from service.commands.session import joined

OUTCOMES = ("kept", "duplicate", "unwanted", "unmapped", "refused", "spooled")


@click.group()
def deliveries() -> None:
    """List, show or replay deliveries."""


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--since", type=Since(), help="Only those since: 30m, 2h, 3d, or a time."),
        click.option("--key", help="Only those about the record with this key."),
        click.option("--outcome", type=click.Choice(OUTCOMES), help="Only of this outcome."),
        click.option("--source", help="Only those of this source."),
    ):
        command = option(command)
    return command


@deliveries.command("list")
@filters
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def list_(
    source: str | None,
    outcome: str | None,
    key: str | None,
    since: timedelta | datetime | None,
    limit: int,
    json_wanted: bool,
) -> None:
    """List the deliveries, newest first."""
    from service.operate.deliveries import list_deliveries
    from service.operate.page import FilterInvalid

    with joined() as context:
        try:
            page = list_deliveries(
                context, source=source, outcome=outcome, key=key, since=since, limit=limit
            )
        except FilterInvalid as error:
            raise click.UsageError(str(error)) from None
    if json_wanted:
        as_json(page.items)
        return
    columns = ("at", "id", "outcome", "topic", "keys")
    table("Deliveries", columns, [_row(each) for each in page.items])
    if page.next:
        click.echo(f"  and older ones: --limit {2 * limit}, or a filter")


def _row(found: dict[str, Any]) -> tuple[Any, ...]:
    return (found["at"], found["id"], found["outcome"], found["topic"], found["keys"])
