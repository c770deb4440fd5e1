"""``instep pull``: what the schedule starts; by hand ``instep sync --once``."""

from __future__ import annotations

import click

from service.commands.output import printable
from service.commands.session import operator


@click.command(hidden=True)
@click.argument("name")
@click.option("--scheduled", is_flag=True)
def pull(name: str, scheduled: bool) -> None:
    """Pull NAME once, and reconcile its collections."""
    from service.config.build import of_process
    from service.pulls import runner

    configuration = of_process()
    if name not in configuration.settings.pulls:
        names = ", ".join(sorted(configuration.settings.pulls)) or "none"
        raise click.UsageError(f"found {name!r}, expected a pull of instep.toml: {names}")
    by = "schedule" if scheduled else operator()
    result = runner.run(configuration, name, by=by, scheduled=scheduled)
    for line in result.lines:
        click.echo(printable(line))
    raise SystemExit(result.code)
