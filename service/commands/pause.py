"""``instep pause`` and ``resume``: a destination or a collection, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from service.commands.session import ask, joined
from workers.errors import DestinationError
from workers.policy.rules import pause_for

if TYPE_CHECKING:
    from workers.config.settings import Settings
    from workers.delivery.context import Context


@click.command()
@click.argument("name")
@click.option(
    "--reason", default="paused by hand", show_default=True, help="Reason to show in the status."
)
def pause(name: str, reason: str) -> None:
    """Stop sending to NAME, a destination or a collection. Deliveries are still accepted."""
    with joined() as context:
        _check(name, context.settings)
        context.breaker.pause(name, reason.strip() or "paused by hand")
    click.echo(f"Paused: {name}")


@click.command()
@click.argument("name")
def resume(name: str) -> None:
    """Resume sending to NAME, unless the CMS still refuses the token."""
    with joined() as context:
        _check(name, context.settings)
        refusal = _refusal(name, context)
        if refusal is not None:
            click.echo(f"{name} stays paused: {refusal}", err=True)
            raise SystemExit(1)
        if context.breaker.resume(name):
            context.wakes.wake(context.breaker.destination_of(name))
        held = context.report.status()["collections"].get(name, {})
    if held.get("state") == "paused":
        click.echo(f"{name} stays paused, because its destination is: {held['reason']}", err=True)
        raise SystemExit(1)
    click.echo(f"Resumed: {name}")


def _check(name: str, settings: Settings) -> None:
    if name not in settings.destinations and name not in settings.collections:
        names = ", ".join((*settings.destinations, *settings.collections)) or "none"
        raise click.UsageError(f"found {name!r}, expected a destination or collection: {names}")


def _refusal(name: str, context: Context) -> str | None:
    """Return why the CMS refuses the token, or None; no answer is not a refusal."""
    settings = context.settings
    destination = settings.destinations[context.breaker.destination_of(name)]
    own = settings.collections_of(destination.name)
    collection = next((each for each in own if each.name == name), own[0] if own else None)
    if collection is None:
        return None
    try:
        answer = ask(destination, collection, context.limiter)
    except DestinationError as error:
        click.echo(f"{destination.name} does not answer ({error})", err=True)
        return None
    reason = pause_for(answer)
    return reason and f"{destination.name} answers {reason} ({settings.path})"
