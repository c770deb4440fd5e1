"""``instep alerts``: test where alerts are sent."""

from __future__ import annotations

import os
import time

import click

from service.commands.output import printable


@click.group()
def alerts() -> None:
    """Test where alerts are sent."""


@alerts.command()
def test() -> None:
    """Send a test message to url in [alerts]. Exit code 1 if it is not taken."""
    from workers.alerts.message import id_of, message_of
    from workers.alerts.place import place_of
    from workers.alerts.sender import send
    from workers.config.loader import load
    from workers.errors import ConfigurationInvalid, Problem
    from workers.outgoing.http_request import Address

    settings = load(os.environ)
    if settings.alerts is None or not settings.alerts.url:
        where, expected = f"{settings.path}: alerts.url", "an http(s) address that takes messages"
        problem = Problem(where, "nothing", expected, "add it, see `instep docs alerts`")
        raise ConfigurationInvalid([problem])
    now, place = time.time(), place_of(settings)
    note = f"this is a test, sent at {time.strftime('%H:%M:%S', time.gmtime(now))} UTC"
    body = message_of((), place=place, now=now, note=note)
    signed = "signed" if settings.alerts.secret else "not signed"
    click.echo(f"POST {Address(settings.alerts.url)}, {len(body)} bytes, {signed}")
    reply = send(settings.alerts, id_of((), place, note), body, now=now)
    click.echo(f"answer: {printable(str(reply))}")
    if not reply.is_success:
        click.echo("The message was not taken: expected a status from 200 to 299", err=True)
        raise SystemExit(1)
