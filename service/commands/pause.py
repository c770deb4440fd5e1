"""``instep pause`` and ``resume``: a destination, collection, source, lane or write-back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from service.commands.output import printable
from service.commands.page import duration, moment
from service.commands.session import joined, operator
from workers.errors import RequestRefused, UnknownName


class Duration(click.ParamType["int"]):
    """Seconds, as 90s, 30m, 2h or 3d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from service.operate.durations import EXPECTED, seconds_of

        seconds = value if isinstance(value, int) else seconds_of(value)
        if seconds is None:
            self.fail(f"found {value!r}, expected {EXPECTED}", param, ctx)
        return seconds


@click.command()
@click.argument("name")
@click.option(
    "--reason", default="paused by hand", show_default=True, help="Reason to show in the status."
)
@click.option(
    "--for",
    "seconds",
    type=Duration(),
    metavar="TIME",
    help="Resume it by itself after so long: 90s, 30m, 2h, 3d.",
)
def pause(name: str, reason: str, seconds: int | None) -> None:
    """
    Stop sending. Deliveries are still accepted.

    NAME is a destination or a collection (destination:NAME, collection:NAME where it is both),
    source:NAME, writeback:NAME, or lane:live, lane:replay or lane:reconcile of all destinations.
    """
    from service.operate import pauses

    with joined() as context:
        try:
            found = pauses.pause(context, name, reason=reason, by=operator(), seconds=seconds)
        except UnknownName as error:
            raise click.UsageError(str(error)) from error
    until = f" until {moment(found['until'])} UTC" if found["until"] else ""
    click.echo(f"Paused: {name}{until}")


@click.command()
@click.argument("name")
def resume(name: str) -> None:
    """Resume sending of NAME, as in pause, unless the CMS still refuses the token."""
    from service.operate import pauses

    with joined() as context:
        try:
            found = pauses.resume(context, name, by=operator())
        except UnknownName as error:
            raise click.UsageError(str(error)) from error
        except RequestRefused as error:
            where = context.settings.path
            click.echo(f"{name} stays paused: {error.found} ({where})", err=True)
            raise SystemExit(1) from error
    if found["unanswered"]:
        click.echo(found["unanswered"], err=True)
    if found["state"] == "paused":
        click.echo(f"{name} stays paused: {found['reason']}", err=True)
        raise SystemExit(1)
    click.echo(f"Resumed: {name}")
    for each in found["first"]:
        click.echo(printable(_line(each)))


def _line(first: Mapping[str, Any]) -> str:
    number = first["items"]
    items = f"{number:,} {'item waits' if number == 1 else 'items wait'}"
    takes = duration(max(1, first["seconds"]))
    oldest = f"the oldest since {moment(first['oldest'])} UTC"
    return f"  {first['collection']}: {items}, {oldest}; it takes about {takes}"
