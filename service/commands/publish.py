"""``instep publish``: items that wait since somebody else has edited them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from service.commands.output import as_json, number, printable, table
from service.commands.session import is_interactive, joined, operator

if TYPE_CHECKING:
    from workers.delivery.context import Context


@click.command()
@click.argument("collection")
@click.argument("keys", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Publish all of them.")
@click.option("--yes", is_flag=True, help="Do not ask; needed in a pipe.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def publish(
    collection: str, keys: tuple[str, ...], every: bool, yes: bool, json_wanted: bool
) -> None:
    """
    Publish items although others have edited them.

    Without KEYS, list the items of COLLECTION that wait for that, and exit 1 if there are any. With
    KEYS, their edits go live with what Instep has staged. Drafts stay drafts.
    """
    if keys and every:
        raise click.UsageError("found KEYS and --all, expected one of them")
    if (keys or every) and not (yes or is_interactive()):
        do = "add --yes to publish, or leave out KEYS and --all to look"
        raise click.UsageError(f"nothing was changed; {do}")
    with joined() as context:
        known = context.settings.collections
        if collection not in known:
            names = ", ".join(known) or "none"
            raise click.UsageError(f"found {collection!r}, expected a collection: {names}")
        if keys or every:
            _let_out(context, collection, keys, ask=not yes, json_wanted=json_wanted)
        else:
            _show(context, collection, json_wanted=json_wanted)


def _show(context: Context, collection: str, *, json_wanted: bool) -> None:
    from service.operate.held_publishes import list_held

    held = list_held(context, collection)
    if json_wanted:
        as_json(held)
    else:
        rows = [(each["key"], each["item"], each["edited"], each["since"]) for each in held]
        table("items", ("key", "item", "edited", "staged"), rows)
    if held:
        raise SystemExit(1)


def _let_out(
    context: Context, collection: str, keys: Sequence[str], *, ask: bool, json_wanted: bool
) -> None:
    """Publish the items of *keys*; none: all that wait for it."""
    from service.operate.held_publishes import all_held, let_out

    chosen = keys or all_held(context, collection)
    if chosen and ask:
        question = f"Publish {number(len(chosen), 'item')} with what others have edited of them?"
        click.confirm(question, abort=True, err=json_wanted)
    done, left = let_out(context, collection, chosen, operator())
    if json_wanted:
        as_json({"published": done, "left": [*left]})
    else:
        click.echo(f"{done} {'item is' if done == 1 else 'items are'} published next")
        for key in left:
            click.echo(printable(f"{key} does not wait for this: see `instep why`"), err=True)
    if left:
        raise SystemExit(1)
