"""``instep reload``: change the configuration of what runs, without a gap."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from service.commands.page import echo

if TYPE_CHECKING:
    from service.run.registry import Running
    from workers.config.settings import StoreSettings


@click.command()
def reload() -> None:
    """
    Check the configuration, and replace the running processes by ones that have it.

    No connection is refused and no delivery lost meanwhile. It reloads what runs on this machine
    in this folder, as a SIGHUP to each `up`, `web` and `worker` does.

    Exits 2 if the new configuration is wrong, 1 if a process does not come up; the old processes
    then go on.
    """
    from service.run.registry import running
    from workers.config.loader import fill, read

    fill(os.environ)
    store = read(os.environ).settings.store
    found = running(store.data)
    own = [each for each in found if each.here]
    if not own:
        click.echo(f"Nothing of Instep runs in {store.data}; start it with instep up.", err=True)
        raise SystemExit(1)
    codes = [_reload(each) for each in own]
    for line in _others(store, own):
        echo(line)
    raise SystemExit(max(codes))


def _reload(service: Running) -> int:
    from service.run.reload import SILENT, request

    name = f"instep {service.service}, process {service.pid}"
    outcome = request(service)
    if outcome is None:
        click.echo(f"{name}: no answer within {SILENT:g} s; it may hang or be ending", err=True)
        return 1
    for problem in outcome["problems"]:
        words = "{where}: found {found}, expected {expected}; {do}"
        click.echo(words.format(**problem), err=True)
    if outcome["failure"]:
        click.echo(outcome["failure"], err=True)
    if outcome["code"]:
        click.echo(f"{name}: nothing was replaced, the old processes go on", err=True)
    else:
        echo(f"{name}: replaced {_counted(outcome['replaced'])}")
    for note in outcome["notes"]:
        echo(f"  {note}")
    code: int = outcome["code"]
    return code


def _counted(replaced: dict[str, Any]) -> str:
    words = " and ".join(f"{count} {role}" for role, count in replaced.items())
    return f"{words} processes"


def _others(store: StoreSettings, own: list[Running]) -> list[str]:
    """Return lines for the services on the same store that were not reloaded."""
    from workers.errors import StoreUnavailable
    from workers.runtime import heartbeats
    from workers.store import connection

    try:
        listed = heartbeats.listed(connection.connect(store, retries=0))
    except StoreUnavailable:
        return []
    known = {(each.pid, each.machine.partition(" ")[0]) for each in own}
    return [
        f"Not reloaded: process {each.pid} on {each.host}; run instep reload there, in its folder"
        for each in listed
        if each.role == "supervisor" and (each.pid, each.host) not in known
    ]
