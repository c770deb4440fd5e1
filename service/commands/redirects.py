"""``instep redirects``: old and new paths of pages whose slug has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from service.commands.output import as_json, table
from service.commands.session import joined


@click.command()
@click.option("--collection", help="Only of this collection.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv"]),
    default="table",
    show_default=True,
    help="csv: the file for Webflow's site settings.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def redirects(collection: str | None, form: str, json_wanted: bool) -> None:
    """
    List old and new paths of pages whose slug has changed.

    Exit code 1 if the path of a collection is not known yet.
    """
    from service.operate.page import FilterInvalid
    from service.operate.redirects import csv_of, list_redirects

    with joined() as context:
        try:
            found = list_redirects(context, collection=collection).items
        except FilterInvalid as error:
            raise click.UsageError(str(error)) from None
    if json_wanted:
        as_json(found)
    elif form == "csv":
        # Bytes: of a text the ends of its lines would become those of the system.
        click.echo(csv_of(found).encode(), nl=False)
    else:
        _print(found)
    _require_paths(found)


def _print(found: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            each["old"] or f"…/{each['old_slug']}",
            each["new"] or f"…/{each['new_slug']}",
            each["collection"],
            each["key"],
            each["at"],
        )
        for each in found
    ]
    table("redirects", ("old path", "new path", "collection", "key", "changed"), rows)


def _require_paths(found: Sequence[Mapping[str, Any]]) -> None:
    unknown = sorted({each["collection"] for each in found if each["old"] is None})
    if not unknown:
        return
    names = ", ".join(unknown)
    click.echo(
        f"found no schema of {names}, expected the collection's own path from it; it is read before"
        " the next write to the collection: try again then",
        err=True,
    )
    raise SystemExit(1)
