"""``instep status``: what flows, what waits, and what became of every field value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from service.commands.joining import joined
from service.commands.printing import as_json, table

COLLECTION = ("state", "reason", "pending_items", "oldest_seconds", "duplicate_keys")
FETCHER = ("state", "reason", "waiting", "oldest_seconds", "asked", "merged", "done", "dead")


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print it as JSON.")
def status(json_wanted: bool) -> None:
    """Show destinations, collections, sources, fetchers, counters and processes."""
    from workers import processes

    with joined() as parts:
        found = parts.report.status()
        found["processes"] = processes.alive(parts.steps.client)
    if json_wanted:
        as_json(found)
    else:
        _show(found)


def _show(found: Mapping[str, Any]) -> None:
    for kind, columns in (
        ("destinations", ("state", "reason", "calls", "rate_limited")),
        ("collections", COLLECTION),
        ("sources", ("deliveries", "duplicates", "refused", "kept", "kept_since", "kept_dropped")),
        ("fetchers", FETCHER),
    ):
        if kind == "fetchers" and not found[kind]:
            continue
        rows = [(name, *(row.get(c) for c in columns)) for name, row in found[kind].items()]
        headings = [column.replace("_", " ") for column in columns]
        table(kind.capitalize(), ("name", *headings), rows)
    lanes = [(name, *row["lanes"].values()) for name, row in found["collections"].items()]
    if any(any(row[1:]) for row in lanes):
        table("Lanes", ("collection", "live", "replay", "reconcile"), lanes)
    secrets = [
        (name, place, secret["until"], secret["matched"])
        for name, row in found["sources"].items()
        for place, secret in enumerate(row.get("secrets", ()), start=1)
    ]
    table("Secrets", ("source", "secret", "until", "matched"), secrets)
    table("Field values", tuple(found["fields"]), [tuple(found["fields"].values())])
    table("Processes", ("role", "pid"), [(p["role"], p["pid"]) for p in found["processes"]])
    click.echo(f"Dead letters: {found['dead_letters']}")
    click.echo("Balanced: yes" if found["balanced"] else "Balanced: NO, field values are missing")
