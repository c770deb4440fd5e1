"""``instep writeback``: what a write-back that was taken out of instep.toml has still to tell."""

from __future__ import annotations

import click

from service.commands.output import number
from service.commands.session import is_interactive, joined, operator


@click.command()
@click.argument("name")
@click.option("--to", metavar="OTHER", help="Have [writeback.OTHER] tell it.")
@click.option("--drop", is_flag=True, help="Drop it: it is never told.")
@click.option("--yes", is_flag=True, help="Do not ask before dropping; needed in a pipe.")
def writeback(name: str, to: str | None, drop: bool, yes: bool) -> None:
    """
    Hand over or drop what a removed write-back has still to tell.

    NAME is that of a [writeback.NAME] that instep.toml has no more. Without an option, say how much
    that is, and exit 1 if it is anything.
    """
    from service.operate.removed_writebacks import move, waiting_of
    from workers.errors import UnknownName

    if to and drop:
        raise click.UsageError("found --to and --drop, expected one of them")
    if drop and not (yes or is_interactive()):
        do = "add --yes to drop, or leave out --drop to look"
        raise click.UsageError(f"nothing was changed; {do}")
    with joined() as context:
        try:
            count = waiting_of(context, name)
            if drop and not yes:
                waits = f"{_records(count)} {'waits' if count == 1 else 'wait'}"
                click.confirm(f"Drop what {name} has to tell ({waits})?", abort=True)
            if to or drop:
                count = move(context, name, to, operator())
        except UnknownName as error:
            raise click.UsageError(str(error)) from None
    records = _records(count)
    if not (to or drop):
        click.echo(f"{name}: {records} {'waits' if count == 1 else 'wait'} to be told")
        raise SystemExit(1 if count else 0)
    if not count:
        click.echo(f"found nothing that {name} has to tell; see `instep status`", err=True)
        raise SystemExit(1)
    click.echo(f"{records} of {name}: {f'told by {to} next' if to else 'dropped'}")


def _records(count: int) -> str:
    return number(count, "record")
