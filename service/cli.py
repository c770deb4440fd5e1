"""
The command ``instep``: its groups, and which exit code an error becomes.

Exit codes: 0 done, 1 the answer is no, 2 usage or configuration. A command imports what it
needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

from typing import Any

import click

from service.commands import (
    alerts,
    check,
    completion,
    dead,
    deletes,
    deliveries,
    docs,
    forget,
    init,
    mcp,
    pause,
    preview,
    reconcile,
    redirects,
    reload,
    remap,
    run,
    runs,
    sandbox,
    senders,
    status,
    suggest,
    sync,
    tail,
    test,
    trigger,
    undo,
    why,
)
from workers.errors import ConfigurationInvalid, ProcessorError, SelectionInvalid, UnknownName


class Commands(click.Group):
    """Turns an exception of a command into a message on stderr and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigurationInvalid as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            ctx.exit(2)
        except (SelectionInvalid, UnknownName) as error:
            click.echo(str(error), err=True)
            ctx.exit(2)
        except ProcessorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="instep", message="instep %(version)s")
def main() -> None:
    """Keep a Webflow CMS in step with shops, stock systems, CRMs and databases, by webhook."""


for command in (
    init.init,
    run.up,
    run.web,
    run.worker,
    reload.reload,
    run.demo,
    sandbox.sandbox,
    check.check,
    suggest.suggest,
    preview.preview,
    test.test,
    senders.senders,
    trigger.trigger,
    status.status,
    why.why,
    deliveries.deliveries,
    tail.tail,
    dead.dead,
    deletes.deletes,
    runs.runs,
    forget.forget,
    remap.remap,
    undo.undo,
    pause.pause,
    pause.resume,
    reconcile.reconcile,
    redirects.redirects,
    sync.sync,
    alerts.alerts,
    docs.docs,
    mcp.mcp,
):
    main.add_command(command)
completion.attach(main)
