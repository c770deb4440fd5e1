"""``instep pause`` and ``resume``: a destination or a collection, by name."""

from __future__ import annotations

import click

from service.commands.session import joined, operator
from workers.errors import RequestRefused, UnknownName


@click.command()
@click.argument("name")
@click.option(
    "--reason", default="paused by hand", show_default=True, help="Reason to show in the status."
)
def pause(name: str, reason: str) -> None:
    """Stop sending to NAME, a destination or a collection. Deliveries are still accepted."""
    from service.operate import pauses

    with joined() as context:
        try:
            pauses.pause(context, name, reason=reason, by=operator())
        except UnknownName as error:
            raise click.UsageError(str(error)) from error
    click.echo(f"Paused: {name}")


@click.command()
@click.argument("name")
def resume(name: str) -> None:
    """Resume sending to NAME, unless the CMS still refuses the token."""
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
