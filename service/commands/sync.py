"""``instep sync --once``: one round of everything, without a service that stays."""

from __future__ import annotations

import os

import click

from service.commands.output import printable
from service.commands.pause import Duration
from service.commands.session import operator


@click.command()
@click.option("--once", is_flag=True, help="Do one round, and end.")
@click.option(
    "--for",
    "seconds",
    type=Duration(),
    default="10m",
    show_default=True,
    metavar="TIME",
    help="End after so long, whatever is left: 90s, 30m, 2h.",
)
@click.option(
    "--approve",
    multiple=True,
    metavar="RUN",
    help="Send what this run was held for, as far as that is still the same. Repeatable.",
)
def sync(once: bool, seconds: int, approve: tuple[str, ...]) -> None:
    """
    Pull, reconcile what is due, and deliver: one round, for cron and the like.

    Exit code 0: everything is in step; 1: something is left, which it says, and what to do. What
    would change half of a collection is held until you approve it.
    """
    from service.config import logging_setup
    from service.config.build import of_process
    from service.run import sync as rounds
    from workers.config.loader import fill

    if not once:
        raise click.UsageError("found no --once, expected it; instep up runs all the time")
    fill(os.environ)
    logging_setup.configure()
    result = rounds.sync(of_process(), seconds=seconds, by=operator(), approve=approve)
    for line in result.done:
        click.echo(printable(line))
    for line in result.left:
        click.echo(f"Left: {printable(line)}")
    if not result.left:
        click.echo("Nothing is left")
    raise SystemExit(result.code)
