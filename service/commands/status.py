"""``instep status``: states, backlog, and the fate of every field value."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from service.commands.output import as_json, printable, table
from service.commands.session import joined
from workers.errors import StoreUnavailable

COLLECTION = (
    "state",
    "reason",
    "pending_items",
    "oldest_seconds",
    "duplicate_keys",
    "not_live",
    "normalised",
)
LARGEST = 3  # families of keys that are named when memory is short
RECONCILE = ("state", "began", "ended", "code", "differences", "next")
FETCHER = ("state", "reason", "waiting", "oldest_seconds", "asked", "merged", "done", "dead")


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON.")
def status(json_wanted: bool) -> None:
    """Show states, backlog, counters and processes."""
    from service.operate.status import status_of

    with _with_reason(), joined() as context:
        found = status_of(context)
    if json_wanted:
        as_json(found)
    else:
        _show(found)
    if found["losses"]:
        raise SystemExit(1)


@contextmanager
def _with_reason() -> Iterator[None]:
    """Add the reason that /readyz gives, and what the spool keeps, to a StoreUnavailable."""
    try:
        yield
    except StoreUnavailable as error:
        from service.ingest.spool_count import waiting
        from service.operate.reasons import Seen, reasons_of
        from workers.config.loader import load

        name = reasons_of(Seen(trouble=error))[0].name
        spool = waiting(load(os.environ).store.data)
        kept = (
            f"; {spool.deliveries} deliveries, {spool.bytes} bytes, are safe in the spool of this "
            "machine and are accepted once it answers"
        ) * bool(spool.deliveries)
        raise StoreUnavailable(f"{name}: {error}{kept}") from error


def _show(found: Mapping[str, Any]) -> None:
    for kind, columns in (
        ("destinations", ("state", "reason", "calls", "rate_limited")),
        ("collections", COLLECTION),
        ("sources", ("deliveries", "duplicates", "refused", "kept", "kept_since", "kept_dropped")),
        ("fetchers", FETCHER),
    ):
        rows = [(name, *(_cell(row, c) for c in columns)) for name, row in found[kind].items()]
        headings = [column.replace("_", " ") for column in columns]
        table(kind.capitalize(), ("name", *headings), rows, none=kind != "fetchers")
    _show_waits(found["collections"])
    _show_unmapped(found["sources"])
    _show_stale(found["sources"])
    lanes = [(name, *row["lanes"].values()) for name, row in found["collections"].items()]
    if any(any(row[1:]) for row in lanes):
        table("Lanes", ("collection", "live", "replay", "reconcile"), lanes)
    _show_reconciles(found["reconciles"])
    secrets = [
        (name, place, secret["until"], secret["matched"])
        for name, row in found["sources"].items()
        for place, secret in enumerate(row.get("secrets", ()), start=1)
    ]
    refusals = [
        (source, reason, times)
        for source, reasons in found["refusals"].items()
        for reason, times in reasons.items()
    ]
    table("Refused requests", ("source", "reason", "times"), refusals, none=False)
    table("Secrets", ("source", "secret", "until", "matched"), secrets)
    table("Field values", tuple(found["fields"]), [tuple(found["fields"].values())])
    running = [(p["role"], p["pid"], "hung" if p.get("hung") else "") for p in found["processes"]]
    table("Processes", ("role", "pid", "state"), running)
    _show_store(found["reasons"])
    click.echo(memory_line(found["memory"]))
    _show_losses(found["losses"])
    if found["spool"]["deliveries"]:
        table("Spool", tuple(found["spool"]), [tuple(found["spool"].values())])
    click.echo(f"Dead letters: {found['dead_letters']}")
    click.echo("Balanced: yes" if found["balanced"] else "Balanced: NO, field values are missing")


def _cell(row: Mapping[str, Any], column: str) -> Any:
    """Return the cell under *column*; a time to the second, in UTC."""
    value = row.get(column)
    if column not in ("kept_since", "began", "ended", "next") or not value:
        return value
    moment = datetime.fromisoformat(value).astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _show_store(reasons: Sequence[Mapping[str, Any]]) -> None:
    for reason in reasons:
        if reason["name"] == "store weak":
            click.echo(f"Warning: store weak: {printable(reason['do'])}")


def memory_line(memory: Mapping[str, Any]) -> str:
    """Return the memory of the store; from 70 % of its limit on with the largest families."""
    used, limit = memory["used"], memory["limit"]
    if not limit:
        return f"Memory: {_mb(used)} used, without a limit (maxmemory)"
    line = f"Memory: {_mb(used)} of {_mb(limit)} used ({used / limit:.0%})"
    if not memory["level"]:
        return line
    largest = sorted(memory["families"].items(), key=lambda each: -each[1])[:LARGEST]
    families = ", ".join(f"{name} {_mb(size)}" for name, size in largest) or "not measured yet"
    refused = "; until there is room, new deliveries go to the spool or get 503" * memory["full"]
    return f"{line}: {families}{refused}"


def _mb(size: int) -> str:
    return f"{size / 1_048_576:.1f} MB"


def _show_waits(collections: Mapping[str, Mapping[str, Any]]) -> None:
    """Show the collections that wait for a publish of the site, or for room in the plan."""
    columns = ("reason", "since", "records", "next_try", "message")
    rows = [
        (name, *(wait[column] for column in columns))
        for name, row in collections.items()
        for wait in row["waits"]
    ]
    headings = ("collection", *(column.replace("_", " ") for column in columns))
    table("Waiting collections", headings, rows, none=False)


def _show_unmapped(sources: Mapping[str, Mapping[str, Any]]) -> None:
    """Show the sources with unmapped events, and the room for their bodies."""
    rows = []
    for name, row in sources.items():
        used, limit = row["unmapped_bytes"], row["unmapped_bytes_limit"]
        full = (
            "full: new ones are kept without their payloads"
            if used >= limit
            else f"{used / limit:.0%}"
        )
        if row["unmapped"]:
            rows.append((name, row["unmapped"], used, full))
    headings = ("source", "dead letters", "bytes of payloads", "used")
    table("Unmapped events", headings, rows, none=False)


def _show_stale(sources: Mapping[str, Mapping[str, Any]]) -> None:
    """Show stale values, and the sources that send nothing newer."""
    rows = [(name, *each) for name, row in sources.items() for each in row["stale"].items()]
    table("Stale field values", ("source", "collection", "values"), rows, none=False)
    for name, row in sources.items():
        if stalled := row["stalled"]:
            click.echo(
                f"Warning: {name} has sent nothing newer than the current values since "
                f"{stalled['since']}, the last value is older by {stalled['behind']}: check its "
                "clock or its position"
            )


def _show_losses(losses: Sequence[Mapping[str, Any]]) -> None:
    """Show losses of the store that no reconcile has covered yet."""
    for loss in losses:
        names = ", ".join(loss["unproven"])
        click.echo(
            f"Warning: since {loss['at']}: {loss['message']}: run `instep reconcile`: {names}"
        )


def _show_reconciles(runs: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [
        (
            name,
            *(_cell(run, column) for column in RECONCILE[:4]),
            sum(run["counts"].values()),
            _cell(run, "next"),
        )
        for name, run in runs.items()
    ]
    table("Reconciles", ("name", *RECONCILE), rows, none=False)
    for name, run in runs.items():
        if run["said"]:
            message = printable(run["said"]).removeprefix(f"{name}: ")
            click.echo(f"  {name}: {message}")
