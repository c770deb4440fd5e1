"""``instep tail``: what comes and goes, as it happens."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from service.commands.session import joined
from workers.errors import ConfigurationInvalid, Problem

if TYPE_CHECKING:
    from workers.config.settings import Settings


@click.command()
@click.option("--source", help="Only what comes from it, and requests that carry values of it.")
@click.option("--collection", help="Only what changes its records.")
@click.option("--key", help="Only what concerns this record.")
@click.option("--json", "json_wanted", is_flag=True, help="Print each line as JSON.")
def tail(source: str | None, collection: str | None, key: str | None, json_wanted: bool) -> None:
    """Follow deliveries, attempts and warnings of all machines."""
    from service.operate.live_view import Filter, follow

    with joined() as context:
        _require_known(context.settings, source, collection)
        chosen = Filter(source, collection, key)
        try:
            _show(follow(context.steps.client, chosen, away=_away, back=_back), json_wanted)
        except KeyboardInterrupt:
            pass
        except BrokenPipeError:  # the reader, such as head, has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(lines: Any, json_wanted: bool) -> None:
    from service.config.log_lines import as_json, as_text

    terminal = sys.stdout.isatty()
    color = terminal and not os.environ.get("NO_COLOR")
    begun = False
    for line in lines:
        if line is None:
            if terminal and not begun:
                click.echo("Waiting for what comes and goes; Ctrl-C ends it.", err=True)
            begun = True
            continue
        text = as_json(line) if json_wanted else as_text(line, color=color, clock=terminal)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _away(reason: str) -> None:
    click.echo(f"The store does not answer: {reason}; waiting for it.", err=True)


def _back() -> None:
    click.echo("The store answers again; what came meanwhile is not shown.", err=True)


def _require_known(settings: Settings, source: str | None, collection: str | None) -> None:
    """Raise ConfigurationInvalid where a name is that of nothing: its view stays empty for ever."""
    named = (
        ("--source", source, settings.sources),
        ("--collection", collection, settings.collections),
    )
    problems = [
        Problem(option, repr(name), f"one of {', '.join(sorted(known)) or 'none'}", "use one")
        for option, name, known in named
        if name is not None and name not in known
    ]
    if problems:
        raise ConfigurationInvalid(problems)
