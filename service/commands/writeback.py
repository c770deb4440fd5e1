"""``instep writeback``: what a write-back that was taken out of instep.toml has still to tell."""

from __future__ import annotations

import click

from service.commands.session import joined, operator


@click.command()
@click.argument("name")
@click.option("--to", metavar="OTHER", help="Have [writeback.OTHER] tell it.")
@click.option("--drop", is_flag=True, help="Drop it: it is never told.")
def writeback(name: str, to: str | None, drop: bool) -> None:
    """
    Hand over or drop what a removed write-back has still to tell.

    NAME is that of a [writeback.NAME] that instep.toml has no more. Without an option, say how much
    that is, and exit 1 if it is anything.
    """
    from service.operate.removed_writebacks import move, waiting_of
    from workers.errors import UnknownName

    if to and drop:
        raise click.UsageError("found --to and --drop, expected one of them")
    with joined() as context:
        try:
            if not (to or drop):
                number = waiting_of(context, name)
            else:
                number = move(context, name, to, operator())
        except UnknownName as error:
            raise click.UsageError(str(error)) from None
    records = "1 record" if number == 1 else f"{number} records"
    if to:
        click.echo(f"{records} of {name}: told by {to} next")
    elif drop:
        click.echo(f"{records} of {name}: dropped")
    else:
        click.echo(f"{name}: {records} {'waits' if number == 1 else 'wait'} to be told")
        raise SystemExit(1 if number else 0)
