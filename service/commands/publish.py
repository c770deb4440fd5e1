"""``instep publish``: items that wait since somebody else has edited them."""

from __future__ import annotations

import click

from service.commands.output import as_json, printable, table
from service.commands.session import joined, operator


@click.command()
@click.argument("collection")
@click.argument("keys", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Publish all of them.")
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def publish(collection: str, keys: tuple[str, ...], every: bool, json_wanted: bool) -> None:
    """
    Publish items although others have edited them.

    Without KEYS, list the items of COLLECTION that wait for that, and exit 1 if there are any. With
    KEYS, their edits go live with what Instep has staged. Drafts stay drafts.
    """
    from service.operate.held_publishes import let_out, list_held

    if keys and every:
        raise click.UsageError("found KEYS and --all, expected one of them")
    with joined() as context:
        known = context.settings.collections
        if collection not in known:
            names = ", ".join(known) or "none"
            raise click.UsageError(f"found {collection!r}, expected a collection: {names}")
        held = [] if keys else list_held(context, collection)
        chosen = [each["key"] for each in held] if every else list(dict.fromkeys(keys))
        left = let_out(context, collection, chosen, operator()) if chosen else ()
    if not (keys or every):
        if json_wanted:
            as_json(held)
        else:
            rows = [(each["key"], each["item"], each["edited"], each["since"]) for each in held]
            table("items", ("key", "item", "edited", "staged"), rows)
        raise SystemExit(1 if held else 0)
    done = len(chosen) - len(left)
    if json_wanted:
        as_json({"published": done, "left": [*left]})
    else:
        click.echo(f"{done} {'item is' if done == 1 else 'items are'} published next")
        for key in left:
            click.echo(printable(f"{key} does not wait for this: see `instep why`"), err=True)
    if left:
        raise SystemExit(1)
