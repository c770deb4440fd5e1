"""``instep senders``: the supported senders and their settings."""

from __future__ import annotations

from typing import Any

import click

from service.commands.output import as_json, table


@click.command()
@click.argument("name", required=False)
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def senders(name: str | None, json_wanted: bool) -> None:
    """List the supported senders and their settings, or those of NAME."""
    from service.senders.catalog import listing

    found = [row for row in listing() if name in (None, row["name"])]
    if not found:
        click.echo(f"there is no sender {name}; `instep senders` lists all of them", err=True)
        raise SystemExit(1)
    if json_wanted:
        as_json(found)
    else:
        _show(found)


def _show(found: list[dict[str, Any]]) -> None:
    columns = ("name", "proof", "secrets", "deduplicates_by", "orders_by", "retries", "max_body")
    shown = [row | {"max_body": f"{row['max_body'] // 2**20} MiB"} for row in found]
    rows = [[row[column] for column in columns] for row in shown]
    table("Senders", [column.replace("_", " ") for column in columns], rows)
    settings = [
        (row["name"], each["key"], _default(each), each["expected"])
        for row in found
        for each in row["settings"]
    ]
    table("Settings", ("sender", "key", "default", "expected"), settings)


def _default(setting: dict[str, Any]) -> Any:
    return "required" if setting["required"] else setting["default"]
